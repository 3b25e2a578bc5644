"""Series from tables: value columns, ids, times and what else is known of each row; repairs nothing."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.series import tables
from training.series.numbers import numbers, numbers_or_texts
from training.series.panel import RawSeries, SeriesError
from training.series.table import Table
from training.series.times import Clock, clock_of
from training.terminal import name, quoted


@dataclass(frozen=True, slots=True)
class Source:
    """Where the series stand: files, one or more value columns, and optionally an id and a time column.

    Several files are one table, in this order. ``extra`` names columns that are read beside the values, row by row.
    """

    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    id_column: str | None = None
    time_column: str | None = None
    extra: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The file's name, printable; of several the first's, and how many more there are."""
        first, *more = self.paths
        return name(first.name) + (f" and {len(more)} more" if more else "")


def found(patterns: Iterable[str]) -> tuple[Path, ...]:
    """The files that each of ``patterns`` names, where it has * or ? or brackets in the order of their names.

    Raises:
        SeriesError: a pattern fits no file.
    """
    files: dict[Path, None] = {}
    for each in patterns:
        path = Path(each)
        fitting = [path] if path.exists() or not glob.has_magic(each) else sorted(map(Path, glob.glob(each)))
        if not fitting:
            raise SeriesError(f"no file is called like {name(each)}")
        files.update(dict.fromkeys(fitting))
    return tuple(files)


def read(source: Source) -> tuple[Sequence[RawSeries], Clock | None]:
    """All series of ``source``, one for each value column and id, and what their times are.

    Each is made when it is asked for. Each has the ``columns`` of ``source.extra``, row by row: float64 with NaN where
    a cell is missing, or texts with "" where most of a column's cells are no numbers.

    Raises:
        SeriesError: a file or a column is not there, a cell is neither a number nor empty, or a time cannot be read.
    """
    others = [each for each in (source.id_column, source.time_column) if each]
    wanted = list(dict.fromkeys([*source.columns, *others, *source.extra]))
    rows = _Rows([tables.read(path, wanted) for path in source.paths])
    clock = clock_of(source.time_column, rows.joined(source.time_column), rows.at) if source.time_column else None
    values = {each: rows.numbers(each) for each in source.columns}
    extra = {each: numbers_or_texts(each, rows.joined(each), rows.at) for each in source.extra}
    return _Several(values, extra, clock, _places(source.id_column, rows), rows.lines()), clock


class _Several(Sequence[RawSeries]):
    """The series of all value columns and ids, cut out of the columns one at a time."""

    def __init__(
        self,
        values: Mapping[str, NDArray[np.float64]],
        extra: Mapping[str, NDArray[Any]],
        clock: Clock | None,
        places: Mapping[str, NDArray[np.intp]],
        lines: NDArray[np.intp] | None,
    ) -> None:
        self._values, self._extra, self._clock, self._places, self._lines = values, extra, clock, places, lines
        self._keys = [(column, identity) for column in values for identity in places]

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> RawSeries: ...
    @overload
    def __getitem__(self, place: slice) -> list[RawSeries]: ...
    def __getitem__(self, place: int | slice) -> RawSeries | list[RawSeries]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        column, identity = self._keys[place]
        some = self._places[identity]
        title = ":".join(part for part in (identity, column if len(self._values) > 1 else "") if part) or column
        times = None if self._clock is None else self._clock.positions[some]
        lines = None if self._lines is None else self._lines[some]
        beside = {each: cells[some] for each, cells in self._extra.items()}
        return RawSeries(title, self._values[column][some], times, lines, beside)


class _Rows:
    """The rows of several tables, numbered through."""

    def __init__(self, parts: Sequence[Table]) -> None:
        self._parts = parts
        self._ends = [*accumulate(map(len, parts))]

    def at(self, row: int) -> str:
        """Where a row stands, to be read by people."""
        part = int(np.searchsorted(self._ends, row, "right"))
        return self._parts[part].at(row - self._ends[part] + len(self._parts[part]))

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of values; each file may have its own decimal mark."""
        return np.concatenate([numbers(column, each.columns[column], each.at) for each in self._parts])

    def joined(self, column: str) -> Any:
        """A column's cells; as text where files have them in different types."""
        cells = [each.columns[column] for each in self._parts]
        if len({each.type for each in cells}) > 1:
            cells = [each.cast(pa.string()) for each in cells]
        return pa.chunked_array([chunk for each in cells for chunk in each.chunks], cells[0].type)

    def lines(self) -> NDArray[np.intp] | None:
        """The file's line of each row; None where there are several files, or those have none."""
        return None if len(self._parts) > 1 else self._parts[0].lines

    def __len__(self) -> int:
        return self._ends[-1]


def _places(id_column: str | None, rows: _Rows) -> dict[str, NDArray[np.intp]]:
    """The rows of each id, in the order in which the ids appear."""
    if id_column is None:
        return {"": np.arange(len(rows))}
    ids = pc.utf8_trim_whitespace(rows.joined(id_column).cast(pa.string()))
    missing = pc.index(pc.equal(pc.fill_null(ids, ""), ""), True).as_py()
    if missing >= 0:
        raise SeriesError(f"{rows.at(missing)} has no {quoted(id_column)}, the id column, and so belongs to no series")
    coded = ids.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return dict(zip(coded.dictionary.to_pylist(), parts, strict=True))
