"""The thread that writes: takes all that waits, commits it as one transaction, tells. Knows no SQL and no bounds.

One turn after another without a timer; what comes meanwhile gathers for the next. What nobody has to wait for, as a
checkpoint, comes after the telling.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, Protocol

from service.errors import LogUnavailable
from service.request_log.committer import Committer
from service.request_log.queue import Entry, Job, Queue, answer

_RETRY_SECONDS = 0.25  # between two attempts to write while the database fails
_LOOK_SECONDS = 1.0  # between two looks at the log's files while nothing is to be written

log = logging.getLogger(__name__)


class Told(Protocol):
    """Who learns, on the event loop, what became of the rows."""

    def succeeded(self, entries: list[Entry], refused: dict[int, LogUnavailable], seconds: float) -> None:
        """All rows of ``entries`` are committed but those ``refused``, by their place among all of them."""
        ...

    def failed(self, failure: LogUnavailable, entries: Iterable[Entry], jobs: Iterable[Job]) -> None:
        """The database failed; whoever waits is to be told."""
        ...

    def ended(self) -> None:
        """Nothing more will be written: the queue was closed, or the thread died."""
        ...


def start(queue: Queue, committer: Committer, told: Told, call_soon: Callable[..., object], name: str) -> None:
    """Write what comes into ``queue`` until it is closed; ``call_soon`` calls on the event loop, from any thread."""
    worker = _Worker(queue, committer, told, call_soon)
    threading.Thread(target=worker.work, name=name, daemon=True).start()


class _Worker:
    def __init__(self, queue: Queue, committer: Committer, told: Told, call_soon: Callable[..., object]) -> None:
        self._queue, self._committer, self._told, self._call_soon = queue, committer, told, call_soon

    def work(self) -> None:
        try:
            healthy = True
            while self._queue.wait(_LOOK_SECONDS) if healthy else self._queue.wait_to_retry(_RETRY_SECONDS):
                if not (healthy and self._queue.idle and self._committer.is_current()):
                    healthy = self._attempt()
        except Exception:
            log.exception("the request log's thread failed")
        finally:
            self._committer.close()
            self._call_soon(self._told.ended)

    def _attempt(self) -> bool:
        """One turn: everything that waits, or a probe where nothing does. Whether it went well."""
        entries: list[Entry] = []
        jobs: deque[Job] = deque()
        try:
            with self._committer.write_lock.taken():
                entries, jobs = self._queue.take()  # with the turn in hand: rows gather while others have theirs
                began = perf_counter()
                only_jobs = bool(jobs) and not entries
                if not only_jobs:
                    refused = self._committer.commit([row for entry in entries for row in entry.rows])
                    self._call_soon(self._told.succeeded, entries, refused, perf_counter() - began)
                entries = []
                while jobs:
                    self._do(jobs[0])
                    jobs.popleft()
                if only_jobs:  # the database works again, if it was given up
                    self._call_soon(self._told.succeeded, [], {}, 0.0)
                self._committer.checkpoint()
        except LogUnavailable as failure:
            self._call_soon(self._told.failed, failure, *self._queue.fail(entries, jobs))
            return False
        except Exception:  # whoever waits for a row is told at the end of the thread; nobody else knows these jobs
            self._call_soon(self._told.failed, LogUnavailable("the request log's thread failed"), [], list(jobs))
            raise
        return True

    def _do(self, job: Job) -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = job.run()
        except LogUnavailable:
            raise
        except Exception as raised:  # noqa: BLE001  (handed to whoever asked for the job)
            error = raised
        self._call_soon(answer, job.waiter, result, error)
