"""What a running service answers hangs on nothing that is asked at the same time, whichever worker answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import MODELS
from tests.drawn import drawn_series
from tests.serving import Process

pytestmark = pytest.mark.system

SERIES = drawn_series(1500, seed=21)
MODERATE = [each for each in SERIES if max(map(abs, each)) < 1e200]
CLIENTS = 32
# What no two answers share.
_CHANGING = {"request_id", "id", "duration_us"}


def questions() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = [("/predict", {"sequence": series}) for series in SERIES]
    for number, series in enumerate(MODERATE[:150]):
        name = ("sine-simplernn", "sine-lstm", "linear-gru")[number % 3]
        tensor = {"name": "sequence", "datatype": "FP64", "shape": [1, len(series)], "data": series}
        found += [
            ("/predict", {"model": name, "sequence": series}),
            ("/forecast", {"sequence": series, "horizon": 5}),
            ("/compare", {"task": "sine", "sequence": series}),
            (f"/v1/models/{name}:predict", {"instances": [series]}),
            (f"/v2/models/{name}/infer", {"inputs": [tensor]}),
        ]
    return found


def said(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: said(value) for key, value in answer.items() if key not in _CHANGING}
    return [said(each) for each in answer] if isinstance(answer, list) else answer


def asked(client: httpx.Client, question: tuple[str, dict[str, Any]]) -> Any:
    response = client.post(question[0], json=question[1])
    assert response.status_code == httpx.codes.OK, response.text
    return said(response.json())


def test_answers_of_four_workers_to_many_clients_are_those_of_one_to_a_single_client(tmp_path: Path) -> None:
    every = questions()
    flags = ("--models-dir", str(MODELS), "--log-durability", "process")
    (tmp_path / "one").mkdir()
    (tmp_path / "four").mkdir()
    with Process(tmp_path / "one", *flags) as service:
        service.wait_until_ready()
        alone = [asked(service.client, question) for question in every]
        batched = [
            answer
            for start in range(0, len(SERIES), 64)
            for answer in asked(service.client, ("/predict", {"sequences": SERIES[start : start + 64]}))["predictions"]
        ]
    assert batched == [answer["predictions"][0] for answer in alone[: len(SERIES)]]

    with Process(tmp_path / "four", *flags, "--workers", "4") as service, ThreadPoolExecutor(CLIENTS) as clients:
        service.wait_until_ready()
        url = service.client.base_url

        def ask_some(number: int) -> list[Any]:
            with httpx.Client(base_url=url, timeout=120) as client:
                return [asked(client, question) for question in every[number::CLIENTS]]

        for number, together in enumerate(clients.map(ask_some, range(CLIENTS))):
            assert together == alone[number::CLIENTS]
