"""Reads that may go through the whole log: one at a time in a process, each with a deadline. Knows no HTTP and no SQL.

Many at once would take the memory and the processor that answers need; so one waits for the other, and few wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from service.errors import Overloaded
from service.request_log.interrupt import Interrupt

T = TypeVar("T")
_PATIENCE_SECONDS = 5.0  # of one that waits for its turn
_MOST_WAITING = 8
_MOST_LONG = 4


class HeavyReads:
    """One per process; for the event loop's thread."""

    def __init__(self, seconds: float) -> None:
        """``seconds`` is the time of one read, after which it is ended."""
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._waiting = self._long = 0
        self._thread: CapacityLimiter | None = None

    @contextmanager
    def long(self) -> Iterator[None]:
        """A place for one of few readings in many pieces, each of which a client may take its time for.

        Raises :class:`Overloaded` where all are taken.
        """
        if self._long >= _MOST_LONG:
            raise self._busy()
        self._long += 1
        try:
            yield
        finally:
            self._long -= 1

    async def run(
        self,
        read: Callable[[Interrupt], T],
        *,
        left: Callable[[], Coroutine[None, None, object]] | None = None,
        patience: float | None = _PATIENCE_SECONDS,
    ) -> T:
        """The result of ``read`` in a thread, when it is its turn; ended when ``left`` returns: nobody waits for it.

        Raises :class:`Overloaded` when the turn does not come within ``patience`` seconds, when many wait for it
        already, or when the read takes too long. With None as ``patience`` it waits as long as it takes.
        """
        gone = None if left is None else asyncio.create_task(left())
        try:
            await self._take_turn(patience)
            try:
                return await self._read(read, gone)
            finally:
                self._turn.release()
        finally:
            if gone is not None:
                gone.cancel()

    async def _take_turn(self, patience: float | None) -> None:
        if patience is not None and (self._waiting >= _MOST_WAITING or (patience <= 0 and self._turn.locked())):
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(patience):
                await self._turn.acquire()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1

    async def _read(self, read: Callable[[Interrupt], T], gone: asyncio.Task[object] | None) -> T:
        if self._thread is None:
            self._thread = CapacityLimiter(1)
        interrupt = Interrupt(self._seconds)
        reading = asyncio.ensure_future(to_thread.run_sync(read, interrupt, limiter=self._thread))
        # Whoever waits may be cancelled at any moment, and nobody else asks how it ended.
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait({reading} if gone is None else {reading, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not reading.done():  # the client left, or the process ends: the turn goes on when the thread is free
                await asyncio.to_thread(interrupt.stop)
                await asyncio.wait({reading})
        return reading.result()

    def _busy(self) -> Overloaded:
        return Overloaded("the log is read for others: statistics, quality or an export; try again", code="log_busy")
