"""What the computing endpoints answer, against the schemas that the OpenAPI document is written from."""

from __future__ import annotations

import math
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import TypeAdapter

from service.inference.rules import SERIES_RULES
from service.protocols.native.compared import CompareResponse
from service.protocols.native.inspected import InspectResponse
from service.protocols.native.predicted import ForecastResponse, PredictResponse
from tests.own_series import add_own_series
from tests.problems import assert_problem
from tests.serving import in_thread

WAVE = [3 + 2 * math.sin(0.3 * k) for k in range(32)]
PAIRS = [[k % 6, math.sin(0.1 * k)] for k in range(30)]
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def asked(api: httpx.Client, path: str, body: dict[str, Any], response: type) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    # Nothing more, nothing less, nothing of another type.
    TypeAdapter(response).validate_json(answer.content, strict=True, extra="forbid")
    found: dict[str, Any] = answer.json()
    assert UUID7.fullmatch(found["request_id"])
    assert answer.headers["x-request-id"] == found["request_id"]
    return found


def test_a_prediction_names_its_model_and_carries_its_evidence(api: httpx.Client) -> None:
    found = asked(api, "/predict", {"model": "sine-gru", "sequence": WAVE}, PredictResponse)
    (prediction,) = found["predictions"]
    assert (found["model"], found["version"]) == (prediction["model"], prediction["version"]) == ("sine-gru", "1")
    assert prediction["value"] == pytest.approx(3 + 2 * math.sin(0.3 * 32), abs=0.1)
    assert prediction["check"].keys() == {"steps", "mae", "rule", "rule_mae", "rule_value", "skill", "verdict"}
    assert prediction["check"]["steps"] == 16
    assert prediction["check"]["rule"] in SERIES_RULES
    assert prediction["intervals"].keys() == {"80", "90", "95"}
    assert prediction["warnings"] == [] or prediction["check"]["verdict"] == "loses"


def test_without_a_model_the_top_level_names_none_and_each_prediction_its_own(api: httpx.Client) -> None:
    found = asked(api, "/predict", {"sequences": [[1, 2, 3, 4], [7], [2, 5], WAVE]}, PredictResponse)
    assert (found["model"], found["version"]) == (None, None)
    line, one, two, _ = found["predictions"]
    assert line["value"] == pytest.approx(5, abs=1e-3)
    assert (one["model"], one["version"], one["value"], one["check"]) == ("rule:naive", None, 7, None)
    assert (two["model"], two["value"], two["intervals"]) == ("rule:drift", 8, None)


@pytest.mark.parametrize("levels", [[80], [95, 80], [90, 90], [97.5, 1e-3, 99.99], list(range(1, 21))])
def test_only_the_levels_asked_for_are_answered(api: httpx.Client, levels: list[float]) -> None:
    body = {"model": "sine-gru", "sequence": WAVE, "levels": levels}
    (prediction,) = asked(api, "/predict", body, PredictResponse)["predictions"]
    assert prediction["intervals"].keys() == {str(level) for level in levels}
    by_level = [prediction["intervals"][str(level)] for level in sorted(levels)]
    assert all(outer[0] <= inner[0] <= inner[1] <= outer[1] for inner, outer in pairwise(by_level))


@pytest.mark.parametrize("model", ["sine-gru", None])
def test_quantiles_stand_beside_the_intervals_under_the_numbers_that_were_asked_for(
    api: httpx.Client, model: str | None
) -> None:
    body = {"model": model, "sequence": WAVE, "levels": [80], "quantiles": [0.9, 0.1, 0.5, 1e-3]}
    (prediction,) = asked(api, "/predict", body, PredictResponse)["predictions"]
    assert list(prediction["quantiles"]) == ["0.9", "0.1", "0.5", "0.001"]
    assert prediction["intervals"]["80"] == pytest.approx([prediction["quantiles"][key] for key in ("0.1", "0.9")])
    (forecast,) = asked(api, "/forecast", {**body, "horizon": 3}, ForecastResponse)["forecasts"]
    assert [values[0] for values in forecast["quantiles"].values()] == pytest.approx(
        [*prediction["quantiles"].values()], abs=1e-5
    )
    assert asked(api, "/predict", {"sequence": WAVE}, PredictResponse)["predictions"][0]["quantiles"] is None


def test_a_list_of_one_sequence_is_answered_like_the_sequence(api: httpx.Client) -> None:
    one = asked(api, "/predict", {"model": "sine-gru", "sequence": WAVE}, PredictResponse)
    listed = asked(api, "/predict", {"model": "sine-gru", "sequences": [WAVE]}, PredictResponse)
    assert one["predictions"] == listed["predictions"]


