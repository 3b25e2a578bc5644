"""How much work this process has in hand, and who is turned away at once. Knows no protocol.

Waiting is bounded in number, in bytes, in work and in time: under overload a client that is refused learns it at
once, and one that is accepted is answered soon. Dear work has threads of its own and cannot starve cheap work.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TypeVar

import anyio.to_thread

from service.errors import Overloaded
from service.inference.cancellation import Cancellation

# Bodies and answers up to this are bounded by their number, larger ones by their bytes.
SMALL_BYTES = 64 * 1024
# Estimated microseconds of work: up to here on the event loop, which does so much at a time before it looks after
# others; and from here on in the threads for dear work.
INLINE, PART, DEAR = 500.0, 10_000.0, 20_000.0

T = TypeVar("T")


class _Lane:
    """Threads that take turns at work of one kind; ``work`` is how many microseconds of it are in hand."""

    def __init__(self, threads: int) -> None:
        self.threads, self.work = threads, 0.0
        self.turns = asyncio.Semaphore(threads)


class Admission:
    """Counts of one process. ``requests`` and ``large_bytes`` are bounds, ``wait`` is in seconds.

    ``threads`` are those for work that is not dear.
    """

    def __init__(self, *, requests: int, large_bytes: int, wait: float, threads: int) -> None:
        self._most_requests, self._most_bytes, self._wait = requests, large_bytes, wait
        self.requests = self.large_bytes = 0
        self._cheap, self._dear = _Lane(threads), _Lane(max(1, threads // 2))
        self.threads = self._cheap.threads
        self._limiter = anyio.CapacityLimiter(self._cheap.threads + self._dear.threads)
        self._ends_at = math.inf
        self._working: set[Cancellation] = set()
        self._waiting: set[asyncio.Timeout] = set()

    async def in_thread(
        self, work: Callable[[], T], microseconds: float, cancellation: Cancellation, patience: float = 0.0
    ) -> T:
        """The result of ``work``, off the event loop; what it is estimated to take chooses the lane.

        ``patience`` is in seconds, how long whoever asks waits for a turn where that is longer than usual.

        Raises:
            Overloaded: no thread became free in time, or none will.
            Exception: what ``work`` raises, and whatever reason ``cancellation`` was given.
        """
        lane, wait = self._dear if microseconds > DEAR else self._cheap, max(self._wait, patience)
        if lane.work > wait * 1e6 * lane.threads:
            raise _waited_too_long()
        lane.work += microseconds
        try:
            await self._turn(lane, wait)
            try:
                return await self._run(work, cancellation)
            finally:
                lane.turns.release()
        finally:
            lane.work -= microseconds

    async def _turn(self, lane: _Lane, wait: float) -> None:
        if not lane.turns.locked():
            await lane.turns.acquire()
            return
        until = asyncio.get_running_loop().time() + wait  # the loop's clock is the monotonic one
        try:
            async with asyncio.timeout_at(min(until, self._ends_at)) as timeout:
                self._waiting.add(timeout)
                try:
                    await lane.turns.acquire()
                finally:
                    self._waiting.discard(timeout)
        except TimeoutError as error:
            raise _stopping() if time.monotonic() >= self._ends_at else _waited_too_long() from error

    async def _run(self, work: Callable[[], T], cancellation: Cancellation) -> T:
        cancellation.end_by(self._ends_at, _stopping())
        self._working.add(cancellation)
        try:
            return await anyio.to_thread.run_sync(partial(cancellation.run, work), limiter=self._limiter)
        finally:
            self._working.discard(cancellation)

    def end_by(self, until: float) -> None:
        """The process ends: what is not answered ``until``, of the monotonic clock, is refused then."""
        self._ends_at = until
        for cancellation in self._working:
            cancellation.end_by(until, _stopping())
        for timeout in self._waiting:
            if (when := timeout.when()) is not None and until < when:
                timeout.reschedule(until)

    def admit(self) -> None:
        """Raise :class:`Overloaded` if one more request would be too many; cheap, before any work."""
        if self.requests >= self._most_requests:
            raise Overloaded("too many requests are in hand; try again in a moment")

    def require_bytes(self, size: int) -> None:
        """Raise :class:`Overloaded` where ``size`` bytes more would be too many."""
        if self.large_bytes + size > self._most_bytes:
            raise Overloaded("too many large or unfinished requests are in hand; try again in a moment")


def _waited_too_long() -> Overloaded:
    return Overloaded("the request waited too long for its turn; try again in a moment")


def _stopping() -> Overloaded:
    return Overloaded("the service stops, and the answer was not there in time; ask again")


class Hand:
    """What one request holds of its process, until it leaves this context."""

    __slots__ = ("_admission", "_bytes", "_requests")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._requests = self._bytes = 0

    def reading(self, size: int, complete: bool) -> None:
        """``size`` bytes of the body have come so far. Raises Overloaded where they have no room.

        A body that is not complete counts however small it is: clients that never complete one are not bounded in
        number.
        """
        if size > SMALL_BYTES or not complete:
            self._admission.require_bytes(size - self._bytes)
            self.keep(size - self._bytes)
        elif self._bytes:
            self.keep(-self._bytes)

    def start(self) -> None:
        """The body is complete: from here the request counts. A client that sends slowly takes no one's place.

        Raises:
            Overloaded: too many requests were faster.
        """
        self._admission.admit()
        self._requests = 1
        self._admission.requests += 1

    def keep(self, size: int) -> None:
        """``size`` bytes more are held until the answer is sent; what is small counts as nothing."""
        self._bytes += size
        self._admission.large_bytes += size

    def __enter__(self) -> Hand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.requests -= self._requests
        self._admission.large_bytes -= self._bytes
