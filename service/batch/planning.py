"""Divides the input into parts, before anything is answered: no series in two parts, and no id twice.

The parts hang on the input and the horizon alone, so that a run that is taken up again, or one on another engine, has
the same. Of each series eight bytes are kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from service.batch.files import name
from service.batch.job import Part
from service.errors import SettingsError
from service.printable import printable

# Of a part: its series, its values and its answers in memory at once, and what is lost with it.
MOST_SERIES, MOST_VALUES, MOST_ANSWERS = 4096, 2**21, 2**20
_ID = 60  # characters of one in a message

Id = str | int


class Start(NamedTuple):
    """The first row of a series: its id, its place in the file (a row, or of a CSV file a byte), and what is before it.

    ``row`` is how many rows are before it in the file, ``values`` how many values.
    """

    id: Id
    place: int
    row: int
    values: int


class Runs(NamedTuple):
    """The series of one file as they follow each other, and where it ends; ``first`` is its first row's number."""

    file: str
    starts: Callable[[], Iterator[Start]]
    end: Callable[[], int]
    first: int


def parts_of(files: list[Runs], horizon: int) -> tuple[list[Part], int]:
    """The parts of the input, and how many series there are.

    Raises:
        SettingsError: an id comes back after other ids, or there is no series.
    """
    seen = array("q")
    parts: list[Part] = []
    most = max(1, min(MOST_SERIES, MOST_ANSWERS // horizon))
    for each in files:
        began: Start | None = None
        count = 0
        for start in each.starts():
            seen.append(hash(start.id))
            if began is not None and (count == most or start.values - began.values >= MOST_VALUES):
                parts.append(_part(len(parts), each, began, start.place))
                began, count = None, 0
            began = began or start
            count += 1
        if began is not None:
            parts.append(_part(len(parts), each, began, each.end()))
    if not parts:
        raise SettingsError("the input has no rows")
    _require_once(seen, files)
    return parts, len(seen)


def _part(number: int, runs: Runs, began: Start, stop: int) -> Part:
    return Part(number=number, file=runs.file, start=began.place, stop=stop, first=runs.first + began.row)


def _require_once(seen: array[int], files: list[Runs]) -> None:
    """Refuse an id that came twice; those whose hash did are looked at again."""
    hashes = np.sort(np.frombuffer(seen, np.int64))
    twice = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    if not twice:
        return
    before: dict[Id, str] = {}
    for each in files:
        for start in each.starts():
            if hash(start.id) not in twice:
                continue
            if start.id in before:
                where = f"row {each.first + start.row} of {name(each.file)}"
                raise SettingsError(
                    f"the id {printable(str(start.id), _ID)} comes back at {where} after other ids. Each series is to "
                    f"stand in one piece and in one file: sort the input by its id column first, as by "
                    f"duckdb -c \"COPY (FROM 'input.parquet' ORDER BY id, time) TO 'sorted.parquet'\""
                )
            before[start.id] = each.file
