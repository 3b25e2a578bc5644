"""Questions that are answered together: which may be, their answers, and whom to tell. Knows no turns, no threads."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from service.http.codec import Call
from service.inference.engine import Engine
from service.request_log.writer import LogWriter


@dataclass(slots=True, eq=False)
class Waiting:
    """A request that was read; ``waiter`` learns that its answer is on record, or ``error``, what went wrong."""

    call: Call
    engine: Engine
    waiter: asyncio.Future[None]
    error: Exception | None = None

    def fail(self, error: Exception) -> None:
        """Tell whoever asked, for the event loop's thread."""
        if not self.waiter.done():  # whoever asked may be gone
            self.waiter.set_exception(error)


# Requests that are answered together, or one alone.
Part = list[Waiting]


def parts(waiting: Iterable[Waiting], most: float) -> list[Part]:
    """``waiting`` by what they have in common, no more together than take so many microseconds."""
    found: list[Part] = []
    last: dict[Hashable, tuple[Part, float]] = {}
    for each in waiting:
        try:
            joint = each.call.question.joins()
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            each.fail(error)
            continue
        key = each if joint is None else (type(each.call.question), joint)
        part, price = last.get(key, ([], math.inf))
        its = each.call.price
        price += its.microseconds - its.fixed  # what is fixed the first of a part pays for all
        if price > most:
            part, price = [], its.microseconds
            found.append(part)
        part.append(each)
        last[key] = part, price
    return found


def answer(part: Part) -> list[Waiting]:
    """Compute and write the answers to ``part``; all of it, each with an answer or an ``error``. For any thread.

    Where there is none to all together there may be some to a half of them.
    """
    began, questions = time.perf_counter_ns(), [each.call.question for each in part]
    try:
        found = questions[0].answers(part[0].engine, questions)
    except Exception as error:  # noqa: BLE001  (handed to whoever asked)
        if len(part) > 1:
            return [*answer(part[: len(part) // 2]), *answer(part[len(part) // 2 :])]
        part[0].error = error
        return part
    share = (time.perf_counter_ns() - began) // len(part)
    for each, its in zip(part, found, strict=True):
        try:
            each.call.write(its, share)
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            each.error = error
    return part


def record(log: LogWriter, answered: Iterable[Waiting]) -> None:
    """Give the answers to the log, which tells whoever waits when they are on record; to the others their errors."""
    rows = []
    for each in answered:
        if each.error is not None:
            each.fail(each.error)
            continue
        try:
            rows.append((each.call.row(), each.waiter))
        except Exception as error:  # noqa: BLE001  (handed to whoever asked: nobody may wait for ever)
            each.fail(error)
    try:
        log.enter(rows)
    except Exception as error:  # noqa: BLE001  (as above)
        for each in answered:
            each.fail(error)
