"""Series from a table: value columns, ids and times; repairs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.series import tables
from training.series.numbers import numbers
from training.series.panel import RawSeries, SeriesError
from training.series.tables import Table
from training.series.times import Clock, clock_of
from training.terminal import quoted


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
    wanted = [*source.columns, *(each for each in (source.id_column, source.time_column) if each)]
    table = tables.read(source.path, wanted)
    clock = clock_of(source.time_column, table.columns[source.time_column], table.at) if source.time_column else None
    rows = _rows(source, table)
    found = []
    for column in source.columns:
        values = numbers(column, table.columns[column], table.at)
        for identity, places in rows.items():
            name = ":".join(part for part in (identity, column if len(source.columns) > 1 else "") if part)
            times = None if clock is None else clock.positions[places]
            lines = None if table.lines is None else table.lines[places]
            found.append(RawSeries(name or column, values[places], times, lines))
    return found, clock


def _rows(source: Source, table: Table) -> dict[str, list[int]]:
    """Rows of each id, in the order in which the ids appear."""
    if source.id_column is None:
        return {"": list(range(len(table.columns[source.columns[0]])))}
    rows: dict[str, list[int]] = {}
    for row, identity in enumerate(table.columns[source.id_column]):
        if identity is None or not str(identity).strip():
            raise SeriesError(
                f"{table.at(row)} has no {quoted(source.id_column)}, the id column, and so belongs to no series"
            )
        rows.setdefault(str(identity).strip(), []).append(row)
    return rows
