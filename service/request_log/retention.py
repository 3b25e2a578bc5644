"""Forgetting: old rows, or all of one client, piece by piece so that no answer waits long. Knows no HTTP.

SQLite overwrites what is deleted (``secure_delete``), and emptying the WAL afterwards removes what it still held.
PostgreSQL frees the bytes at its next vacuum.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic, time

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.sql import ColumnElement

from service.errors import LogUnavailable
from service.request_log.jobs import remove
from service.request_log.listing import first_id
from service.request_log.streams import remove_some
from service.request_log.tables import jobs, outcomes, requests, scores, uses
from service.request_log.writer import LogWriter

_ROWS = 200  # of one transaction: some milliseconds
_DAY_SECONDS = 86_400
_PAUSE_SECONDS = 600.0
_SUSPICIOUS_DAYS = 7.0  # without any request

log = logging.getLogger(__name__)


async def delete_before(writer: LogWriter, time: int) -> int:
    """Delete all requests made before ``time``, in microseconds since the epoch; how many.

    Jobs that were asked for before go too. Raises :class:`LogUnavailable` when the database fails; what was deleted
    until then stays deleted.
    """
    await writer.run(remove(jobs.c.id < first_id(time)))
    return await _delete(writer, requests.c.id < first_id(time))


async def delete_client(writer: LogWriter, client: str) -> int:
    """Delete all requests, streams and jobs of that client (the id of its API key); how many, values included.

    Raises like :func:`delete_before`.
    """
    of_streams = 0
    while deleted := await writer.run(remove_some(client)):
        of_streams += deleted
    of_jobs = await writer.run(remove(jobs.c.client == client))
    return of_streams + of_jobs + await _delete(writer, requests.c.client == client)


async def forget_old(
    writer: LogWriter, keep_days: float, *, pause: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Delete what is older than ``keep_days``, now and after each ``pause``; runs until it is cancelled.

    A clock that jumped makes everything look old. So nothing is deleted in the first day after a gap of a week in the
    log, whatever has been logged since, nor in the first day that this process sees one.
    """
    seen: float | None = None
    while True:
        now = time()
        try:
            before = await writer.run(_newest_before(now - _DAY_SECONDS))
            gap = 0.0 if before is None else (now - before) / _DAY_SECONDS - 1
            if gap <= _SUSPICIOUS_DAYS:
                seen = None
            elif seen is None:
                seen = monotonic()
                log.warning(
                    "nothing is deleted for a day: by the clock, the log has no request of the %.0f days before "
                    "yesterday. If the clock is right, DELETE /requests?before=... deletes at once",
                    gap,
                )
            if seen is None or monotonic() - seen >= _DAY_SECONDS:
                deleted = await delete_before(writer, round((now - keep_days * _DAY_SECONDS) * 1e6))
                if deleted:
                    log.info("%d requests older than %g days deleted", deleted, keep_days)
        except LogUnavailable as failure:
            log.warning("old requests could not be deleted yet: %s", failure.detail)
        await pause(_PAUSE_SECONDS)


def _newest_before(seconds: float) -> Callable[[Connection], float | None]:
    """A job that says when the last request before a time was made; both in seconds since the epoch."""
    newest = select(requests.c.time).where(requests.c.id < first_id(round(seconds * 1e6)))
    newest = newest.order_by(requests.c.id.desc()).limit(1)

    def job(connection: Connection) -> float | None:
        found = connection.scalar(newest)
        return None if found is None else found / 1e6

    return job


async def _delete(writer: LogWriter, condition: ColumnElement[bool]) -> int:
    total = 0
    while deleted := await writer.run(_some(condition)):
        total += deleted
    await writer.empty_wal()  # with nothing deleted too: an earlier time may have been refused this
    return total


def _some(condition: ColumnElement[bool]) -> Callable[[Connection], int]:
    """A job that deletes the oldest rows that match, with all that hangs on them, and says how many."""
    keys = [column for column in uses.primary_key if column.name != "model"]

    def job(connection: Connection) -> int:
        oldest = select(requests.c.models, *[requests.c[key.name] for key in keys])
        rows = connection.execute(oldest.where(condition).order_by(requests.c.id).limit(_ROWS)).mappings().all()
        if not rows:
            return 0
        # ``uses`` is sorted by model: its rows are found by the whole key, not by the id alone. A single model has one
        # too where a replica of an earlier release went on writing.
        used = [
            {"of_model": model, **{f"of_{key.name}": row[key.name] for key in keys}}
            for row in rows
            for model in set(row["models"].split())
        ]
        if used:
            whole_key = [column == bindparam(f"of_{column.name}") for column in uses.primary_key]
            connection.execute(delete(uses).where(*whole_key), used)
        ids = [row["id"] for row in rows]
        for table in (scores, outcomes, requests):
            connection.execute(delete(table).where(table.c.id.in_(ids)))
        return len(rows)

    return job
