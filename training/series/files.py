"""Reads series from CSV (standard library) or Parquet (extra ``series``): columns, ids and times; repairs nothing."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import to_install
from training.series.panel import RawSeries, SeriesError
from training.series.times import Clock, clock_of

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the series stand: a file, one or more value columns, and optionally an id and a time column."""

    path: Path
    columns: tuple[str, ...]
    id_column: str | None = None
    time_column: str | None = None


def read(source: Source) -> tuple[list[RawSeries], Clock | None]:
    """All series of ``source``, one for each column and id, and what their times are.

    Raises:
        SeriesError: the file or a column is not there, a cell is neither a number nor empty, or a time cannot be read.
    """
    wanted = [*source.columns, *(name for name in (source.id_column, source.time_column) if name)]
    try:
        if source.path.suffix.lower() in (".parquet", ".pq"):
            table = _parquet(source.path, wanted)
        else:
            table = _csv(source.path, wanted)
    except (OSError, UnicodeDecodeError) as error:
        raise SeriesError(f"{source.path.name} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not table[wanted[0]]:
        raise SeriesError(f"{source.path.name} has a header and no rows")
    clock = clock_of(source.time_column, table[source.time_column]) if source.time_column else None
    rows = _rows(source, table)
    found = []
    for column in source.columns:
        values = _numbers(column, table[column])
        for identity, places in rows.items():
            name = ":".join(part for part in (identity, column if len(source.columns) > 1 else "") if part)
            times = None if clock is None else clock.positions[places]
            found.append(RawSeries(name or column, values[places], times))
    return found, clock


def _rows(source: Source, table: dict[str, list[Any]]) -> dict[str, list[int]]:
    """Rows of each id, in the order in which the ids appear."""
    count = len(table[source.columns[0]])
    if source.id_column is None:
        return {"": list(range(count))}
    rows: dict[str, list[int]] = {}
    for row, identity in enumerate(table[source.id_column]):
        if identity is None or not str(identity).strip():
            raise SeriesError(f"row {row + 1} has no {source.id_column}, and so belongs to no series")
        rows.setdefault(str(identity).strip(), []).append(row)
    return rows


def _numbers(column: str, cells: Sequence[Any]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.fromiter((_number(column, row, cell) for row, cell in enumerate(cells)), np.float64, len(cells))


def _number(column: str, row: int, cell: Any) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING):
        return math.nan
    try:
        value = float(cell)
    except (TypeError, ValueError):
        raise SeriesError(
            f"row {row + 1} of column {column} holds no number; numbers such as 12.5, or nothing, are expected"
        ) from None
    if math.isinf(value):
        raise SeriesError(f"row {row + 1} of column {column} is infinite")
    return value


def _csv(path: Path, wanted: Sequence[str]) -> dict[str, list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline().rstrip("\r\n")
        delimiter = max(_DELIMITERS, key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        _require(names, wanted, path)
        places = [names.index(name) for name in wanted]
        table: dict[str, list[Any]] = {name: [] for name in wanted}
        for row, cells in enumerate(_records(file, delimiter, path)):
            if len(cells) < len(names):
                raise SeriesError(f"row {row + 1} of {path.name} has {len(cells)} cells; the header has {len(names)}")
            for name, place in zip(wanted, places, strict=True):
                table[name].append(cells[place])
    return table


def _records(file: Any, delimiter: str, path: Path) -> Iterator[list[str]]:
    try:
        yield from (cells for cells in csv.reader(file, delimiter=delimiter) if cells)
    except csv.Error as error:
        raise SeriesError(f"{path.name} is no CSV: {error}") from error


def _parquet(path: Path, wanted: Sequence[str]) -> dict[str, list[Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise SeriesError(f"reading Parquet needs an extra, CSV none: {to_install('series')}") from error
    try:
        _require(pyarrow.parquet.read_schema(path).names, wanted, path)
        table = pyarrow.parquet.read_table(path, columns=list(dict.fromkeys(wanted)))
    except pyarrow.ArrowException as error:
        raise SeriesError(f"{path.name} is no Parquet file") from error
    return {name: table.column(name).to_pylist() for name in wanted}


def _require(names: Sequence[str], wanted: Sequence[str], path: Path) -> None:
    for name in wanted:
        if name not in names:
            raise SeriesError(f"{path.name} has no column {name!r}; it has {', '.join(names)}")
