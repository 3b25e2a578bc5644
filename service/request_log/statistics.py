"""Counts, errors and latencies of what the log holds, by endpoint, by model and by hour. Knows tables, not rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Connection,
    Select,
    String,
    Table,
    case,
    column,
    func,
    select,
    true,
    union_all,
    values,
)

from service.request_log.newest import first_id, groups
from service.request_log.tables import KEYS, requests, uses

HOUR = 3_600_000_000  # microseconds
_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Load:
    """What one endpoint or one model did: requests, those answered 4xx or 5xx, and percentiles of the duration."""

    name: str
    requests: int
    errors: int
    p50_us: int
    p95_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class Hour:
    """The load in the hour from ``start``, in microseconds since the epoch, UTC."""

    start: int
    endpoints: tuple[Load, ...]
    models: tuple[Load, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The load over a window, and hour by hour; hours without requests are left out."""

    since: int
    until: int
    endpoints: tuple[Load, ...]
    models: tuple[Load, ...]
    hours: tuple[Hour, ...]


def statistics(connection: Connection, since: int, until: int) -> Statistics:
    """The load of [since, until), microseconds since the epoch; hours begin on the hour, UTC."""
    starts = [max(start, since) for start in range(since - since % HOUR, until, HOUR)]
    hours = list(zip(starts, [*starts[1:], until], strict=True))
    whole = [(since, until)]
    endpoints = _loads(connection, "endpoint", (requests,), whole)
    models = _loads(connection, "model", (requests, uses), whole)
    endpoints_by_hour = _loads(connection, "endpoint", (requests,), hours)
    models_by_hour = _loads(connection, "model", (requests, uses), hours)
    return Statistics(
        since,
        until,
        endpoints.get(since, ()),
        models.get(since, ()),
        tuple(
            Hour(start - start % HOUR, loads, models_by_hour.get(start, ()))
            for start, loads in sorted(endpoints_by_hour.items())
        ),
    )


def _loads(
    connection: Connection, name: str, tables: Sequence[Table], spans: Sequence[tuple[int, int]]
) -> dict[int, tuple[Load, ...]]:
    """The load of each endpoint or model (``name``) in each span of time, by the span's start."""
    span = (
        values(column("start", BigInteger), column("first", String), column("last", String), name="spans")
        .data([(start, first_id(start), first_id(end)) for start, end in spans])
        .cte()
    )
    parts = [part for table in tables if (part := _durations(connection, name, table, span)) is not None]
    if not parts:
        return {}
    each = union_all(*parts).subquery()
    place = [each.c.name, each.c.start]
    ranked = select(
        *[each.c.name, each.c.start, each.c.status, each.c.duration_us],
        func.row_number().over(partition_by=place, order_by=each.c.duration_us).label("rank"),
        func.count().over(partition_by=place).label("total"),
    ).subquery()
    measured = (
        select(
            ranked.c.start,
            ranked.c.name,
            func.count(),
            func.sum(case((ranked.c.status >= 400, 1), else_=0)),
            *[
                func.min(case((ranked.c.rank * 100 >= ranked.c.total * percentile, ranked.c.duration_us)))
                for percentile in _PERCENTILES
            ],
        )
        .group_by(ranked.c.start, ranked.c.name)
        .order_by(ranked.c.start, ranked.c.name)
    )
    loads: dict[int, tuple[Load, ...]] = {}
    for start, *load in connection.execute(measured):
        loads[start] = (*loads.get(start, ()), Load(*load))
    connection.rollback()  # each count is a read of its own: none keeps the WAL from being emptied for long
    return loads


def _durations(connection: Connection, name: str, table: Table, span: CTE) -> Select[Any] | None:
    """What is measured of each row of ``table``, by name and span; None where it has no row that has one.

    The table has an index that holds all that is read here, sorted by its keys and the id: one range of it for each
    group and span, never the rows themselves.
    """
    found = [group for group in connection.execute(groups(table)).mappings() if group[name]]
    if not found:
        return None
    keys = KEYS[table]
    group = (
        values(*[column(key.name, key.type) for key in keys], name=f"groups_of_{table.name}")
        .data([tuple(each.values()) for each in found])
        .cte()
    )
    return (
        select(group.c[name].label("name"), span.c.start, table.c.status, table.c.duration_us)
        .select_from(group.join(span, true()).join(table, true()))
        .where(*[key == group.c[key.name] for key in keys])
        .where(table.c.id >= span.c.first, table.c.id < span.c.last)
    )
