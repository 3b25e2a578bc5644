"""The request log's read side: pages and single rows. Knows no HTTP; its methods block, so call them from a thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import RowMapping

from service.errors import InvalidInput, UnknownRequest
from service.request_log.database import failures_as_unavailable, open_reader, parse_url
from service.request_log.interrupt import Interrupt
from service.request_log.listing import Filters, newest_ids
from service.request_log.quality import Quality, quality
from service.request_log.rows import StoredRow, Summary, as_time, is_id
from service.request_log.statistics import LogStatistics, statistics
from service.request_log.tables import requests

_SHOWN = [requests.c[field.name] for field in fields(Summary)]
_STORED = [requests.c[field.name] for field in fields(StoredRow)]
_BODIES = (
    func.coalesce(func.length(requests.c.request), 0) + func.coalesce(func.length(requests.c.response), 0)
).label("bodies")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first; ``next`` is the ``cursor`` of the page after this one, None where there is none."""

    requests: tuple[Summary, ...]
    next: str | None


class LogReader:
    """Reads beside the writer and never holds it up; a method that cannot read raises :class:`LogUnavailable`."""

    def __init__(self, url: str, *, timeout: float = 5.0, beside_writer: bool = False) -> None:
        """``timeout`` in seconds bounds each read, and the wait for a lock.

        ``beside_writer`` tells that this process writes the log too. Raises :class:`SettingsError` for an unusable
        ``url``.
        """
        self._engine = open_reader(parse_url(url), timeout, beside_writer=beside_writer)
        self._timeout = timeout

    def page(self, filters: Filters, limit: int, cursor: str | None = None) -> Page:
        """At most ``limit`` rows that match, newest first. Raises :class:`InvalidInput` for a made-up cursor."""
        if cursor is not None and not is_id(cursor):
            raise InvalidInput("the cursor is not one that this log gave", code="invalid_cursor")
        with self._reading() as connection:
            ids = newest_ids(connection, filters, limit + 1, cursor)
            statement = select(*_SHOWN).where(requests.c.id.in_(ids[:limit])).order_by(requests.c.id.desc())
            rows = tuple(Summary(**_values(row)) for row in connection.execute(statement).mappings())
        return Page(rows, ids[limit - 1] if len(ids) > limit else None)

    def get(self, request_id: str) -> StoredRow:
        """The row of that id, bodies and all. Raises :class:`UnknownRequest`."""
        rows = self.rows([request_id]) if is_id(request_id) else ()
        if not rows:
            raise UnknownRequest("the request log has no request of that id")
        return rows[0]

    def rows(self, ids: Sequence[str], interrupt: Interrupt | None = None) -> tuple[StoredRow, ...]:
        """The rows of those ids that are there, bodies and all, newest first."""
        with self._reading(interrupt) as connection:
            statement = select(*_STORED).where(requests.c.id.in_(ids)).order_by(requests.c.id.desc())
            return tuple(StoredRow(**_values(row)) for row in connection.execute(statement).mappings())

    def sizes(
        self, filters: Filters, limit: int, cursor: str | None = None, interrupt: Interrupt | None = None
    ) -> list[tuple[str, int]]:
        """Ids and bytes of kept bodies of at most ``limit`` rows that match, newest first, older than ``cursor``."""
        with self._reading(interrupt) as connection:
            ids = newest_ids(connection, filters, limit, cursor)
            statement = select(requests.c.id, _BODIES).where(requests.c.id.in_(ids)).order_by(requests.c.id.desc())
            return [(row.id, row.bodies) for row in connection.execute(statement)]

    def stats(self, since: int, until: int, interrupt: Interrupt | None = None) -> LogStatistics:
        """Counts, errors and latencies of the requests made in [since, until), microseconds since the epoch."""
        with self._reading(interrupt) as connection:
            return statistics(connection, since, until)

    def quality(
        self, since: int | None = None, until: int | None = None, interrupt: Interrupt | None = None
    ) -> Quality:
        """How the models fared with what really came after the requests of [since, until), microseconds."""
        with self._reading(interrupt) as connection:
            return quality(connection, since, until)

    @contextmanager
    def _reading(self, interrupt: Interrupt | None = None) -> Iterator[Connection]:
        """A connection for one read, which is ended by ``interrupt`` or in time: then :class:`Overloaded` is raised."""
        bound = interrupt or Interrupt(self._timeout)
        with failures_as_unavailable(), self._engine.connect() as connection, bound.bounds(connection):
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def _values(row: RowMapping) -> dict[str, Any]:
    return {**row, "time": as_time(row["time"]), "models": tuple(row["models"].split())}
