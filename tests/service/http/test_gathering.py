"""Dear questions that come while a thread is busy are answered together, each as it would be alone."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, ClassVar
from unittest.mock import Mock

import pytest

from service.errors import Overloaded
from service.http.admission import DEAR, INLINE, Admission
from service.http.body import Disconnected
from service.http.gathering import Gathering, gathers
from service.inference.cancellation import Cancellation
from service.inference.price import Price


class Question:
    """One that may be answered together with all others of ``joint``; ``parts`` are who was."""

    parts: ClassVar[list[list[str]]] = []
    begun, may_end = threading.Event(), threading.Event()

    def __init__(self, name: str, joint: str | None = "all of them") -> None:
        self.name, self.joint = name, joint

    def joins(self) -> str | None:
        return self.joint

    @classmethod
    def answers(cls, _: object, questions: list[Any]) -> list[Any]:
        if any(each.name == "bad" for each in questions):
            raise ValueError("bad")
        cls.parts.append([each.name for each in questions])
        cls.begun.set()
        assert cls.may_end.wait(60)
        return questions


class Log:
    """A request log that takes everything at once."""

    writing = False

    def enter(self, rows: Any) -> None:
        for _, waiter in rows:
            waiter.set_result(None)


def _call(name: str, joint: str | None = "all of them", own: float = 100.0) -> Any:
    return Mock(question=Question(name, joint), price=Price(3000.0 + own, 1, 3000.0), codec=Mock(patience=0.0))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Question.parts.clear()
    Question.begun.clear()
    Question.may_end.clear()


def _gathering(wait: float = 60.0) -> Gathering:
    return Gathering(Log(), Admission(requests=99, large_bytes=1, wait=wait, threads=1), 60.0)  # type: ignore[arg-type]


async def _asked(gathering: Gathering, *calls: Any) -> list[asyncio.Task[None]]:
    """Who asks; the first of all is being answered."""
    asked = [asyncio.create_task(gathering.answer(call, Mock(), Cancellation(60.0))) for call in calls]
    assert await asyncio.to_thread(Question.begun.wait, 60)
    return asked


def test_those_that_come_while_the_thread_is_busy_are_answered_together() -> None:
    async def session() -> None:
        gathering = _gathering()
        asked = await _asked(gathering, _call("a"))
        asked += await _asked(gathering, _call("b"), _call("c"), _call("other", "others"), _call("d"))
        await asyncio.sleep(0.01)
        assert Question.parts == [["a"]]
        Question.may_end.set()
        await asyncio.gather(*asked)

    asyncio.run(asyncio.wait_for(session(), 60))
    assert Question.parts == [["a"], ["b", "c", "d"], ["other"]]


def test_no_part_is_dear_work() -> None:
    async def session() -> None:
        gathering = _gathering()
        asked = await _asked(gathering, _call("a"))
        asked += await _asked(gathering, *[_call(str(place), own=DEAR / 4) for place in range(8)])
        Question.may_end.set()
        await asyncio.gather(*asked)

    asyncio.run(asyncio.wait_for(session(), 60))
    assert [len(part) for part in Question.parts] == [1, 3, 3, 2]


def test_one_that_has_no_answer_fails_alone() -> None:
    async def session() -> list[Any]:
        gathering = _gathering()
        asked = await _asked(gathering, _call("a"))
        asked += await _asked(gathering, *[_call(name) for name in ("b", "c", "bad", "d", "e")])
        Question.may_end.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(asyncio.wait_for(session(), 60))
    assert [str(each) for each in found] == ["None", "None", "None", "bad", "None", "None"]
    assert Question.parts == [["a"], ["b", "c"], ["d", "e"]]


def test_one_whose_company_cannot_be_told_is_told_and_holds_nobody_up() -> None:
    async def session() -> list[Any]:
        odd = _call("odd")
        odd.question = Mock(joins=Mock(side_effect=ValueError("odd")))
        gathering = _gathering()
        found = await asyncio.gather(gathering.answer(odd, Mock(), Cancellation(60.0)), return_exceptions=True)
        Question.may_end.set()
        await gathering.answer(_call("a"), Mock(), Cancellation(60.0))
        return found

    found = asyncio.run(asyncio.wait_for(session(), 60))
    assert [str(each) for each in found] == ["odd"]
    assert Question.parts == [["a"]]


def test_whoever_is_gone_before_the_work_begins_costs_none() -> None:
    async def session() -> None:
        gathering = _gathering()
        asked = await _asked(gathering, _call("a"))
        left = Cancellation(60.0)
        gone = asyncio.create_task(gathering.answer(_call("gone"), Mock(), left))
        asked += await _asked(gathering, _call("b"))
        await asyncio.sleep(0.01)
        left.cancel(Disconnected())
        Question.may_end.set()
        await asyncio.gather(*asked)
        with pytest.raises(Disconnected):
            await gone

    asyncio.run(asyncio.wait_for(session(), 60))
    assert Question.parts == [["a"], ["b"]]


def test_where_no_thread_becomes_free_in_time_all_are_told() -> None:
    async def session() -> list[Any]:
        admission = Admission(requests=99, large_bytes=1, wait=0.01, threads=1)
        gathering = Gathering(Log(), admission, 60.0)  # type: ignore[arg-type]
        busy = asyncio.create_task(admission.in_thread(lambda: Question.may_end.wait(60), 1.0, Cancellation(60.0)))
        await asyncio.sleep(0.01)
        asked = [gathering.answer(_call(name), Mock(), Cancellation(60.0)) for name in ("a", "b")]
        found = await asyncio.gather(*asked, return_exceptions=True)
        Question.may_end.set()
        await busy
        return found

    found = asyncio.run(asyncio.wait_for(session(), 60))
    assert [type(each) for each in found] == [Overloaded, Overloaded]


@pytest.mark.parametrize(
    ("own", "joint", "gathered"), [(INLINE, "all of them", True), (INLINE, None, False), (DEAR, "all of them", False)]
)
def test_only_what_gains_by_company_waits_for_it(own: float, joint: str | None, gathered: bool) -> None:
    assert gathers(_call("a", joint, own)) == gathered
