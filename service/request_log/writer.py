"""The request log's write side: answers wait here until their rows are committed. Knows no HTTP and no SQL.

Group commit without a timer: the :mod:`service.request_log.writing_thread` commits everything that waits as one
transaction and wakes all waiters at once; the next batch gathers meanwhile. Here are bounds, deadlines and counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal, TypeVar, cast

from sqlalchemy import Connection

from service.errors import LogFull, LogUnavailable
from service.request_log import writing_thread
from service.request_log.appending import Append
from service.request_log.committer import Committer
from service.request_log.database import Durability
from service.request_log.queue import Entry, Job, Queue, Written, answer
from service.request_log.rows import Bodies, Row
from service.telemetry.metrics import LogNumbers

T = TypeVar("T")
_LOCK_SHARE = 0.8  # of the deadline, for the wait for the database's lock
_WAL_ATTEMPTS = 25  # a fifth of a second each
_NOT_OPEN = LogUnavailable("the request log is not open")

log = logging.getLogger(__name__)


class LogWriter:
    """One per process. All methods are for the event loop's thread."""

    def __init__(
        self,
        url: str,
        *,
        durability: Durability,
        bodies: Bodies,
        body_limit: int,
        queue_rows: int,
        queue_bytes: int,
        on_failure: Literal["refuse", "serve"],
        commit_timeout: float,
    ) -> None:
        """Sizes in bytes, ``commit_timeout`` in seconds. Raises :class:`SettingsError` for an unusable ``url``."""
        # The thread's verdict must come before the deadline: a row should not be committed after its caller gave up.
        self._committer = Committer(url, durability, bodies, body_limit, _LOCK_SHARE * commit_timeout)
        self._queue_rows, self._queue_bytes = queue_rows, queue_bytes
        self._serve = on_failure == "serve"
        self._timeout = commit_timeout
        self._loop: asyncio.AbstractEventLoop
        self._stopped: asyncio.Event
        self._takes_rows: asyncio.Event
        self._queue = Queue()  # all that is shared with the thread; what follows is the event loop's own
        self._failure: LogUnavailable | None = _NOT_OPEN
        self._deadlines: deque[tuple[float, Entry]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._rows = self._bytes = 0
        self._committed = self._skipped = self._commits = 0
        self._commit_seconds = 0.0
        self.last_commit_seconds = 0.0
        self._callbacks: list[Callable[[], None]] = []

    @property
    def ready(self) -> bool:
        """Whether a row would be taken now, as far as the last attempt tells."""
        return self._failure is None

    @property
    def stats(self) -> LogNumbers:
        """How much waits and how much was done."""
        return LogNumbers(self._rows, self._bytes, self._committed, self._skipped, self._commits, self._commit_seconds)

    async def start(self) -> None:
        """Start the thread and wait for its first attempt; while the database fails, ``ready`` stays false."""
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._takes_rows = asyncio.Event()
        first: asyncio.Future[object] = self._loop.create_future()
        self._queue.add_job(Job(partial(self._committer.commit, ()), first))
        writing_thread.start(self._queue, self._committer, self, self._loop.call_soon_threadsafe, name="request-log")
        try:
            await first
        except LogUnavailable:
            log.warning("the request log starts without its database")
        else:
            await self.wait_ready()

    @property
    def writing(self) -> bool:
        """Whether rows are being committed, or will be next."""
        return self._rows > 0 and self._failure is None

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, when the transaction under way has ended, well or not."""
        self._callbacks.append(callback)

    async def wait_ready(self) -> None:
        """Return when a row would be taken."""
        await self._takes_rows.wait()

    async def close(self) -> None:
        """Commit everything accepted, then stop. While the database fails, what waits is given up and counted."""
        self._queue.close()
        await self._stopped.wait()

    async def wait_stopped(self) -> None:
        """Return when the thread has ended: after :meth:`close`, or because it died."""
        await self._stopped.wait()

    def admit(self) -> None:
        """Raise :class:`LogUnavailable` or :class:`LogFull` if a row could not be taken now; cheap, before any work."""
        if not self._serve and (failure := self._failure or self._lack_of_room()):
            raise type(failure)(failure.detail)

    async def record(self, row: Row) -> None:
        """Return when ``row`` is committed. A caller that is cancelled leaves its row behind, until the deadline.

        Raises :class:`LogUnavailable` when the database fails or the deadline passes, :class:`LogFull` at the
        bound of the queue; with ``on_failure="serve"`` such a row is counted as skipped instead.
        """
        waiter: asyncio.Future[None] = self._loop.create_future()
        self.enter([(row, waiter)])
        await waiter

    def enter(self, rows: Sequence[tuple[Row, asyncio.Future[None]]]) -> None:
        """Queue rows; each waiter is told when its row is committed, or gets the error as in :meth:`record`."""
        entry = Entry([], 0, [])
        for row, waiter in rows:
            failure = self._failure or self._lack_of_room()
            if failure is not None:
                self._tell_waiter(waiter, failure)
                continue
            self._put_in(entry, row)
            entry.waiters.append(waiter)
        self._put(entry)

    async def append(self, appends: Sequence[Append]) -> list[LogUnavailable | None]:
        """Queue ``appends`` for one transaction, and say when it has ended why each is not on record, None where it is.

        That is :class:`AppendLost` where the stream is not as the append takes it to be, else the errors of
        :meth:`record`, whatever ``on_failure`` says: values that are not on record would be lost.
        """
        if not appends:
            return []
        if (failure := self._failure or self._lack_of_room()) is not None:
            return [failure] * len(appends)
        waiter: asyncio.Future[list[LogUnavailable | None] | None] = self._loop.create_future()
        entry = Entry([], 0, [waiter], needed=True)
        for each in appends:
            self._put_in(entry, each)
        self._put(entry)
        return await waiter or [None] * len(appends)

    def note(self, row: Row) -> None:
        """Queue ``row`` without waiting for it; at the bound of the queue it is counted as skipped."""
        if self._lack_of_room():
            self._skipped += 1
        else:
            entry = Entry([], 0, [])
            self._put_in(entry, row)
            self._queue.add(entry)

    async def run(self, job: Callable[[Connection], T]) -> T:
        """The result of ``job`` in a transaction of its own, between two batches: all writing has one owner.

        Raises what ``job`` raises, and :class:`LogUnavailable` when the database fails.
        """
        return cast("T", await self._do_in_thread(partial(self._committer.run, job)))

    async def empty_wal(self) -> None:
        """Remove from SQLite's WAL what was deleted from the database.

        Raises :class:`LogUnavailable` when the database fails or another program keeps reading from the WAL.
        """
        for _ in range(_WAL_ATTEMPTS):
            if await self._do_in_thread(self._committer.empty_wal):
                return
        raise LogUnavailable("deleted rows stay in the WAL for now: another program keeps reading it")

    async def _do_in_thread(self, action: Callable[[], object]) -> object:
        if self._failure is not None:
            raise LogUnavailable(self._failure.detail)
        waiter: asyncio.Future[object] = self._loop.create_future()
        self._queue.add_job(Job(action, waiter))
        return await waiter

    def _lack_of_room(self) -> LogFull | None:
        if self._rows >= self._queue_rows or self._bytes >= self._queue_bytes:
            return LogFull("too many answers wait for the request log; try again in a moment")
        return None

    def _put(self, entry: Entry) -> None:
        if entry.rows:
            deadline = self._loop.time() + self._timeout
            self._deadlines.append((deadline, entry))
            self._queue.add(entry)
            if self._timer is None:
                self._timer = self._loop.call_at(deadline, self._expire)

    def _put_in(self, entry: Entry, row: Written) -> None:
        entry.rows.append(row)
        entry.size += row.size
        self._rows += 1
        self._bytes += row.size

    def _expire(self) -> None:
        """Fail whoever has waited too long. Only a stuck thread lets this happen, so nothing more is admitted."""
        self._timer = None
        now = self._loop.time()
        while self._deadlines:
            deadline, entry = self._deadlines[0]
            if not entry.settled:
                if deadline > now:
                    self._timer = self._loop.call_at(deadline, self._expire)
                    return
                self.failed(LogUnavailable("the request log did not commit in time"), [entry], [])
            self._deadlines.popleft()

    def succeeded(self, entries: list[Entry], refused: dict[int, LogUnavailable], seconds: float) -> None:
        """For the writing thread: see :class:`service.request_log.writing_thread.Told`."""
        if self._failure is not None:
            self._recover()
        if entries:
            self._commits += 1
            self._commit_seconds += seconds
            self.last_commit_seconds = seconds
        place = 0
        for entry in entries:
            self._settle(entry, [refused.get(place + row) for row in range(len(entry.rows))] if refused else None)
            place += len(entry.rows)
        self._committed += place - len(refused)
        while self._deadlines and self._deadlines[0][1].settled:
            self._deadlines.popleft()
        self._call_back()

    def failed(self, failure: LogUnavailable, entries: Iterable[Entry], jobs: Iterable[Job]) -> None:
        """For the writing thread, and for whoever waited too long."""
        if self._failure is None:
            log.error("the request log takes no rows: %s", failure.detail)
        self._failure = failure
        self._takes_rows.clear()
        for entry in entries:
            self._settle(entry, [failure] * len(entry.rows))
        for job in jobs:
            answer(job.waiter, None, failure)
        self._call_back()

    def _call_back(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._loop.call_soon(callback)

    def _recover(self) -> None:
        if self._failure is not _NOT_OPEN:
            log.warning("the request log takes rows again")
        self._failure = None
        self._takes_rows.set()

    def _settle(self, entry: Entry, failures: Sequence[LogUnavailable | None] | None) -> None:
        """Tell everyone who waits for ``entry``; ``failures`` run parallel to its rows, None where all are stored."""
        if entry.settled:  # when its time was up
            return
        entry.settled = True
        self._rows -= len(entry.rows)
        self._bytes -= entry.size
        if failures is None:
            for waiter in entry.waiters:
                answer(waiter, None)
        elif entry.needed:
            answer(entry.waiters[0], failures)
        elif entry.waiters:
            for waiter, failure in zip(entry.waiters, failures, strict=True):
                self._tell_waiter(waiter, failure)
        else:
            self._skipped += sum(failure is not None for failure in failures)

    def _tell_waiter(self, waiter: asyncio.Future[None], failure: LogUnavailable | None) -> None:
        if failure is not None and self._serve:
            self._skipped += 1
            failure = None
        answer(waiter, None, failure)

    def ended(self) -> None:
        """For the writing thread."""
        self._failure = LogUnavailable("the request log is closed")  # no fault: nothing to report
        entries, jobs = self._queue.take()
        taken = [entry for _, entry in self._deadlines if not entry.settled]  # by a thread that died with them
        self.failed(self._failure, dict.fromkeys([*entries, *taken]), jobs)
        if self._timer is not None:
            self._timer.cancel()
        self._stopped.set()
