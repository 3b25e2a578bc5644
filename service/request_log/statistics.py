"""Counts, errors and latencies of what the log holds, by endpoint, by model and by hour. Knows tables, not rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, String, Table, case, column, func, select, true, values

from service.request_log.newest import first_id, groups, keys_of
from service.request_log.tables import requests, uses

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
    endpoints = _loads(connection, requests, requests.c.endpoint, whole)
    models = _loads(connection, uses, uses.c.model, whole)
    endpoints_by_hour = _loads(connection, requests, requests.c.endpoint, hours)
    models_by_hour = _loads(connection, uses, uses.c.model, hours)
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
    connection: Connection, table: Table, name: Column[Any], spans: Sequence[tuple[int, int]]
) -> dict[int, tuple[Load, ...]]:
    """The load of each name in each span of time, by the span's start.

    Both tables have an index that holds all that is read here, sorted by (name, ..., status, id): one range of it
    for each name, status and span, never the rows themselves.
    """
    keys = keys_of(table)
    found = list(groups(connection, keys, [None] * len(keys)))
    if not found:
        return {}
    group = values(*[column(key.name, key.type) for key in keys], name="groups").data(found).cte()
    span = (
        values(column("start", BigInteger), column("first", String), column("last", String), name="spans")
        .data([(start, first_id(start), first_id(end)) for start, end in spans])
        .cte()
    )
    place = [group.c[name.name], span.c.start]
    ranked = (
        select(
            group.c[name.name].label("name"),
            span.c.start,
            table.c.status,
            table.c.duration_us,
            func.row_number().over(partition_by=place, order_by=table.c.duration_us).label("rank"),
            func.count().over(partition_by=place).label("total"),
        )
        .select_from(group.join(span, true()).join(table, true()))
        .where(*[table.c[key.name] == group.c[key.name] for key in keys])
        .where(table.c.id >= span.c.first, table.c.id < span.c.last)
        .subquery()
    )
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
