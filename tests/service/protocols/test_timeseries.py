"""KServe's time series API over HTTP."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from tests.problems import NUMBER, TEXT

WAVE = [round(10 + 3 * math.sin(2 * math.pi * step / 12), 2) for step in range(48)]
SHORT = [3.0, 4.0, 6.0, None, 7.0, 8.5]


def series(values: list[Any], **more: Any) -> dict[str, Any]:
    return {"type": "univariate_time_series", "name": "a", "series": values, "frequency": "month", **more}


def ask(api: httpx.Client, *inputs: dict[str, Any], model: str = "auto", **options: Any) -> httpx.Response:
    body = {"model": model, "inputs": inputs, "options": {"horizon": 3, **options}, "metadata": {"mine": 1}}
    return api.post("/v1/timeseries/forecast", json=body)


def assert_error(response: httpx.Response, status: int, words: str = "") -> None:
    """``response`` is an error in this API's shape, small, repeating no input."""
    assert response.status_code == status, response.text[:500]
    assert len(response.content) <= 4096
    assert TEXT not in response.text
    assert str(NUMBER) not in response.text
    assert response.json().keys() == {"error"}
    error = response.json()["error"]
    assert error.keys() == {"code", "message", "param", "type"}
    assert error["code"] == str(status)
    assert words in error["message"] + str(error["param"])


def test_series_are_answered_like_forecast(api: httpx.Client) -> None:
    inputs = [series(WAVE, start_timestamp="2024-01-31T00:00:00"), series(SHORT, name="b")]
    answer = ask(api, *inputs, quantiles=[0.1, 0.5]).json()
    posted = {"sequences": [WAVE, SHORT], "horizon": 3, "season": 12, "quantiles": [0.1, 0.5]}
    expected = api.post("/forecast", json=posted).json()["forecasts"]
    assert (answer["status"], answer["model"], answer["error"]) == ("completed", "auto", None)
    (output,) = answer["outputs"]
    assert (output["type"], output["status"]) == ("time_series_forecast", "completed")
    for told, each in zip(output["content"], expected, strict=True):
        assert told["mean_forecast"] == each["values"]
        assert told["quantiles"] == each["quantiles"]
        assert {name: told[name] for name in ("model", "version", "check", "warnings", "season")} == {
            name: each[name] for name in ("model", "version", "check", "warnings", "season")
        }
    assert [each["start_timestamp"] for each in output["content"]] == ["2028-01-31T00:00:00", ""]
    assert [each["name"] for each in output["content"]] == ["a", "b"]
    row = api.get(f"/requests/{answer['id']}").json()
    assert (row["endpoint"], row["sequences"], row["values"]) == ("/v1/timeseries/forecast", 2, 54)


def test_quantiles_are_null_where_none_are_asked_for_or_nothing_says_how_wide(api: httpx.Client) -> None:
    for options in ({}, {"model": "textbook-linear-simplernn-20", "quantiles": [0.5]}):
        (output,) = ask(api, series(WAVE), **options).json()["outputs"]
        assert output["content"][0]["quantiles"] is None


def test_models_that_can_continue_a_series_are_named(api: httpx.Client) -> None:
    names = api.get("/v1/timeseries/models").json()
    assert names[0] == "auto"
    assert "sine-gru" in names
    assert "memory-gru" not in names


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        ([], {}, "inputs"),
        ([series([])], {}, "series"),
        ([series([TEXT])], {}, "series"),
        ([series([[1.0, 2.0]], type="multivariate_time_series")], {}, "type"),
        ([series(WAVE, frequency="fortnight")], {}, "frequency"),
        ([series(WAVE), series(WAVE, frequency="D")], {}, "one frequency"),
        ([series(WAVE), series([None])], {}, "inputs.1: expected at least one value"),
        ([series(WAVE, start_timestamp="yesterday")], {}, "a time in ISO 8601"),
        ([series(WAVE)], {"horizon": 0}, "horizon"),
        ([series(WAVE)], {"horizon": 1001}, "horizon"),
        ([series(WAVE)], {"quantiles": [1.0]}, "quantiles"),
        ([series([1.0])] * 1000, {"horizon": 1000}, "fewer answers"),
        ([series(WAVE)], {"model": "memory-gru"}, "cannot continue"),
    ],
)
def test_bad_input_is_a_400_in_this_shape(
    api: httpx.Client, inputs: list[dict[str, Any]], options: dict[str, Any], words: str
) -> None:
    assert_error(ask(api, *inputs, **options), 400, words)


def test_what_is_not_there_is_a_404_in_this_shape(api: httpx.Client) -> None:
    assert_error(ask(api, series(WAVE), model=TEXT), 404)
    assert_error(api.get(f"/v1/timeseries/{TEXT}"), 404)
    assert_error(api.post("/v1/timeseries/forecast", content=b"{"), 400)
    assert api.get("/v1/models/timeseries").json().keys() == {"error"}
