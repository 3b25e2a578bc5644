"""Jobs on record: calls that are answered later. Knows no HTTP and nothing of what is asked and answered.

What changes something is a job for :meth:`LogWriter.run`; what reads blocks, so it belongs in a thread. A job belongs
to whoever took it last, for as long as they say that they are alive: when a process dies another one begins again. What
is kept is bounded in number, in bytes and in age.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from time import time
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from service.errors import JobEnded, JobsFull, UnknownJob
from service.request_log.database import failures_as_unavailable, open_reader, parse_url
from service.request_log.interrupt import Interrupt
from service.request_log.listing import first_id
from service.request_log.tables import jobs

Status = Literal["pending", "running", "succeeded", "failed", "cancelled"]

# Jobs that wait or run, of all clients; and what is kept of those that ended.
MOST_WAITING, MOST_KEPT = 100, 1000
MOST_BYTES = 256 * 1024 * 1024
KEPT_SECONDS = 7 * 86_400.0
# A job whose runner has said nothing for so long has none any more; and one that took so many with it has failed.
SILENT_SECONDS, MOST_ATTEMPTS = 10.0, 3
_OPEN = ("pending", "running")
_TOO_DEADLY = "whoever answered it ended before there was an answer, each time"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is on record; see the columns of ``tables.jobs``."""

    id: str
    client: str
    endpoint: str
    status: Status
    seconds: float | None
    attempts: int
    error: str | None
    body: bytes | None


_JOB = [jobs.c[field.name] for field in fields(Job)]
_ENDED = jobs.c.status.not_in(_OPEN)


def enter(job: Job) -> Callable[[Connection], None]:
    """A job that puts ``job`` on record, and forgets old ones; raises :class:`JobsFull`."""

    def entered(connection: Connection) -> None:
        _forget(connection)
        size = len(job.body or b"")
        waiting, held = connection.execute(
            select(func.count(), func.coalesce(func.sum(jobs.c.size), 0)).where(jobs.c.status.in_(_OPEN))
        ).one()
        if waiting >= MOST_WAITING or held + size > MOST_BYTES:
            raise JobsFull("as many jobs wait as may; try again in a moment")
        values = {name: getattr(job, name) for name in Job.__slots__}
        connection.execute(insert(jobs).values(**values, size=size, alive=_now()))

    return entered


def take(connection: Connection) -> Job | None:
    """The next job that nobody runs, which belongs to the caller from now on; None where there is none."""
    while True:
        nobodys = (jobs.c.status == "pending") | _silent()
        found = select(*_JOB).where(nobodys).order_by(jobs.c.id).limit(1).with_for_update(skip_locked=True)
        row = connection.execute(found).one_or_none()
        if row is None:
            return None
        job = Job(*row)
        if job.attempts < MOST_ATTEMPTS:
            mine = {"status": "running", "attempts": job.attempts + 1, "alive": _now()}
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(**mine))
            return Job(job.id, job.client, job.endpoint, "running", job.seconds, job.attempts + 1, None, job.body)
        _end(connection, jobs.c.id == job.id, "failed", error=_TOO_DEADLY)


def keep(job: Job) -> Callable[[Connection], bool]:
    """A job that says that ``job`` is being run; whether it still belongs to the caller."""
    return lambda connection: connection.execute(update(jobs).where(*_its(job)).values(alive=_now())).rowcount > 0


def release(job: Job) -> Callable[[Connection], None]:
    """A job that gives ``job`` back untried: it is for whoever takes it next."""

    def released(connection: Connection) -> None:
        values = {"status": "pending", "attempts": job.attempts - 1}
        connection.execute(update(jobs).where(*_its(job)).values(**values))

    return released


def end(job: Job, status: Status, body: bytes | None = None, error: str | None = None) -> Callable[[Connection], bool]:
    """A job that says what came of ``job``; whether it still belonged to the caller, else nothing is changed."""
    return lambda connection: _end(connection, _its(job), status, body, error)


def cancel(client: str, identity: str) -> Callable[[Connection], None]:
    """A job that cancels the one of that id; raises :class:`UnknownJob`, or :class:`JobEnded`."""

    def cancelled(connection: Connection) -> None:
        its = (jobs.c.id == identity, jobs.c.client == client)
        if not _end(connection, (*its, jobs.c.status.in_(_OPEN)), "cancelled"):
            found = connection.scalar(select(jobs.c.status).where(*its))
            if found is None:
                raise _unknown()
            raise JobEnded(f"the job has {found if found != 'cancelled' else 'been cancelled'} already")

    return cancelled


def remove(condition: ColumnElement[bool]) -> Callable[[Connection], int]:
    """A job that deletes those for which ``condition`` holds; how many."""
    return lambda connection: connection.execute(delete(jobs).where(condition)).rowcount


class JobReader:
    """Reads beside the writer and never holds it up; a method that cannot read raises :class:`LogUnavailable`."""

    def __init__(self, url: str, *, timeout: float, beside_writer: bool = False) -> None:
        """As of :class:`LogReader`."""
        self._engine = open_reader(parse_url(url), timeout, beside_writer=beside_writer)
        self._timeout = timeout

    def get(self, client: str, endpoint: str, identity: str) -> Job:
        """The job of that id; raises :class:`UnknownJob`."""
        its = (jobs.c.id == identity, jobs.c.client == client, jobs.c.endpoint == endpoint)
        with self._reading() as connection:
            row = connection.execute(select(*_JOB).where(*its)).one_or_none()
        if row is None:
            raise _unknown()
        return Job(*row)

    def any_wait(self) -> bool:
        """Whether there is a job that nobody runs."""
        with self._reading() as connection:
            found = select(jobs.c.id).where((jobs.c.status == "pending") | _silent()).limit(1)
            return connection.scalar(found) is not None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        bound = Interrupt(self._timeout)
        with failures_as_unavailable(), self._engine.connect() as connection, bound.bounds(connection):
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def _its(job: Job) -> tuple[ColumnElement[bool], ...]:
    """What holds of ``job`` for as long as it belongs to who took it."""
    return jobs.c.id == job.id, jobs.c.status == "running", jobs.c.attempts == job.attempts


def _silent() -> ColumnElement[bool]:
    return (jobs.c.status == "running") & (jobs.c.alive < _now() - round(SILENT_SECONDS * 1e6))


def _end(connection: Connection, its: Any, status: Status, body: bytes | None = None, error: str | None = None) -> bool:
    where = its if isinstance(its, tuple) else (its,)
    values = {"status": status, "body": body, "error": error, "size": len(body or b"")}
    return connection.execute(update(jobs).where(*where).values(**values)).rowcount > 0


def _forget(connection: Connection) -> None:
    """Delete what ended and is too old, or beyond what is kept, the oldest first."""
    connection.execute(delete(jobs).where(_ENDED, jobs.c.id < first_id(_now() - round(KEPT_SECONDS * 1e6))))
    newest = connection.execute(select(jobs.c.id, jobs.c.size).where(_ENDED).order_by(jobs.c.id.desc())).all()
    held = 0
    for place, (identity, size) in enumerate(newest):
        held += size
        if place >= MOST_KEPT or held > MOST_BYTES:
            connection.execute(delete(jobs).where(_ENDED, jobs.c.id <= identity))
            return


def _now() -> int:
    return round(time() * 1e6)


def _unknown() -> UnknownJob:
    return UnknownJob("there is no job of that id; those that ended are kept for a week at the most")
