"""Requests that arrive at once are answered together, each as it would be alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import Mock

import httpx
import pytest

from service.app import create_app
from service.http.admission import PART
from service.http.batching import Batching
from service.inference.price import Price
from service.request_log.migrate import migrate
from service.settings import Settings
from tests.conftest import MODELS

WAVE = [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98]
PAIRS = [[0, 1.0], [1, 5.0], [2, 3.0], [4, 2.0]]
TENSOR = {"name": "sequence", "shape": [1, 11], "datatype": "FP64"}
BODIES: list[tuple[str, dict[str, Any]]] = [
    *[("/predict", {"model": "sine-gru", "sequence": [x + shift for x in WAVE]}) for shift in range(8)],
    *[("/predict", {"sequence": WAVE[:length]}) for length in range(1, 10)],
    *[("/predict", {"model": "memory-lstm", "sequence": PAIRS[:length]}) for length in (2, 3, 4, 4, 4, 4)],
    *[("/predict", {"model": "textbook-sine-gru", "sequence": [x / 2 for x in WAVE]}) for _ in range(6)],
    *[("/predict", {"model": "sine-gru", "sequence": WAVE, "levels": [90]}) for _ in range(2)],
    *[("/forecast", {"sequence": WAVE[:length], "horizon": 3}) for length in range(1, 10)],
    *[("/forecast", {"model": "sine-gru", "sequence": [x * scale for x in WAVE], "horizon": 5}) for scale in (1, 2, 3)],
    *[("/v1/models/linear-lstm:predict", {"instances": [[shift, 2.0, 3.0]]}) for shift in range(6)],
    *[("/v2/models/sine-lstm/infer", {"inputs": [{**TENSOR, "data": [shift, *WAVE]}]}) for shift in range(6)],
    *[("/compare", {"task": "sine", "sequence": [x * scale for x in WAVE]}) for scale in (1, 2, 3, 4, 5, 6)],
    *[("/compare", {"task": "sine", "sequence": WAVE, "target": 0.1 * step}) for step in range(6)],
    *[("/compare", {"task": "sine", "sequence": WAVE[step:], "chosen": True}) for step in range(6)],
    *[("/compare", {"task": "memory", "sequence": PAIRS[:length]}) for length in (2, 3, 4, 4, 4, 4)],
]


def _run(folder: Path, posts: Any) -> Any:
    url = f"sqlite:///{folder}/log.db"
    migrate(url)
    app = create_app(Settings(models_dir=MODELS, database_url=url, log_durability="process"))

    async def session() -> Any:
        async with app.router.lifespan_context(app) as state:

            async def with_state(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "state": dict(state)}, receive, send)

            transport = httpx.ASGITransport(with_state)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
                return await posts(client)

    return asyncio.run(session())


def test_answers_are_those_that_each_request_gets_alone(tmp_path: Path) -> None:
    async def posts(client: httpx.AsyncClient) -> tuple[list[Any], list[Any], list[str]]:
        together = await asyncio.gather(*[client.post(path, json=body) for path, body in BODIES])
        alone = [await client.post(path, json=body) for path, body in BODIES]
        rows = [await client.get(f"/requests/{response.headers['x-request-id']}") for response in together]
        return together, alone, [row.json()["response"] for row in rows]

    together, alone, kept = _run(tmp_path, posts)
    for one, other, row in zip(together, alone, kept, strict=True):
        assert one.status_code == 200, one.text
        assert row == one.json()
        assert _said(one.json()) == _said(other.json())


def test_one_that_has_no_answer_fails_alone(tmp_path: Path) -> None:
    bodies = [
        {"model": "memory-lstm", "sequence": PAIRS},
        {"model": "memory-lstm", "sequence": [[1, 1.0], [3, 2.0]]},  # no even index
        {"model": "memory-lstm", "sequence": PAIRS[:3]},
        {"model": "nobody", "sequence": WAVE},
        {"model": "nobody", "sequence": WAVE},
        {"model": "sine-gru", "sequence": [1.0, "x"]},
    ]

    async def posts(client: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(*[client.post("/predict", json=body) for body in bodies])

    found = _run(tmp_path, posts)
    assert [response.status_code for response in found] == [200, 422, 200, 404, 404, 422]
    assert found[1].json()["code"] == "undefined_mean"
    assert found[1].json()["errors"][0]["where"] == "sequence"
    assert len({response.json()["request_id"] for response in found}) == len(bodies)


def test_a_client_that_leaves_holds_nobody_up(tmp_path: Path) -> None:
    async def posts(client: httpx.AsyncClient) -> httpx.Response:
        tasks = [asyncio.create_task(client.post("/predict", json={"sequence": WAVE})) for _ in range(8)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        return (await asyncio.gather(*tasks[1:]))[-1]

    assert _run(tmp_path, posts).status_code == 200


class Question:
    """One of ``joint`` that may be answered together; ``sizes`` tells how many of them were."""

    sizes: ClassVar[list[int]] = []

    def __init__(self, joint: str | None = "all of them") -> None:
        self.joint = joint

    def joins(self) -> str | None:
        return self.joint

    @classmethod
    def answers(cls, _: object, questions: list[Any]) -> list[Any]:
        cls.sizes.append(len(questions))
        return questions


def _call(question: Any, microseconds: float = 0.0) -> Any:
    """A call with ``question``; what costs nothing is answered too."""
    return Mock(question=question, price=Price(microseconds, 1))


_CHANGING = {"request_id", "id", "duration_us"}


def _said(answer: Any) -> Any:
    """``answer`` without what no two answers share."""
    if isinstance(answer, dict):
        return {key: _said(value) for key, value in answer.items() if key not in _CHANGING}
    return [_said(each) for each in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize(("commit_seconds", "together"), [(1e-6, True), (3600.0, False)])
def test_the_work_waits_for_a_short_commit_and_goes_on_beside_a_long_one(commit_seconds: float, together: bool) -> None:
    sizes: list[int] = []
    log = Log(sizes, commit_seconds)

    async def ask() -> None:
        batching = Batching(log, Mock(requests=16))  # type: ignore[arg-type]
        asked = [asyncio.create_task(batching.answer(_call(Question()), Mock())) for _ in range(8)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert sizes == ([] if together else [8])
        asked += [asyncio.create_task(batching.answer(_call(Question()), Mock())) for _ in range(8)]
        for _ in range(10):
            await asyncio.sleep(0)
        log.end_commit()
        await asyncio.gather(*asked)

    asyncio.run(asyncio.wait_for(ask(), 60))
    assert sizes == ([16] if together else [8, 8])


@pytest.mark.parametrize("broken", ["joins", "answers", "write", "row"])
def test_whatever_breaks_nobody_waits_for_ever(broken: str) -> None:
    log = Log([], 0.0)
    log.writing = False

    def call() -> Any:
        made = _call(Mock(wraps=Question()))
        getattr(made if broken in ("write", "row") else made.question, broken).side_effect = RuntimeError(broken)
        return made

    async def ask() -> list[BaseException | Any]:
        batching = Batching(log, Mock(requests=4))  # type: ignore[arg-type]
        asked = [batching.answer(call(), Mock()) for _ in range(4)]
        return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 60)

    assert [str(error) for error in asyncio.run(ask())] == 4 * [broken]


def test_no_more_is_answered_together_than_the_event_loop_may_take_for_at_a_time() -> None:
    class Dear(Question):
        sizes: ClassVar[list[int]] = []

    async def ask() -> None:
        batching = Batching(Log([], 3600.0), Mock(requests=16))  # type: ignore[arg-type]
        await asyncio.gather(*[batching.answer(_call(Dear(), 0.3 * PART), Mock()) for _ in range(8)])

    asyncio.run(asyncio.wait_for(ask(), 60))
    assert Dear.sizes == [3, 3, 2]


def test_the_event_loop_looks_after_others_between_parts_that_take_long() -> None:
    order: list[str] = []

    class Slow(Question):
        @classmethod
        def answers(cls, _: object, questions: list[Any]) -> list[Any]:
            order.append("computed")
            asyncio.get_running_loop().call_soon(order.append, "somebody else")
            time.sleep(2e-6 * PART)
            return questions

    async def ask() -> None:
        batching = Batching(Log([], 3600.0), Mock(requests=16))  # type: ignore[arg-type]
        await asyncio.gather(*[batching.answer(_call(Slow(None)), Mock()) for _ in range(3)])

    asyncio.run(asyncio.wait_for(ask(), 60))
    assert order == ["computed", "somebody else"] * 3


class Log:
    """A request log in the midst of a commit."""

    def __init__(self, sizes: list[int], last_commit_seconds: float) -> None:
        self.writing, self.last_commit_seconds = True, last_commit_seconds
        self._sizes = sizes
        self._callbacks: list[Callable[[], None]] = []

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def end_commit(self) -> None:
        self.writing = False
        for callback in self._callbacks:
            callback()

    def enter(self, answers: Any) -> None:
        entered = list(answers)
        self._sizes.append(len(entered))
        for _, waiter in entered:
            waiter.set_result(None)
