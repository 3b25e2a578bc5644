"""The newest ids that match a filter, in a time that does not grow with the log. Knows tables, not rows.

An index sorted by (endpoint, status, id) has the newest ids of each pair at hand, and there are few pairs: step
through the pairs that exist, take the newest ids of each, and merge. A scan that filters would read a million rows
to find three of a rare status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Integer, Select, Table, bindparam, func, select
from sqlalchemy.sql import ColumnElement

from service.request_log.tables import requests, uses

_AFTER_ALL_IDS = "g"


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
    wanted = (
        [filters.endpoint, filters.status] if table is requests else [filters.model, filters.endpoint, filters.status]
    )
    if table is requests and filters.endpoint is None and filters.status is None:
        keys: tuple[Column[Any], ...] = ()
    else:
        keys = keys_of(table)
    first = "" if filters.since is None else first_id(filters.since)
    last = min(before or _AFTER_ALL_IDS, _AFTER_ALL_IDS if filters.until is None else first_id(filters.until))
    window = {"first": first, "last": last, "most": limit}
    newest = _newest(table, keys)
    found: set[str] = set()
    for group in groups(connection, keys, wanted):
        found.update(connection.scalars(newest, {**_named(keys, group), **window}))
    return sorted(found, reverse=True)[:limit]


def first_id(time: int) -> str:
    """The id before which every request was made earlier than ``time``, in microseconds since the epoch."""
    digits = f"{min(max(time // 1000, 0), (1 << 48) - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def keys_of(table: Table) -> tuple[Column[Any], ...]:
    """The columns by which an index of that table is sorted before the id."""
    return tuple(table.c[name] for name in ("model", "endpoint", "status") if name in table.c)


def groups(
    connection: Connection, keys: Sequence[Column[Any]], wanted: Sequence[Any], fixed: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Every combination of values of ``keys`` that exists under the ``wanted`` values (None: any)."""
    if len(fixed) == len(keys):
        yield fixed
        return
    for value in _values(connection, keys, wanted[len(fixed)], fixed):
        yield from groups(connection, keys, wanted, (*fixed, value))


def _values(connection: Connection, keys: Sequence[Column[Any]], wanted: Any, fixed: tuple[Any, ...]) -> Iterator[Any]:
    """The values of the key after the ``fixed`` ones, one index lookup each."""
    key = keys[len(fixed)]
    above, below = (-1, 1000) if key.name == "status" else ("", "\U0010ffff")
    if wanted is not None:
        yield wanted
        if key is not uses.c.model:
            return
        # All versions of a model stand between "name/" and "name0", the next character after "/".
        above, below = f"{wanted}/", f"{wanted}0"
    statement = _step(key, tuple(keys[: len(fixed)]))
    place = _named(keys, fixed)
    while (above := connection.scalar(statement, {**place, "above": above, "below": below})) is not None:
        yield above


# Statements with all values left open: SQLAlchemy builds and compiles each once, not dozens of times for a page.


@cache
def _step(key: Column[Any], fixed: tuple[Column[Any], ...]) -> Select[Any]:
    between = [key > bindparam("above"), key < bindparam("below")]
    return select(func.min(key)).where(*_conditions(fixed), *between)


@cache
def _newest(table: Table, keys: tuple[Column[Any], ...]) -> Select[Any]:
    window = [table.c.id >= bindparam("first"), table.c.id < bindparam("last")]
    ids = select(table.c.id).where(*_conditions(keys), *window)
    return ids.order_by(table.c.id.desc()).limit(bindparam("most", type_=Integer))


def _conditions(keys: Sequence[Column[Any]]) -> Iterator[ColumnElement[bool]]:
    return (key == bindparam(f"of_{key.name}") for key in keys)


def _named(keys: Sequence[Column[Any]], values: Sequence[Any]) -> dict[str, Any]:
    return {f"of_{key.name}": value for key, value in zip(keys, values, strict=False)}
