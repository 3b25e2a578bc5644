"""What the service promises to whoever starts it for the first time."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from typing import Any

import httpx
import pytest

from tests.problems import assert_problem
from tests.serving import Process

WAVE = [3 + 2 * math.sin(0.3 * k) for k in range(32)]
# 30 pairs cut from a sine curve, each with an index from 0 to 5.
PAIRS = [[index, round(math.sin(0.3 + 2.5 * k / 30), 4)] for k, index in enumerate([0, 3, 2, 5, 4, 1, 2, 2, 5, 0] * 3)]


def predict(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/predict", json=body)
    assert response.status_code == 200, response.text
    (prediction,) = response.json()["predictions"]
    found: dict[str, Any] = prediction
    return found


def test_one_two_three_four_is_followed_by_five(client: httpx.Client) -> None:
    prediction = predict(client, {"sequence": [1, 2, 3, 4]})
    assert prediction["value"] == pytest.approx(5, abs=1e-3)
    assert prediction["model"]
    assert prediction["check"]["steps"] == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_needs_no_content_type(service: Process) -> None:
    url = f"http://127.0.0.1:{service.port}/predict"
    done = subprocess.run(
        ["curl", "-sS", "-d", '{"sequence":[1,2,3,4]}', url], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["predictions"][0]["value"] == pytest.approx(5.0, abs=1e-3)


def test_a_sine_goes_on(client: httpx.Client) -> None:
    prediction = predict(client, {"model": "sine-gru", "sequence": WAVE})
    assert prediction["value"] == pytest.approx(3 + 2 * math.sin(0.3 * 32), abs=0.05)


def test_the_mean_of_the_even_indexed_values_is_remembered(client: httpx.Client) -> None:
    even = [value for index, value in PAIRS if index % 2 == 0]
    prediction = predict(client, {"model": "memory-lstm", "sequence": PAIRS})
    assert prediction["value"] == pytest.approx(sum(even) / len(even), abs=0.1)


@pytest.mark.parametrize(
    ("task", "sequence"), [("linear", [2.5 + 0.5 * k for k in range(20)]), ("sine", WAVE), ("memory", PAIRS)]
)
def test_a_comparison_shows_cells_rules_parameters_durations_checks_and_the_best(
    client: httpx.Client, task: str, sequence: list[Any]
) -> None:
    response = client.post("/compare", json={"task": task, "sequence": sequence})
    assert response.status_code == 200, response.text
    found = response.json()
    assert [result["architecture"] for result in found["results"]] == ["simplernn", "lstm", "gru"]
    for result in found["results"]:
        assert result["parameters"] > 0
        assert result["duration_us"] > 0
        assert result["checks"][0]["verdict"] in ("beats", "ties", "loses")
    assert found["rules"]
    assert found["best"].keys() == {"model", "by"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"sequence":"1,2,3"}', 422, "wrong_type"),
        (b'{"sequence":[1,NaN]}', 422, "non_finite"),
        (b'{"sequence":[]}', 422, "too_short"),
        (b"", 422, "invalid_json"),
        (b'{"sequence":[1,2],"model":"nobody"}', 404, "unknown_model"),
    ],
)
def test_bad_input_is_a_problem(client: httpx.Client, body: bytes, status: int, code: str) -> None:
    assert_problem(client.post("/predict", content=body), status, code)


def test_a_card_and_its_plots_are_served(client: httpx.Client) -> None:
    names = [model["name"] for model in client.get("/models").json()["models"]]
    assert {"linear-simplernn", "sine-gru", "memory-lstm", "textbook-linear-simplernn-20"} <= set(names)
    assert client.get("/models/textbook-linear-simplernn-20").json()["parameters"] == 461
    for plot in ("loss", "fit"):
        assert client.get(f"/models/sine-gru/plots/{plot}.svg").headers["content-type"] == "image/svg+xml"
