"""Requests are weighed by what they cost: what is too dear is refused, and nobody computes for who is gone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.http.body import Disconnected
from service.http.leaving import cancelled_with
from service.inference.cancellation import Cancellation, checkpoint
from service.inference.engine import Engine
from tests.conftest import MODELS
from tests.problems import assert_problem
from tests.raw import connected, http
from tests.serving import in_thread

LARGE = "textbook-linear-simplernn-256"
RAMP = [float(step % 10) for step in range(20_000)]
TOO_COSTLY: dict[str, Any] = {
    "/predict": {"model": LARGE, "sequence": RAMP},
    "/compare": {"task": "linear", "models": [LARGE], "sequence": RAMP},
    "/forecast": {"model": "sine-gru", "sequences": [RAMP[:8]] * 200, "horizon": 1000},
    "/backtest": {"models": [LARGE], "sequence": RAMP, "horizon": 10},
    "/anomalies": {"model": "sine-gru", "sequence": RAMP},
    "/inspect": {"model": "sine-gru", "sequence": RAMP[:1000]},
    f"/v1/models/{LARGE}:predict": {"instances": [RAMP]},
    f"/v2/models/{LARGE}/infer": {
        "inputs": [{"name": "sequence", "datatype": "FP64", "shape": [1, len(RAMP)], "data": RAMP}]
    },
}


@pytest.fixture(scope="module")
def frugal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service in which a request may ask for a twentieth of a second."""
    url = f"sqlite:///{tmp_path_factory.mktemp('frugal')}/unroll.db"
    with in_thread(models_dir=MODELS, database_url=url, log_durability="process", work_limit=0.05) as client:
        yield client


@pytest.mark.parametrize("path", TOO_COSTLY)
def test_what_is_too_dear_is_refused_with_what_would_fit(frugal: httpx.Client, path: str) -> None:
    response = frugal.post(path, json=TOO_COSTLY[path])
    if path.startswith("/v"):
        assert response.status_code == 400
        assert "a request may take 0.05 s: at most about" in response.json()["error"]
        return
    problem = assert_problem(response, 422, "too_costly")
    assert "a request may take 0.05 s" in problem["detail"]
    fits = int(problem["errors"][0]["expected"].split()[3])
    body = dict(TOO_COSTLY[path])
    if "sequences" in body:
        body["sequences"] = body["sequences"][: fits // 8]
    else:
        body["sequence"] = body["sequence"][: int(0.9 * fits)]  # what does not grow with them is left
    assert frugal.post(path, json=body).status_code == 200


def test_a_model_that_is_named_again_is_compared_once(api: httpx.Client) -> None:
    body = {"task": "linear", "sequence": RAMP[:50], "models": ["linear-gru"] * 60 + ["linear-lstm", "linear-gru"]}
    response = api.post("/compare", json=body)
    assert [each["model"] for each in response.json()["results"]] == ["linear-gru", "linear-lstm"]
    judged = api.post("/backtest", json={"sequence": RAMP[:50], "horizon": 1, "models": ["linear-gru"] * 60})
    assert [each["model"] for each in judged.json()["backtests"] if "model" in each] == ["linear-gru"]


def test_where_a_model_of_another_task_stands_is_told_as_it_was_posted(api: httpx.Client) -> None:
    body = {"task": "linear", "sequence": [1, 2, 3], "models": ["linear-gru", "linear-gru", "sine-gru"]}
    assert assert_problem(api.post("/compare", json=body), 422, "wrong_task")["errors"][0]["where"] == "models.2"


def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object, **__: object) -> None:
        while True:
            checkpoint()

    monkeypatch.setattr(Engine, "predict", endless)
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path}/unroll.db", work_timeout=0.1) as client:
        response = client.post("/predict", json={"sequence": RAMP})
        assert_problem(response, 503, "deadline_exceeded")
        assert response.headers["retry-after"] == "1"


def test_nobody_computes_for_a_client_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, ended = threading.Event(), threading.Event()

    def until_cancelled(*_: object, **__: object) -> None:
        started.set()
        try:
            while True:
                checkpoint()
        finally:
            ended.set()

    monkeypatch.setattr(Engine, "backtest", until_cancelled)
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path}/unroll.db") as client:
        with connected(client.base_url.port or 0) as connection:
            connection.sendall(http("POST", "/backtest", b'{"sequence": [1, 2, 3, 4, 5, 6], "horizon": 1}'))
            assert started.wait(20)
            assert not ended.is_set()
        assert ended.wait(20)
        assert client.get("/requests").json()["requests"] == []


def test_a_body_that_is_told_once_more_to_be_complete_is_no_farewell() -> None:
    async def run() -> None:
        messages = asyncio.Queue[dict[str, str]]()
        cancellation = Cancellation(3600.0)
        async with cancelled_with(messages.get, cancellation):
            await messages.put({"type": "http.request"})
            await asyncio.sleep(0)
            cancellation.check()
            await messages.put({"type": "http.disconnect"})
            began = time.monotonic()
            while time.monotonic() < began + 20:
                await asyncio.sleep(0)
                cancellation.check()

    with pytest.raises(Disconnected):
        asyncio.run(run())