def test_a_model_that_loses_warns(api: httpx.Client) -> None:
    line = [float(k) for k in range(40)]
    (prediction,) = asked(api, "/predict", {"model": "textbook-sine-gru", "sequence": line}, PredictResponse)[
        "predictions"
    ]
    assert prediction["check"]["verdict"] == "loses"
    assert any("does worse than the rule" in warning for warning in prediction["warnings"])
    assert any("was trained on values" in warning for warning in prediction["warnings"])
    assert any("reads the last 10 values" in warning for warning in prediction["warnings"])


@pytest.mark.parametrize(
    ("task", "sequence", "rules"),
    [
        ("linear", [float(k) for k in range(20)], set(SERIES_RULES)),
        ("sine", WAVE, set(SERIES_RULES)),
        ("memory", PAIRS, {"index_blind_mean"}),
    ],
)
def test_a_comparison_shows_three_cells_beside_the_rules(
    api: httpx.Client, task: str, sequence: list[Any], rules: set[str]
) -> None:
    found = asked(api, "/compare", {"task": task, "sequence": sequence}, CompareResponse)
    assert found["task"] == task
    assert [result["model"] for result in found["results"]] == [f"{task}-{c}" for c in ("simplernn", "lstm", "gru")]
    for result in found["results"]:
        assert result["architecture"] == result["model"].removeprefix(f"{task}-")
        assert result["parameters"] > 100
        assert result["duration_us"] >= 0
        assert len(result["predictions"]) == len(result["checks"]) == len(result["warnings"]) == 1
        assert result["test"]["mse"] > 0
        assert (result["errors"] is None) == (task != "memory")
    assert {rule["name"] for rule in found["rules"]} == rules
    names = {result["model"] for result in found["results"]} | {f"rule:{name}" for name in rules}
    assert found["best"]["model"] in names
    assert found["best"]["by"] == ("error" if task == "memory" else "check")


def test_a_comparison_says_on_demand_who_answers_when_no_model_is_named(api: httpx.Client) -> None:
    body = {"sequences": [WAVE, WAVE[:7], [1.0, 4.0, 2.0], [5.0]], "levels": [97.5], "quantiles": [0.1]}
    compared = asked(api, "/compare", {"task": "sine", "chosen": True, **body}, CompareResponse)
    predicted = asked(api, "/predict", body, PredictResponse)["predictions"]
    names = ("value", "model", "version")
    assert compared["chosen"] == [{name: prediction[name] for name in names} for prediction in predicted]
    row = api.get(f"/requests/{compared['request_id']}").json()
    references = [f"{each['model']}/{each['version']}" if each["version"] else each["model"] for each in predicted]
    assert set(row["models"]) == {f"{each['model']}/{each['version']}" for each in compared["results"]} | set(
        references
    )
    assert {*compared["results"][0]["intervals"][0], *compared["results"][0]["quantiles"][0]} == {"97.5", "0.1"}
    assert asked(api, "/compare", {"task": "sine", **body}, CompareResponse)["chosen"] is None


def test_a_comparison_agrees_with_the_predictions_of_its_models(api: httpx.Client) -> None:
    body = {"sequences": [WAVE, WAVE[:7], [1.0, 4.0, 2.0]]}
    compared = asked(api, "/compare", {"task": "sine", **body}, CompareResponse)
    for result in compared["results"]:
        predicted = asked(api, "/predict", {"model": result["model"], **body}, PredictResponse)["predictions"]
        assert result["predictions"] == [prediction["value"] for prediction in predicted]
        assert result["intervals"] == [prediction["intervals"] for prediction in predicted]
        assert result["warnings"] == [prediction["warnings"] for prediction in predicted]
        assert result["checks"] == [prediction["check"] for prediction in predicted]
        assert result["warnings"] == [prediction["warnings"] for prediction in predicted]


def test_errors_are_prediction_minus_target_for_models_and_rules(api: httpx.Client) -> None:
    body = {"task": "linear", "sequences": [[1, 2, 3, 4], [9, 7, 5, 3, 1]], "targets": [5.5, -1]}
    found = asked(api, "/compare", body, CompareResponse)
    for column in found["results"] + found["rules"]:
        np.testing.assert_allclose(np.array(column["predictions"]) - [5.5, -1], column["errors"])
    drift = next(rule for rule in found["rules"] if rule["name"] == "drift")
    assert drift["errors"] == [-0.5, 0]
    assert found["best"]["by"] == "error"


