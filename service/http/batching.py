"""Answers small requests that arrived in the same turn of the event loop together. Knows no protocol.

A network and the rules take a batch of 64 short sequences in a tenth of the time that they take them one by one, and
the log a batch of rows in a third. Nobody waits for a batch to fill, nor for a timer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from service.http.admission import PART, Admission
from service.http.codec import Call
from service.http.lull import Lull
from service.http.parts import Part, Waiting, answer, parts, record
from service.inference.engine import Engine
from service.request_log.writer import LogWriter

_PART_SECONDS = PART * 1e-6


class Batching:
    """One per process; used on the event loop only."""

    def __init__(self, log: LogWriter, admission: Admission) -> None:
        self._log = log
        self._waiting: list[Waiting] = []
        self._parts: deque[Part] = deque()
        self._seconds = 5e-5  # of work for one request, lately
        self._lull = Lull(log, self._waiting, lambda: admission.requests * self._seconds, self._begin)

    async def answer(self, call: Call, engine: Engine) -> None:
        """Answer one request, and return when its row is committed. Raises what computing and the log raise."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._parts:
            self._lull.begin()
        self._waiting.append(Waiting(call, engine, waiter))
        await waiter

    def _begin(self) -> None:
        self._parts.extend(parts(self._waiting, PART))
        self._waiting.clear()
        self._work()

    def _work(self) -> None:
        """Answer the parts that there are, but let the event loop look after everybody else every some milliseconds."""
        began, done = time.perf_counter(), 0
        answered: list[Waiting] = []
        while self._parts and time.perf_counter() - began < _PART_SECONDS:
            part = self._parts.popleft()
            done += len(part)
            answered += answer(part)
        if answered:
            record(self._log, answered)
        if done:
            self._seconds += 0.1 * ((time.perf_counter() - began) / done - self._seconds)
        if self._parts:
            asyncio.get_running_loop().call_soon(self._work)
        elif self._waiting:
            self._lull.begin()
