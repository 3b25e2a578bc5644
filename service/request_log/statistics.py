"""Counts, errors and latencies of what the log holds, by endpoint, by model and by hour. Knows tables, not rows.

Percentiles come from counts in buckets of the duration, so that the memory of a read does not grow with the log: to
sort all durations would take some hundred bytes for each.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, literal_column, select
from sqlalchemy.engine import RowMapping

from service.request_log.listing import first_id, groups
from service.request_log.rows import as_time
from service.request_log.tables import KEYS, requests, uses

HOUR = 3_600_000_000  # microseconds
_PERCENTILES = (50, 95, 99)
# Upper ends of the buckets in microseconds, four to each doubling, from 32 us to two minutes.
_ENDS = tuple(dict.fromkeys(round(2 ** (place / 4)) for place in range(20, 109)))


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of one endpoint or model, those answered 4xx or 5xx, and percentiles of the duration in us.

    The percentiles come from buckets of the duration, a fifth wide, and are mostly far closer.
    """

    name: str
    requests: int
    errors: int
    p50_us: int
    p95_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class Hour:
    """The load in one hour, UTC."""

    start: datetime
    endpoints: tuple[Load, ...]
    models: tuple[Load, ...]


@dataclass(frozen=True, slots=True)
class LogStatistics:
    """The load over a window, and hour by hour; hours without requests are left out."""

    since: datetime
    until: datetime
    endpoints: tuple[Load, ...]
    models: tuple[Load, ...]
    hours: tuple[Hour, ...]


def statistics(connection: Connection, since: int, until: int) -> LogStatistics:
    """The load of [since, until), microseconds since the epoch; hours begin on the hour, UTC."""
    starts = [max(start, since) for start in range(since - since % HOUR, until, HOUR)]
    endpoints: _Durations = defaultdict(_Duration)
    models: _Durations = defaultdict(_Duration)
    hours = []
    for start, end in zip(starts, [*starts[1:], until], strict=True):
        endpoints_of_hour: _Durations = defaultdict(_Duration)
        models_of_hour: _Durations = defaultdict(_Duration)
        for table in (requests, uses):
            for group, duration in _measured(connection, table, start, end):
                if table is requests:
                    endpoints_of_hour[group["endpoint"]].add(duration)
                if group["model"]:
                    models_of_hour[group["model"]].add(duration)
        connection.rollback()  # each hour is a read of its own: none keeps the WAL from being emptied for long
        for whole, of_hour in ((endpoints, endpoints_of_hour), (models, models_of_hour)):
            for name, duration in of_hour.items():
                whole[name].add(duration)
        if endpoints_of_hour:
            hours.append(Hour(as_time(start - start % HOUR), _loads(endpoints_of_hour), _loads(models_of_hour)))
    return LogStatistics(as_time(since), as_time(until), _loads(endpoints), _loads(models), tuple(hours))


@dataclass(slots=True)
class _Duration:
    """Durations of some requests: how many, how many of them errors, the extremes, and how many below each end."""

    requests: int = 0
    errors: int = 0
    least: int = 1 << 63
    most: int = 0
    below: list[int] = field(default_factory=lambda: [0] * len(_ENDS))

    def add(self, other: _Duration) -> None:
        self.requests += other.requests
        self.errors += other.errors
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        self.below = [ours + theirs for ours, theirs in zip(self.below, other.below, strict=True)]

    def percentile(self, percent: int) -> int:
        """By nearest rank; within its bucket a rank stands for as much of the width."""
        rank = -(-self.requests * percent // 100)
        place = bisect_left(self.below, rank)
        if place == len(_ENDS):
            return self.most
        first, last = (_ENDS[place - 1] if place else 0), _ENDS[place]
        before = self.below[place - 1] if place else 0
        inside = (rank - before) / (self.below[place] - before)
        return min(max(round(first + inside * (last - first)), self.least), self.most)


_Durations = defaultdict[str, _Duration]


def _loads(durations: _Durations) -> tuple[Load, ...]:
    return tuple(
        Load(name, each.requests, each.errors, *[each.percentile(percent) for percent in _PERCENTILES])
        for name, each in sorted(durations.items())
    )


def _measured(connection: Connection, table: Table, start: int, end: int) -> Iterator[tuple[RowMapping, _Duration]]:
    """The durations of each group of ``table`` that has a row in [start, end).

    The table has an index that holds all that is read here, sorted by its keys and the id: one range of it for each
    group, never the rows themselves.
    """
    window = {"first": first_id(start), "last": first_id(end)}
    for group in connection.execute(_counts(table), window).mappings():
        if group["counts"] is not None:
            number, least, most, *below = map(int, group["counts"].split())
            yield group, _Duration(number, number if group["status"] >= 400 else 0, least, most, below)


@cache
def _counts(table: Table) -> Select[Any]:
    """All counts of a group as one text: a subquery has one column, and to sort by groups takes memory for each row."""
    below = [f"count(*) FILTER (WHERE duration_us < {end})" for end in _ENDS]
    counts = " || ' ' || ".join(["count(*)", "min(duration_us)", "max(duration_us)", *below])
    group = groups(table).cte("group")
    of_group = [key == group.c[key.name] for key in KEYS[table]]
    window = [table.c.id >= bindparam("first"), table.c.id < bindparam("last")]
    of_each: Select[Any] = select(literal_column(f"CASE WHEN count(*) > 0 THEN {counts} END")).select_from(table)
    return select(*group.c, of_each.where(*of_group, *window).correlate(group).scalar_subquery().label("counts"))
