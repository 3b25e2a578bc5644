"""Tables from CSV: cells are counted, and what could be read in two ways is refused with its line.

Records are those of Python's ``csv`` in its strict mode. pandas takes a line that is cut off for one with gaps, and it
and pyarrow take text after a closing quotation mark for more of the cell: of a damaged file they would make a series.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from training.series.panel import SeriesError
from training.series.table import Table, normal, places

_DELIMITERS = (",", ";", "\t", "|")
# Excel's own way to say what separates the cells, on the first line, which has at most so many characters then.
_SAID, _MARK = re.compile(r'sep=([^ "\r\n])\r?\n'), 7
_ROWS = 65_536  # of cells that are Python's at one time


def read(file: str, data: bytes, encoding: str, wanted: Sequence[str]) -> Table:
    """The columns ``wanted`` of ``data``, as text.

    Raises:
        SeriesError: it is no CSV, or a column is not there exactly once.
    """

    def opened() -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")

    records, names = _header(file, opened, wanted)
    found = places(file, names, wanted)
    rows = _rows(file, records, len(names))
    chunks: dict[str, list[Any]] = {each: [] for each in wanted}
    numbers = [np.empty(0, np.intp)]
    while some := list(itertools.islice(rows, _ROWS)):
        numbers.append(np.fromiter((line for line, _ in some), np.intp, len(some)))
        for each, place in found.items():
            chunks[each].append(pa.array([cells[place] for _, cells in some], pa.string()))
    columns = {each: pa.chunked_array(parts, pa.string()) for each, parts in chunks.items()}
    return Table(file, columns, np.concatenate(numbers))


def _rows(file: str, records: Iterator[tuple[int, list[str]]], count: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with its line; blank lines at the end of a file say nothing, before further rows they may."""
    blank: list[tuple[int, list[str]]] = []
    for line, cells in records:
        if "".join(cells).strip() == "":
            blank.append((line, cells))
            continue
        if len(cells) == count and not blank:  # as almost all are
            yield line, cells
            continue
        for each in (*_rows_of_gaps(file, blank, count), (line, cells)):
            _require_count(file, *each, count)
            yield each
        blank.clear()


def _header(
    file: str, opened: Callable[[], io.TextIOWrapper], wanted: Sequence[str]
) -> tuple[Iterator[tuple[int, list[str]]], list[str]]:
    """The records that follow the header, and its names: by the delimiter that gives most of those that are wanted."""
    said = _SAID.fullmatch(opened().readline(_MARK))
    found: dict[str, list[str]] = {}
    refused: SeriesError | None = None
    for delimiter in (said[1],) if said else _DELIMITERS:
        try:
            found[delimiter] = _names(_records(file, opened(), delimiter, bool(said)))
        except SeriesError as error:
            refused = refused or error
    if not found and refused is not None:
        raise refused
    best = max(found, key=lambda each: (len(set(found[each]) & set(map(normal, wanted))), len(found[each])))
    records = _records(file, opened(), best, bool(said))
    return records, _names(records)


def _names(records: Iterator[tuple[int, list[str]]]) -> list[str]:
    """The first record that is not blank; a column without a name at its end is none."""
    names = next((cells for _, cells in records if any(cell.strip() for cell in cells)), [])
    names = [normal(each) for each in names]
    while names and not names[-1]:
        names.pop()
    return names


def _records(file: str, lines: io.TextIOWrapper, delimiter: str, above: bool) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins; ``above`` the first may stand one that says what separates."""
    if above:
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            why = "a quotation mark is never closed" if "unexpected end" in str(error) else str(error)
            raise SeriesError(f"line {line} of {file} is no CSV: {why}") from error
        if cells is None:
            return
        yield line, cells


def _rows_of_gaps(file: str, blank: Sequence[tuple[int, list[str]]], count: int) -> list[tuple[int, list[str]]]:
    """Of blank records amid a file those that are rows without values."""
    for line, cells in blank:
        if count == 1 and not cells:
            raise SeriesError(
                f"line {line} of {file} is blank: write NA where a value is missing, or delete the line where none is"
            )
    return [(line, cells) for line, cells in blank if count == 1 or len(cells) > 1]


def _require_count(file: str, line: int, cells: Sequence[str], count: int) -> None:
    if len(cells) < count or any(cell.strip() for cell in cells[count:]):
        raise SeriesError(
            f"line {line} of {file} has {len(cells)} cells; the header has {count}. Cells that hold the separator, "
            "such as a decimal comma among commas, need quotation marks"
        )
