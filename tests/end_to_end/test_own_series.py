"""Models of an own series, written into the models' folder while the service runs: every route serves them."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import MODELS
from tests.own_series import CELLS, add_own_series
from tests.serving import Process, apart

pytestmark = pytest.mark.slow
WAVE = [3 + 2 * math.sin(0.3 * k) + 0.1 * math.cos(7.3 * k * k) for k in range(24)]
SECONDS = 60  # far more than a look into the folder takes to come


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models' folder with one published model."""
    shutil.copytree(MODELS / "linear-gru", tmp_path / "models" / "linear-gru")
    return tmp_path / "models"


@pytest.fixture(params=["1", "2"], ids=["one-worker", "two-workers"])
def service(request: pytest.FixtureRequest, tmp_path: Path, folder: Path) -> Iterator[httpx.Client]:
    """A service with its default settings on that folder."""
    flags = ("--models-dir", str(folder), "--no-published-models", "--workers", request.param)
    with Process(tmp_path, *flags, measured=False) as process:
        process.wait_until_ready()
        with apart(process) as client:
            yield client


def ask(service: httpx.Client, path: str, **body: Any) -> httpx.Response:
    return service.post(path, json=body)


def wait_until(holds: Callable[[], bool]) -> None:
    """``holds`` thirty times in a row: no worker says otherwise."""
    deadline, agreed = time.monotonic() + SECONDS, 0
    while agreed < 30:
        if holds():
            agreed += 1
        else:
            agreed = 0
            time.sleep(0.05)  # between two looks: whoever asks on and on takes the time that loading needs
        assert time.monotonic() < deadline


def answers(service: httpx.Client, model: str) -> bool:
    return ask(service, "/predict", model=model, sequence=WAVE).status_code == httpx.codes.OK


def test_a_series_that_was_trained_meanwhile_is_served_on_every_route(service: httpx.Client, folder: Path) -> None:
    assert ask(service, "/compare", task="sales", sequence=WAVE).status_code == httpx.codes.NOT_FOUND
    names = add_own_series(folder, "sales")
    for name in names:
        wait_until(lambda name=name: answers(service, name))

    found = ask(service, "/predict", model="sales-lstm", sequence=WAVE).json()
    (prediction,) = found["predictions"]
    assert (found["model"], found["version"], prediction["warnings"]) == ("sales-lstm", "1", [])
    value = prediction["value"]
    assert value == pytest.approx(3 + 2 * math.sin(0.3 * 24), abs=0.3)
    assert ask(service, "/predict", sequence=WAVE).json()["predictions"][0]["model"] in names

    compared = ask(service, "/compare", task="sales", sequence=WAVE).json()
    assert [(each["model"], each["architecture"]) for each in compared["results"]] == list(
        zip(names, CELLS, strict=True)
    )
    (forecast,) = ask(service, "/forecast", model="sales-lstm", sequence=WAVE, horizon=2).json()["forecasts"]
    assert forecast["values"][0] == pytest.approx(value, rel=1e-6)
    assert ask(service, "/inspect", model="sales-lstm", sequence=WAVE).json()["value"] == pytest.approx(value, rel=1e-4)
    backtests = ask(service, "/backtest", sequence=WAVE, horizon=1).json()["backtests"]
    assert {each["model"] for each in backtests if "model" in each} == {"linear-gru", *names}

    v1 = ask(service, "/v1/models/sales-lstm:predict", instances=[WAVE]).json()
    assert v1["predictions"] == [pytest.approx(value, rel=1e-6)]
    tensor = {"name": "sequence", "datatype": "FP64", "shape": [1, len(WAVE)], "data": WAVE}
    v2 = ask(service, "/v2/models/sales-lstm/infer", inputs=[tensor]).json()
    assert v2["outputs"][0]["data"] == [pytest.approx(value, rel=1e-6)]
    for path in ("/v1/models/sales-lstm", "/v2/models/sales-lstm", "/v2/models/sales-lstm/ready"):
        assert service.get(path).status_code == httpx.codes.OK

    listed = {each["name"]: each["task"] for each in service.get("/models").json()["models"]}
    assert listed == {"linear-gru": "linear", **dict.fromkeys(names, "sales")}
    card = service.get("/models/sales-lstm").json()
    assert (card["task"], card["judged"]["beaten_by"]) == ("sales", None)
    assert service.get("/models/sales-lstm/plots/fit.svg").headers["content-type"] == "image/svg+xml"
    assert service.get("/health/ready").json()["models"] == 4


def test_a_model_that_a_rule_beat_answers_by_name_only_and_says_so(service: httpx.Client, folder: Path) -> None:
    names = add_own_series(folder, "sales", beaten_by="rule:drift")
    wait_until(lambda: answers(service, names[-1]))
    assert ask(service, "/predict", sequence=WAVE).json()["predictions"][0]["model"] not in names
    judged = ask(service, "/backtest", sequence=WAVE, horizon=1).json()["backtests"]
    assert [each["model"] for each in judged if "model" in each] == ["linear-gru"]
    said = "sales-gru did worse than the rule drift on the last values of its own series, which it was judged on."
    asked = {"model": "sales-gru", "sequence": WAVE}
    assert said in ask(service, "/predict", **asked).json()["predictions"][0]["warnings"]
    assert (
        said in ask(service, "/predict", model="sales-gru", sequences=[WAVE] * 2).json()["predictions"][1]["warnings"]
    )
    assert said in ask(service, "/forecast", **asked, horizon=2).json()["forecasts"][0]["warnings"]
    assert said in ask(service, "/compare", task="sales", sequence=WAVE).json()["results"][2]["warnings"][0]


def test_a_folder_is_not_served_before_it_is_whole_and_stays_unloaded_when_told(
    service: httpx.Client, folder: Path
) -> None:
    whole = folder.parent / "whole"
    add_own_series(whole, "sales")
    (folder / "sales-gru" / "1").mkdir(parents=True)
    *others, last = sorted((whole / "sales-gru" / "1").iterdir())
    for file in others:  # as a copy that is under way
        shutil.copy(file, folder / "sales-gru" / "1")
    wait_until(lambda: "sales-gru/1" in service.get("/models").json()["refused"])
    assert ask(service, "/predict", model="sales-gru", sequence=WAVE).status_code == httpx.codes.SERVICE_UNAVAILABLE
    shutil.copy(last, folder / "sales-gru" / "1")
    wait_until(lambda: answers(service, "sales-gru"))

    assert ask(service, "/v2/repository/models/sales-gru/unload").is_success
    wait_until(lambda: not answers(service, "sales-gru"))
    add_own_series(folder, "rent")  # by when this is seen, the folder was looked at again
    wait_until(lambda: answers(service, "rent-gru"))
    assert not answers(service, "sales-gru")
