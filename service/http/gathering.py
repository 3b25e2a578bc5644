"""Answers dear questions that join together, in a thread: those that came while it was busy. Knows no protocol.

A general network takes 64 short series in six times the time that it takes one. Nobody waits for a batch to fill, nor
for a timer: where a thread is free it begins with those that are there, and the next gather meanwhile.
"""

from __future__ import annotations

import asyncio
from functools import partial

from service.http.admission import DEAR, Admission
from service.http.codec import Call
from service.http.lull import Lull
from service.http.parts import Part, Waiting, answer, parts, record
from service.inference.cancellation import Cancellation
from service.inference.engine import Engine
from service.request_log.writer import LogWriter

# What more than this hangs on its own values gains little from company: microseconds.
_OWN = DEAR / 4


def gathers(call: Call) -> bool:
    """Whether the question of ``call`` costs less where others are answered together with it."""
    return call.price.microseconds - call.price.fixed <= _OWN and call.question.joins() is not None


class Gathering:
    """One per process; used on the event loop only. ``seconds`` are what a part may take."""

    def __init__(self, log: LogWriter, admission: Admission, seconds: float) -> None:
        self._log, self._admission, self._seconds = log, admission, seconds
        self._waiting: dict[Waiting, Cancellation] = {}
        self._parts: set[asyncio.Task[None]] = set()
        self._lull = Lull(log, self._waiting, self._saved, self._begin)

    async def answer(self, call: Call, engine: Engine, cancellation: Cancellation) -> None:
        """Answer one request, and return when its row is committed; not one that was cancelled before it began.

        Raises what computing and the log raise, the reason of ``cancellation``, and Overloaded where no thread became
        free in time.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[Waiting(call, engine, waiter)] = cancellation
        self._look()
        await waiter

    def _look(self) -> None:
        if self._waiting and len(self._parts) < self._admission.threads:
            self._lull.begin()

    def _saved(self) -> float:
        """What one part of all those that wait saves beside two, in seconds."""
        return 1e-6 * min(each.call.price.fixed for each in self._waiting)

    def _begin(self) -> None:
        """Give the oldest, and all that join it, to a thread that is free; and so on with the next."""
        while self._waiting and len(self._parts) < self._admission.threads:
            if (part := self._next()) is not None:
                task = asyncio.get_running_loop().create_task(self._work(part))
                self._parts.add(task)
                task.add_done_callback(self._done)

    def _next(self) -> Part | None:
        for each, cancellation in list(self._waiting.items()):
            try:
                cancellation.check()
            except Exception as error:  # noqa: BLE001  (handed to whoever asked)
                del self._waiting[each]
                each.fail(error)
        part = next(iter(parts(self._waiting, DEAR)), None)
        for each in list(self._waiting) if part is None else part:  # where there is none, all were told
            del self._waiting[each]
        return part

    async def _work(self, part: Part) -> None:
        price = sum(each.call.price.microseconds - each.call.price.fixed for each in part) + part[0].call.price.fixed
        patience = max(each.call.codec.patience for each in part)
        cancellation = Cancellation(self._seconds + patience)
        try:
            answered = await self._admission.in_thread(partial(answer, part), price, cancellation, patience)
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            for each in part:
                each.fail(error)
        else:
            record(self._log, answered)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._parts.discard(task)
        self._look()
