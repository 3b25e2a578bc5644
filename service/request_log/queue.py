"""The queue between the event loop and the writing thread. Knows neither the database nor what is done with it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from service.errors import LogUnavailable
from service.request_log.appending import Append
from service.request_log.rows import Row

Written = Row | Append


@dataclass(slots=True, eq=False)
class Entry:
    """Rows, or appends to streams, that came together, and who waits for each to be committed; nobody for a note."""

    rows: list[Written]
    size: int  # bytes of bodies
    waiters: list[asyncio.Future[Any]]
    needed: bool = False  # one waits for all of it, and is told what failed, whatever else may go on without
    settled: bool = False  # everyone was told what became of it, or that it took too long


@dataclass(slots=True, eq=False)
class Job:
    """Something else for the thread to do between two batches."""

    run: Callable[[], object]
    waiter: asyncio.Future[Any]


class Queue:
    """Entries and jobs; every method may be called from either side."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: list[Entry] = []
        self._jobs: deque[Job] = deque()
        self._closing = False

    def add(self, entry: Entry) -> None:
        """Queue rows."""
        with self._changed:
            self._entries.append(entry)
            self._changed.notify()

    def add_job(self, job: Job) -> None:
        """Queue a job."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def close(self) -> None:
        """Let :meth:`wait` end when nothing is left."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def wait(self, seconds: float) -> bool:
        """Return when something waits, or after ``seconds``; False when nothing does and nothing will."""
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._jobs or self._closing, seconds)
            return bool(self._entries or self._jobs) or not self._closing

    @property
    def idle(self) -> bool:
        """Whether nothing waits now."""
        return not (self._entries or self._jobs)

    def wait_to_retry(self, seconds: float) -> bool:
        """Return after ``seconds``, or at once and False when there is to be no other attempt."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._closing, seconds)

    def take(self) -> tuple[list[Entry], deque[Job]]:
        """Everything that waits; what was given up is dropped."""
        with self._changed:
            entries, self._entries = self._entries, []
            jobs, self._jobs = self._jobs, deque()
        return [entry for entry in entries if not entry.settled], jobs

    def fail(self, entries: Iterable[Entry], jobs: Iterable[Job]) -> tuple[list[Entry], list[Job]]:
        """Everyone to be told of a failure with those taken; a note stays, for better times."""
        with self._changed:
            failed = [*entries, *self._entries]
            failed_jobs = [*jobs, *self._jobs]
            self._entries = [entry for entry in failed if not entry.waiters]
            self._jobs = deque()
        return [entry for entry in failed if entry.waiters], failed_jobs


def answer(waiter: asyncio.Future[Any], result: object, failure: Exception | None = None) -> None:
    """Tell a waiter, on the event loop; one that was cancelled wants to know nothing."""
    if waiter.done():
        return
    if failure is None:
        waiter.set_result(result)
    elif isinstance(failure, LogUnavailable):
        # One instance for many would gather all their tracebacks.
        waiter.set_exception(type(failure)(failure.detail))
    else:
        waiter.set_exception(failure)
