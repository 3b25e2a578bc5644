"""POST /backtest over HTTP: the judgement, its row in the log, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import TypeAdapter

from service.protocols.native.backtested import BacktestResponse
from tests.problems import TEXT, assert_problem

WAVE = [3 + 2 * math.sin(0.3 * k) + 0.2 * math.cos(5 * k) for k in range(31)]


def judged(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = api.post("/backtest", json={"sequence": WAVE, "horizon": 3, **fields})
    assert answer.status_code == 200, answer.text
    TypeAdapter(BacktestResponse).validate_json(answer.content, strict=True, extra="forbid")
    found: dict[str, Any] = answer.json()
    return found


def test_every_model_and_rule_is_judged_at_every_step_ahead(api: httpx.Client) -> None:
    found = judged(api, models=["sine-gru", "linear-lstm"])
    entries = found["backtests"]
    assert [(each.get("model") or each["rule"], each["horizon"]) for each in entries] == [
        (name, ahead) for name in ("sine-gru", "linear-lstm", "naive", "drift", "line", "ar2") for ahead in (1, 2, 3)
    ]
    for each in entries:
        kind = {"model", "version"} if "model" in each else {"rule"}
        assert each.keys() == kind | {"horizon", "mae", "mase", "smape", "coverage"}
        assert each["coverage"].keys() == {"80", "90", "95"}
    assert (found["origins"], found["first"], found["last"]) == (13, 16, 28)
    assert found["best"]["model"] == "sine-gru"


def test_it_scores_what_forecast_answers_to_each_beginning(api: httpx.Client) -> None:
    found = judged(api, models=["sine-gru"])
    beginnings = [WAVE[:known] for known in range(found["first"], found["last"] + 1)]
    answer = api.post("/forecast", json={"model": "sine-gru", "sequences": beginnings, "horizon": 3})
    for entry in found["backtests"][:3]:
        step = entry["horizon"] - 1
        triples = [
            (WAVE[len(known) + step], each["values"][step], each["intervals"]["80"])
            for known, each in zip(beginnings, answer.json()["forecasts"], strict=True)
        ]
        mae = np.mean([abs(truth - value) for truth, value, _ in triples])
        held = np.mean([band["lower"][step] <= truth <= band["upper"][step] for truth, _, band in triples])
        assert entry["mae"] == pytest.approx(mae, rel=1e-5)
        assert entry["mase"] == pytest.approx(mae / np.abs(np.diff(WAVE[:16])).mean(), rel=1e-5)
        assert entry["coverage"]["80"] == pytest.approx(held)


def test_without_models_the_candidates_of_the_automatic_choice_are_judged(api: httpx.Client) -> None:
    names = {each["model"] for each in judged(api)["backtests"] if "model" in each}
    smooth = {f"{task}-{cell}" for task in ("linear", "sine") for cell in ("simplernn", "lstm", "gru")}
    assert names == {*smooth, "series-gru"}


def test_it_leaves_a_row_and_is_counted(api: httpx.Client) -> None:
    found = judged(api, models=["sine-gru", "sine-lstm"])
    row = api.get(f"/requests/{found['request_id']}").json()
    assert (row["endpoint"], row["task"], row["status"]) == ("/backtest", "sine", 200)
    assert (row["models"], row["sequences"], row["values"]) == (["sine-gru/1", "sine-lstm/1"], 1, len(WAVE))
    assert api.get(f"/requests/{judged(api)['request_id']}").json()["task"] is None
    assert 'unroll_requests_total{endpoint="/backtest",model="several",status="200"}' in api.get("/metrics").text


def test_an_outcome_has_no_place_on_it(api: httpx.Client) -> None:
    found = judged(api, models=["sine-gru"])
    refused = api.post(f"/requests/{found['request_id']}/outcome", json={"value": 1.0})
    assert_problem(refused, 422, "not_recorded")


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"sequence": [1, 2, 3], "horizon": 1}, "sequence_too_short", "sequence"),
        ({"sequence": WAVE, "horizon": 16}, "sequence_too_short", "sequence"),
        ({"models": ["memory-gru"]}, "not_forecastable", "models.0"),
        ({"models": ["textbook-compare-gru"], "sequence": WAVE[:30]}, "sequence_too_short", "sequence"),
        ({"models": []}, "too_short", "models"),
        ({"sequence": [[k, 0.5] for k in range(12)]}, "wrong_input", "sequence"),
        ({"sequence": [1e250] * 12}, "out_of_range", "sequence"),
        ({"horizon": 0}, "out_of_range", "horizon"),
        ({"horizon": 1001}, "out_of_range", "horizon"),
        ({"horizon": 2.5}, "wrong_type", "horizon"),
        ({"sequences": [WAVE]}, "unknown_field", "body"),
    ],
)
def test_what_cannot_be_judged_is_422(api: httpx.Client, fields: dict[str, Any], code: str, where: str) -> None:
    asked = {"sequence": WAVE, "horizon": 3, **fields}
    problem = assert_problem(api.post("/backtest", json=asked), 422, code)
    assert problem["errors"][0]["where"] == where


@pytest.mark.parametrize("name", ["nobody", "../x", TEXT])
def test_an_unknown_model_is_404(api: httpx.Client, name: str) -> None:
    asked = {"sequence": WAVE, "horizon": 1, "models": ["sine-gru", name]}
    assert_problem(api.post("/backtest", json=asked), 404, "unknown_model")
