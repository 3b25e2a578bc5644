"""The newest ids that match a filter, in a time that does not grow with the log. Knows tables, not rows.

An index sorted by (endpoint, status, model, id) has the newest ids of each such group at hand, and there are few
groups: find those that exist, and take the newest ids of those that have the newest. A scan that filters would read
a million rows to find three of a rare status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CTE, Column, Connection, Integer, Select, Table, bindparam, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.sql import ColumnElement, FromClause

from service.request_log.tables import KEYS, requests, uses

AFTER_ALL_IDS = "g"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a listing is limited to. Times are microseconds since the epoch; a millisecond is told apart, no less."""

    endpoint: str | None = None
    model: str | None = None  # "sine-gru" for any version, or "sine-gru/1"
    status: int | None = None
    since: int | None = None  # first time that belongs
    until: int | None = None  # first time that no longer belongs

    def takes(self, group: RowMapping) -> bool:
        """Whether requests of that endpoint, status and model belong, at any time."""
        model = group["model"]  # empty where nobody or several had a part
        return (
            self.endpoint in (None, group["endpoint"])
            and self.status in (None, group["status"])
            and (self.model is None or (model != "" and f"{model}/".startswith(f"{self.model}/")))
        )


def newest_ids(connection: Connection, filters: Filters, limit: int, before: str | None) -> list[str]:
    """At most ``limit`` ids that match, newest first, all of them older than the id ``before``."""
    first = "" if filters.since is None else first_id(filters.since)
    last = min(before or AFTER_ALL_IDS, AFTER_ALL_IDS if filters.until is None else first_id(filters.until))
    window = {"first": first, "last": last, "most": limit}
    if (filters.endpoint, filters.status, filters.model) == (None, None, None):
        return list(connection.scalars(_newest(requests, ()), window))
    tables = (requests,) if filters.model is None else (requests, uses)  # by endpoint and status each request once
    found = [
        (group["newest"], table, group)
        for table in tables
        for group in connection.execute(_newest_of_each(table), window).mappings()
        if group["newest"] is not None and filters.takes(group)
    ]
    ids: list[str] = []
    for newest, table, group in sorted(found, key=lambda each: str(each[0]), reverse=True):
        if len(ids) == limit:
            if newest <= ids[-1]:
                break
            window["first"] = ids[-1]
        of_group = {f"of_{key.name}": group[key.name] for key in KEYS[table]}
        more = connection.scalars(_newest(table, KEYS[table]), {**of_group, **window})
        ids = sorted({*ids, *more}, reverse=True)[:limit]
    return ids


def first_id(time: int) -> str:
    """The id before which every request was made earlier than ``time``, in microseconds since the epoch."""
    digits = f"{min(max(time // 1000, 0), (1 << 48) - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"


# Statements with all values left open: SQLAlchemy builds and compiles each once, not dozens of times for a page.


@cache
def groups(table: Table) -> Select[Any]:
    """A statement for all groups that exist, one index lookup for each.

    Neither database skips from one value of an index to the next by itself, but a recursive query does: here one for
    each key, which adds its values to those of the keys before it.
    """
    first, *others = KEYS[table]
    found = _values(first, select(func.min(first).label(first.name)), [])
    for key in others:
        fixed = found.c.keys()
        least = select(func.min(key)).where(*_equal(table, found, fixed)).correlate(found).scalar_subquery()
        found = _values(key, select(*found.c, least.label(key.name)), fixed)
    return select(*found.c)


def _values(key: Column[Any], least: Select[Any], fixed: Sequence[str]) -> CTE:
    """All values of ``key`` that go with those of the keys before it, ``fixed``; ``least`` selects the first."""
    each = least.cte(f"each_{key.name}", recursive=True)
    of_same = _equal(key.table, each, fixed)
    following = select(func.min(key)).where(*of_same, key > each.c[key.name]).correlate(each).scalar_subquery()
    each = each.union_all(select(*[each.c[name] for name in fixed], following).where(each.c[key.name].is_not(None)))
    return select(*each.c).where(each.c[key.name].is_not(None)).cte(f"each_{key.name}_found")


@cache
def _newest_of_each(table: Table) -> Select[Any]:
    group = groups(table).cte("group")
    of_group = _equal(table, group, group.c.keys())
    newest = select(func.max(table.c.id)).where(*of_group, *_window(table)).correlate(group).scalar_subquery()
    return select(*group.c, newest.label("newest"))


@cache
def _newest(table: Table, keys: tuple[Column[Any], ...]) -> Select[Any]:
    of_group = [key == bindparam(f"of_{key.name}") for key in keys]
    ids = select(table.c.id).where(*of_group, *_window(table))
    return ids.order_by(table.c.id.desc()).limit(bindparam("most", type_=Integer))


def _equal(table: FromClause, group: CTE, names: Iterable[str]) -> list[ColumnElement[bool]]:
    return [table.c[name] == group.c[name] for name in names]


def _window(table: Table) -> list[ColumnElement[bool]]:
    return [table.c.id >= bindparam("first"), table.c.id < bindparam("last")]