def test_the_exact_errors_of_a_memory_comparison_need_no_target(api: httpx.Client) -> None:
    truth = np.mean([value for index, value in PAIRS if index % 2 == 0])
    found = asked(api, "/compare", {"task": "memory", "sequence": PAIRS}, CompareResponse)
    for column in found["results"] + found["rules"]:
        assert column["errors"] == [pytest.approx(column["predictions"][0] - truth)]


def test_models_that_are_named_are_compared_in_that_order(api: httpx.Client) -> None:
    body = {"task": "sine", "sequence": WAVE, "models": ["sine-gru", "sine-simplernn"]}
    found = asked(api, "/compare", body, CompareResponse)
    assert [result["model"] for result in found["results"]] == ["sine-gru", "sine-simplernn"]


def test_where_nothing_can_be_checked_the_test_set_decides(api: httpx.Client) -> None:
    found = asked(api, "/compare", {"task": "sine", "sequence": [1, 2]}, CompareResponse)
    assert found["best"]["by"] == "test"
    best = min(found["results"], key=lambda result: result["test"]["mse"])
    assert found["best"]["model"] == best["model"]


def test_a_forecast_has_one_value_and_one_bound_for_each_step_ahead(api: httpx.Client) -> None:
    body = {"model": "sine-lstm", "sequences": [WAVE, WAVE[5:20]], "horizon": 12, "levels": [80]}
    for forecast in asked(api, "/forecast", body, ForecastResponse)["forecasts"]:
        assert len(forecast["values"]) == 12
        assert forecast["intervals"].keys() == {"80"}
        band = forecast["intervals"]["80"]
        assert len(band["lower"]) == len(band["upper"]) == 12
        assert all(
            low <= value <= high
            for low, value, high in zip(band["lower"], forecast["values"], band["upper"], strict=True)
        )


@pytest.mark.parametrize("model", ["sine-gru", "linear-lstm", "textbook-sine-lstm"])
def test_the_first_step_of_a_forecast_is_the_prediction(api: httpx.Client, model: str) -> None:
    body = {"sequences": 3 * [WAVE, WAVE[3:19]], "model": model}
    forecasts = asked(api, "/forecast", {**body, "horizon": 3}, ForecastResponse)["forecasts"]
    predictions = asked(api, "/predict", body, PredictResponse)["predictions"]
    for forecast, prediction in zip(forecasts, predictions, strict=True):
        assert forecast["values"][0] == pytest.approx(prediction["value"], rel=1e-5)
        assert (forecast["model"], forecast["season"]) == (prediction["model"], prediction["season"])


def test_a_forecast_is_checked_over_its_own_horizon(api: httpx.Client) -> None:
    (forecast,) = asked(api, "/forecast", {"model": "sine-gru", "sequence": WAVE, "horizon": 4}, ForecastResponse)[
        "forecasts"
    ]
    check = forecast["check"]
    assert check.keys() == {"origins", "horizon", "mae", "mase", "rule", "rule_mae", "skill", "verdict"}
    assert check["horizon"] == 4
    errors = []
    first, last = len(WAVE) - len(WAVE) // 2, len(WAVE) - 4
    known = np.linspace(first, last, min(last - first + 1, 8))
    for origin in np.floor(known + 0.5).astype(int).tolist():
        body = {"model": "sine-gru", "sequence": WAVE[:origin], "horizon": 4}
        (past,) = asked(api, "/forecast", body, ForecastResponse)["forecasts"]
        errors.append(np.mean(np.abs(np.array(past["values"]) - WAVE[origin : origin + 4])))
    assert (check["origins"], check["mae"]) == (len(errors), pytest.approx(np.mean(errors), rel=1e-4))


def test_an_answer_says_what_season_it_takes_for_the_sequences_own(api: httpx.Client) -> None:
    noise = np.random.default_rng(3).standard_normal(96).tolist()
    months = [100.0 + 0.5 * k + 20.0 * math.sin(math.pi * k / 6.0) + 3.0 * noise[k] for k in range(96)]
    for season, expected in ((None, (12, False)), (12, (12, True)), ([12, 6], (12, True)), (1, (1, True))):
        body = {"sequence": months, "horizon": 12, **({} if season is None else {"season": season})}
        (forecast,) = asked(api, "/forecast", body, ForecastResponse)["forecasts"]
        found = forecast["season"]
        assert (found["steps"][0], found["told"]) == expected
        if forecast["model"] == "series-gru":
            assert sum(found["weights"].values()) == pytest.approx(1.0, abs=0.01)
    (named,) = asked(api, "/predict", {"model": "sine-gru", "sequence": months}, PredictResponse)["predictions"]
    assert named["season"] == {"steps": [12], "told": False, "weights": None}
    pairs = [[k % 6, 0.1 * k] for k in range(9)]
    (memory,) = asked(api, "/predict", {"model": "memory-gru", "sequence": pairs}, PredictResponse)["predictions"]
    assert memory["season"] is None


