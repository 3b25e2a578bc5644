"""How much work this process has in hand, and who is turned away at once. Knows no protocol.

Waiting is bounded in number, in bytes and in time: under overload a client that is refused learns it at once, and
one that is accepted is answered soon. Large requests have threads of their own and cannot starve small ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import anyio.to_thread

from service.errors import Overloaded

# Bodies and answers up to this are bounded by their number, larger ones by their bytes.
SMALL_BYTES = 64 * 1024

T = TypeVar("T")


class Admission:
    """Counts of one process. ``requests`` and ``large_bytes`` are bounds, ``wait`` is in seconds."""

    def __init__(self, *, requests: int, large_bytes: int, wait: float, threads: int) -> None:
        self._most_requests, self._most_bytes, self._wait = requests, large_bytes, wait
        self.requests = self.large_bytes = 0
        large = max(1, threads // 2)
        self._small, self._large = asyncio.Semaphore(threads), asyncio.Semaphore(large)
        self._threads = anyio.CapacityLimiter(threads + large)

    async def in_thread(self, work: Callable[[], T], size: int) -> T:
        """The result of ``work``, off the event loop; ``size`` of its body in bytes chooses the lane.

        Raises:
            Overloaded: no thread became free in time.
        """
        lane = self._large if size > SMALL_BYTES else self._small
        try:
            async with asyncio.timeout(self._wait if lane.locked() else None):
                await lane.acquire()
        except TimeoutError as error:
            raise Overloaded("the request waited too long for its turn; try again in a moment") from error
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._threads)
        finally:
            lane.release()

    def admit(self) -> None:
        """Raise :class:`Overloaded` if one more request would be too many; cheap, before any work."""
        if self.requests >= self._most_requests:
            raise Overloaded("too many requests are in hand; try again in a moment")

    def require_bytes(self, size: int) -> None:
        """Raise :class:`Overloaded` where ``size`` bytes more would be too many."""
        if self.large_bytes + size > self._most_bytes:
            raise Overloaded("too many large or unfinished requests are in hand; try again in a moment")


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
