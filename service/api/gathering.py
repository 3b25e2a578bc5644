"""Answers small requests that arrived in the same turn of the event loop together. Knows no protocol.

A network and the rules take a batch of 64 short sequences in a tenth of the time that they take them one by one, and
the log a batch of rows in a third. Nobody waits for a batch to fill, nor for a timer: it is complete when the event
loop has looked for more and found none, and the commit before it has ended or is worth no waiting for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from service.api.admission import Admission
from service.api.replies import Computed, Posted, Reply
from service.request_log.rows import Row
from service.request_log.writer import LogWriter

# Turns of the event loop that bring no more requests: what one turn reads is asked in the next.
_QUIET_TURNS = 2
# From so many on no more are looked for, so that a steady stream of requests cannot put off the answers to the first.
_MOST = 256


class Endpoint(Protocol):
    """What is asked of a computing endpoint here; ``services`` are those that it works with."""

    def read(self, posted: Posted) -> Any: ...

    def joins(self, question: Any, posted: Posted) -> Hashable | None: ...

    def compute(self, services: Any, question: Any, posted: Posted) -> Computed: ...

    def compute_together(self, services: Any, questions: list[Any], posted: list[Posted]) -> list[Computed]: ...

    def reply(
        self, posted: Posted, question: Any, computed: Computed, began: int, validated: int, computing: int
    ) -> Reply: ...

    def row(self, posted: Posted, started: int, reply: Reply) -> Row: ...


@dataclass(slots=True, eq=False)
class _Asked:
    """A request whose body is complete; ``waiter`` gets its reply when that is on record, or what went wrong."""

    endpoint: Endpoint
    services: Any
    posted: Posted
    started: int
    waiter: asyncio.Future[Reply]
    question: Any = None
    began: int = 0
    validated: int = 0

    def fail(self, error: Exception) -> None:
        if not self.waiter.done():  # whoever asked may be gone
            self.waiter.set_exception(error)


class Gathering:
    """One per process; used on the event loop only."""

    def __init__(self, log: LogWriter, admission: Admission) -> None:
        self._log, self._admission = log, admission
        self._asked: list[_Asked] = []
        self._seen = self._quiet = 0
        self._seconds = 5e-5  # of work for one request, lately

    async def reply(self, endpoint: Endpoint, services: object, posted: Posted, started: int) -> Reply:
        """The answer to one request, once its row is committed. Raises what reading, computing and the log raise."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Reply] = loop.create_future()
        if not self._asked:
            self._seen = self._quiet = 0
            loop.call_soon(self._look_for_more, loop)
        self._asked.append(_Asked(endpoint, services, posted, started, waiter))
        return await waiter

    def _look_for_more(self, loop: asyncio.AbstractEventLoop) -> None:
        self._quiet = self._quiet + 1 if len(self._asked) == self._seen else 0
        self._seen = len(self._asked)
        if self._quiet < _QUIET_TURNS and self._seen < _MOST:
            loop.call_soon(self._look_for_more, loop)
        elif self._log.writing and self._worth_waiting():
            self._quiet = 0
            self._log.after_commit(lambda: self._look_for_more(loop))
        else:
            began = time.perf_counter()
            asked, self._asked = self._asked, []
            try:
                self._answer(asked)
            except Exception as error:  # noqa: BLE001  (handed to whoever asked: nobody may wait for ever)
                for each in asked:
                    each.fail(error)
            self._seconds += 0.1 * ((time.perf_counter() - began) / len(asked) - self._seconds)

    def _worth_waiting(self) -> bool:
        """Whether the commit that is under way will end soon, measured by the work that there is.

        Those whom it answers often ask again at once, and one batch of all is less work than two of half. Where a
        commit takes long the work is done meanwhile.
        """
        return self._log.last_commit_seconds < self._admission.requests * self._seconds

    def _answer(self, asked: list[_Asked]) -> None:
        groups: dict[Hashable, list[_Asked]] = {}
        for each in asked:
            each.began = time.perf_counter_ns()
            try:
                each.question = each.endpoint.read(each.posted)
                each.validated = time.perf_counter_ns()
                joint = each.endpoint.joins(each.question, each.posted)
            except Exception as error:  # noqa: BLE001  (handed to whoever asked)
                each.fail(error)
                continue
            groups.setdefault(each if joint is None else (each.endpoint, joint), []).append(each)
        done = [answered for group in groups.values() for answered in self._reply_to(group)]
        if done:
            self._log.enter(
                [(each.endpoint.row(each.posted, each.started, reply), each.waiter, reply) for each, reply in done]
            )

    def _reply_to(self, group: list[_Asked]) -> list[tuple[_Asked, Reply]]:
        endpoint, services, began = group[0].endpoint, group[0].services, time.perf_counter_ns()
        try:
            if len(group) == 1:
                computed = [endpoint.compute(services, group[0].question, group[0].posted)]
            else:
                questions, posted = [each.question for each in group], [each.posted for each in group]
                computed = endpoint.compute_together(services, questions, posted)
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            if len(group) == 1:
                group[0].fail(error)
                return []
            return [reply for each in group for reply in self._reply_to([each])]  # it is one of them: each for itself
        share = (time.perf_counter_ns() - began) // len(group)
        replies = []
        for each, found in zip(group, computed, strict=True):
            try:
                reply = endpoint.reply(each.posted, each.question, found, each.began, each.validated, share)
            except Exception as error:  # noqa: BLE001  (handed to whoever asked)
                each.fail(error)
            else:
                replies.append((each, reply))
        return replies