def test_a_gap_is_null(api: httpx.Client) -> None:
    body = {"sequence": [*WAVE[:5], None, *WAVE[6:]]}
    (found,) = asked(api, "/predict", body, PredictResponse)["predictions"]
    assert math.isfinite(found["value"])
    assert_problem(api.post("/predict", json={**body, "model": "sine-gru"}), 422, "gaps")


@pytest.mark.parametrize("model", ["sine-gru", "linear-simplernn"])
def test_a_forecast_reads_its_own_answers(api: httpx.Client, model: str) -> None:
    (forecast,) = asked(api, "/forecast", {"model": model, "sequence": WAVE, "horizon": 5}, ForecastResponse)[
        "forecasts"
    ]
    sequence = [*WAVE]
    for value in forecast["values"]:
        (prediction,) = asked(api, "/predict", {"model": model, "sequence": sequence}, PredictResponse)["predictions"]
        assert value == pytest.approx(prediction["value"], abs=1e-4)
        sequence.append(value)


@pytest.mark.parametrize("model", ["sine-gru", "linear-lstm", "memory-simplernn", "textbook-sine-lstm"])
def test_an_inspection_explains_the_answer_that_predict_gives(api: httpx.Client, model: str) -> None:
    sequence: list[Any] = PAIRS if model.startswith("memory") else WAVE
    found = asked(api, "/inspect", {"model": model, "sequence": sequence}, InspectResponse)
    (prediction,) = asked(api, "/predict", {"model": model, "sequence": sequence}, PredictResponse)["predictions"]
    assert found["value"] == prediction["value"]
    assert found["replayed"] == pytest.approx(found["value"], abs=1e-5 * 5)
    # Influence against finite differences of the endpoint itself; float32 in the network bounds what can be seen.
    for step in (found["steps"][-1], found["steps"][-4]):
        place, moved = step["step"] - 1, 0.05
        ends = []
        for sign in (1, -1):
            changed = [list(each) if isinstance(each, list) else each for each in sequence]
            if isinstance(changed[place], list):
                changed[place][1] += sign * moved
            else:
                changed[place] += sign * moved
            body = {"model": model, "sequence": changed}
            ends.append(asked(api, "/predict", body, PredictResponse)["predictions"][0]["value"])
        influence = step["influence"][1] if isinstance(step["influence"], list) else step["influence"]
        assert influence == pytest.approx((ends[0] - ends[1]) / (2 * moved), abs=0.05)


def test_a_large_request_is_answered_in_a_thread_like_a_small_one(api: httpx.Client) -> None:
    many = asked(api, "/predict", {"model": "sine-gru", "sequences": [WAVE] * 200}, PredictResponse)["predictions"]
    (one,) = asked(api, "/predict", {"model": "sine-gru", "sequence": WAVE}, PredictResponse)["predictions"]
    assert len(many) == 200
    assert all(each["value"] == pytest.approx(one["value"], abs=1e-6) for each in many)


@pytest.mark.parametrize("cells", [["gru"], ["simplernn", "gru"]])
def test_a_comparison_of_a_task_with_fewer_cells_shows_those(tmp_path: Path, cells: list[str]) -> None:
    for name in add_own_series(tmp_path / "models", "sales"):
        if name.removeprefix("sales-") not in cells:
            shutil.rmtree(tmp_path / "models" / name)
    own = {"models_dir": tmp_path / "models", "published_models": False}
    with in_thread(**own, database_url=f"sqlite:///{tmp_path}/unroll.db") as client:
        found = asked(client, "/compare", {"task": "sales", "sequence": WAVE}, CompareResponse)
        assert [result["model"] for result in found["results"]] == [f"sales-{cell}" for cell in cells]
        problem = assert_problem(client.post("/compare", json={"task": "sine", "sequence": WAVE}), 404, "unknown_task")
        assert problem["detail"] == "no such task; models are served for sales"
