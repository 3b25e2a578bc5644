"""The newest ids that match a filter, in a time that does not grow with the log. Knows tables, not rows.

An index sorted by (endpoint, status, id) has the newest ids of each pair at hand, and there are few pairs: step
through the pairs that exist, take the newest ids of each, and merge. A scan that filters would read a million rows
to find three of a rare status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, func, select
from sqlalchemy.sql import ColumnElement

from service.request_log.tables import requests, uses


@dataclass(frozen=True, slots=True)
class Filters:
    """What a listing is limited to. Times are microseconds since the epoch; a millisecond is told apart, no less."""

    endpoint: str | None = None
    model: str | None = None  # "sine-gru" for any version, or "sine-gru/1"
    status: int | None = None
    since: int | None = None  # first time that belongs
    until: int | None = None  # first time that no longer belongs


def newest_ids(connection: Connection, filters: Filters, limit: int, before: str | None) -> list[str]:
    """At most ``limit`` ids that match, newest first, all of them older than the id ``before``."""
    table = requests if filters.model is None else uses
    wanted: list[tuple[Column[Any], Any]] = [(table.c.endpoint, filters.endpoint), (table.c.status, filters.status)]
    if table is uses:
        wanted.insert(0, (uses.c.model, filters.model))
    elif filters.endpoint is None and filters.status is None:
        wanted = []
    found: set[str] = set()
    for group in _groups(connection, table, wanted, ()):
        statement = select(table.c.id).where(*group, *_window(table, filters, before)).order_by(table.c.id.desc())
        found.update(connection.scalars(statement.limit(limit)))
    return sorted(found, reverse=True)[:limit]


def first_id(time: int) -> str:
    """The id before which every request was made earlier than ``time``, in microseconds since the epoch."""
    digits = f"{min(max(time // 1000, 0), (1 << 48) - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _window(table: Table, filters: Filters, before: str | None) -> Iterator[ColumnElement[bool]]:
    if filters.since is not None:
        yield table.c.id >= first_id(filters.since)
    if filters.until is not None:
        yield table.c.id < first_id(filters.until)
    if before is not None:
        yield table.c.id < before


def _groups(
    connection: Connection,
    table: Table,
    wanted: Sequence[tuple[Column[Any], Any]],
    fixed: tuple[ColumnElement[bool], ...],
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Every combination of values that exists under the ``wanted`` columns, as conditions."""
    if not wanted:
        yield fixed
        return
    (column, value), *rest = wanted
    for each in _values(connection, column, value, fixed):
        yield from _groups(connection, table, rest, (*fixed, column == each))


def _values(
    connection: Connection, column: Column[Any], value: Any, fixed: tuple[ColumnElement[bool], ...]
) -> Iterator[Any]:
    if value is None:
        yield from steps(connection, column, *fixed)
        return
    yield value
    if column is uses.c.model:
        # All versions of a model stand between "name/" and "name0", the next character after "/".
        versions = and_(column > f"{value}/", column < f"{value}0")
        yield from steps(connection, column, *fixed, versions)


def steps(connection: Connection, column: Column[Any], *fixed: ColumnElement[bool]) -> Iterator[Any]:
    """The different values of ``column`` where ``fixed`` holds, one index lookup each."""
    smallest = select(func.min(column)).where(*fixed)
    value = connection.scalar(smallest)
    while value is not None:
        yield value
        value = connection.scalar(smallest.where(column > value))
