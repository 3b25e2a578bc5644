"""Answers small requests that arrived in the same turn of the event loop together. Knows no protocol.

A network and the rules take a batch of 64 short sequences in a tenth of the time that they take them one by one, and
the log a batch of rows in a third. Nobody waits for a batch to fill, nor for a timer: it is complete when the event
loop has looked for more and found none, and the commit before it has ended or is worth no waiting for.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from service.http.admission import PART, Admission
from service.http.codec import Call
from service.inference.engine import Engine
from service.request_log.writer import LogWriter

# Turns of the event loop that bring no more requests: what one turn reads is asked in the next.
_QUIET_TURNS = 2
# From so many on no more are looked for, so that a steady stream of requests cannot put off the answers to the first.
_MOST = 256
_PART_SECONDS = PART * 1e-6


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request that was read; ``waiter`` learns that its answer is on record, or what went wrong."""

    call: Call
    engine: Engine
    waiter: asyncio.Future[None]

    def fail(self, error: Exception) -> None:
        if not self.waiter.done():  # whoever asked may be gone
            self.waiter.set_exception(error)


# Requests that are answered together, or one alone.
_Part = list[_Waiting]


class Batching:
    """One per process; used on the event loop only."""

    def __init__(self, log: LogWriter, admission: Admission) -> None:
        self._log, self._admission = log, admission
        self._waiting: list[_Waiting] = []
        self._parts: deque[_Part] = deque()
        self._seen = self._quiet = 0
        self._seconds = 5e-5  # of work for one request, lately

    async def answer(self, call: Call, engine: Engine) -> None:
        """Answer one request, and return when its row is committed. Raises what computing and the log raise."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        if not self._waiting and not self._parts:
            self._begin(loop)
        self._waiting.append(_Waiting(call, engine, waiter))
        await waiter

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._seen = self._quiet = 0
        loop.call_soon(self._look_for_more, loop)

    def _look_for_more(self, loop: asyncio.AbstractEventLoop) -> None:
        self._quiet = self._quiet + 1 if len(self._waiting) == self._seen else 0
        self._seen = len(self._waiting)
        if self._quiet < _QUIET_TURNS and self._seen < _MOST:
            loop.call_soon(self._look_for_more, loop)
        elif self._log.writing and self._worth_waiting():
            self._quiet = 0
            self._log.after_commit(lambda: self._look_for_more(loop))
        else:
            waiting, self._waiting = self._waiting, []
            self._parts.extend(_parts(waiting))
            self._work(loop)

    def _worth_waiting(self) -> bool:
        """Whether the commit that is under way will end soon, measured by the work that there is.

        Those whom it answers often ask again at once, and one batch of all is less work than two of half. Where a
        commit takes long the work is done meanwhile.
        """
        return self._log.last_commit_seconds < self._admission.requests * self._seconds

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer the parts that there are, but let the event loop look after everybody else every some milliseconds."""
        began, done = time.perf_counter(), 0
        answered: list[_Waiting] = []
        while self._parts and time.perf_counter() - began < _PART_SECONDS:
            part = self._parts.popleft()
            done += len(part)
            answered += self._answer(part)
        if answered:
            self._record(answered)
        if done:
            self._seconds += 0.1 * ((time.perf_counter() - began) / done - self._seconds)
        if self._parts:
            loop.call_soon(self._work, loop)
        elif self._waiting:
            self._begin(loop)

    def _record(self, answered: list[_Waiting]) -> None:
        rows = []
        for each in answered:
            try:
                rows.append((each.call.row(), each.waiter))
            except Exception as error:  # noqa: BLE001  (handed to whoever asked: nobody may wait for ever)
                each.fail(error)
        try:
            self._log.enter(rows)
        except Exception as error:  # noqa: BLE001  (as above)
            for each in answered:
                each.fail(error)

    def _answer(self, part: _Part) -> list[_Waiting]:
        """Compute and write the answers to ``part``; those that have one."""
        began, questions = time.perf_counter_ns(), [each.call.question for each in part]
        try:
            found = questions[0].answers(part[0].engine, questions)
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            if len(part) == 1:
                part[0].fail(error)
            else:
                self._parts.extendleft([each] for each in reversed(part))  # it is one of them: each for itself
            return []
        share = (time.perf_counter_ns() - began) // len(part)
        answered = []
        for each, answer in zip(part, found, strict=True):
            try:
                each.call.write(answer, share)
            except Exception as error:  # noqa: BLE001  (handed to whoever asked)
                each.fail(error)
            else:
                answered.append(each)
        return answered


def _parts(waiting: list[_Waiting]) -> list[_Part]:
    """``waiting`` by what they have in common, no more together than the event loop may take for at a time."""
    parts: list[_Part] = []
    last: dict[Hashable, tuple[_Part, float]] = {}
    for each in waiting:
        try:
            joint = each.call.question.joins()
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            each.fail(error)
            continue
        key = each if joint is None else (type(each.call.question), joint)
        part, price = last.get(key, ([], math.inf))
        if price + each.call.price.microseconds > PART:
            part, price = [], 0.0
            parts.append(part)
        part.append(each)
        last[key] = part, price + each.call.price.microseconds
    return parts
