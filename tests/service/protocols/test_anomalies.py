"""POST /anomalies over HTTP: points, flags by level and by rate, its row in the log, and what it refuses."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import TypeAdapter

from service.protocols.native.anomalies import AnomaliesResponse
from tests.problems import assert_problem

MONTHS = (100 + 20 * np.sin(2 * np.pi * np.arange(96) / 12) + np.random.default_rng(5).standard_normal(96)).tolist()
ODD = [*MONTHS[:60], MONTHS[60] + 50.0, *MONTHS[61:]]


def judged(api: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    answer = api.post("/anomalies", json=asked)
    assert answer.status_code == httpx.codes.OK, answer.text
    TypeAdapter(AnomaliesResponse).validate_json(answer.content, strict=True, extra="forbid")
    found: list[dict[str, Any]] = answer.json()["anomalies"]
    return found


def flagged(found: dict[str, Any]) -> list[int]:
    return [point["step"] for point in found["points"] if point["flag"]]


def test_every_value_that_can_be_judged_is_a_point(api: httpx.Client) -> None:
    (found,) = judged(api, sequence=ODD, season=12)
    points = found["points"]
    assert [point["step"] for point in points] == list(range(points[0]["step"], 96))
    assert points[0]["step"] == 13
    assert [point["value"] for point in points] == ODD[13:]
    assert found["season"] == {"steps": [12], "told": True, "weights": None}
    assert all(point["interval"][0] <= point["expected"] <= point["interval"][1] for point in points)
    assert found["check"]["verdict"] in {"beats", "ties", "loses"}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"flag_rate": 0.02},
        {"level": 99},
        {"level": 99.99999999999999},
        {"flag_rate": 0.0001},
        {"model": "series-gru", "level": 99.5},
    ],
)
def test_an_outlier_is_flagged_and_leaves_no_echo(api: httpx.Client, asked: dict[str, Any]) -> None:
    (found,) = judged(api, sequence=ODD, season=12, **asked)
    assert 60 in flagged(found)
    assert len(flagged(found)) <= 3
    assert not {*range(61, 96, 12), 61, 62, 63} & {*flagged(found)}
    point = found["points"][60 - found["points"][0]["step"]]
    assert point["p"] < 1e-4
    assert point["expected"] == pytest.approx(MONTHS[60], abs=6.0)


def test_a_lasting_change_of_level_is_told(api: httpx.Client) -> None:
    shifted = [*MONTHS[:70], *(value + 40.0 for value in MONTHS[70:])]
    (found,) = judged(api, sequence=shifted, season=12)
    (shift,) = [each for each in found["shifts"] if each["step"] > 20]
    assert shift == {"step": 70, "size": pytest.approx(40.0, abs=6.0)}
    assert not [step for step in flagged(found) if step > 82]


def test_an_interval_holds_what_is_not_flagged_by_a_level(api: httpx.Client) -> None:
    (found,) = judged(api, sequence=ODD, level=90)
    for point in found["points"]:
        lower, upper = point["interval"]
        assert point["flag"] is not (lower <= point["value"] <= upper)
        assert point["flag"] is (point["p"] <= 0.1)


def test_the_last_values_are_judged_by_those_before_them(api: httpx.Client) -> None:
    (found,) = judged(api, sequence=ODD, last=5, level=95)
    assert [point["step"] for point in found["points"]] == [91, 92, 93, 94, 95]


def test_a_gap_is_no_anomaly(api: httpx.Client) -> None:
    (found,) = judged(api, sequence=[*MONTHS[:50], None, *MONTHS[51:]], season=12)
    point = found["points"][50 - 13]
    assert (point["step"], point["value"], point["p"], point["flag"]) == (50, None, None, False)


def test_several_sequences_are_answered_in_their_order_and_as_each_alone(api: httpx.Client) -> None:
    sequences = [ODD, [1.0, 2.0, 3.0], MONTHS[:40], [5.0]]
    together = judged(api, sequences=sequences)
    assert together == [judged(api, sequence=each)[0] for each in sequences]
    assert together[3]["points"] == []


def test_it_leaves_a_row(api: httpx.Client) -> None:
    answer = api.post("/anomalies", json={"model": "sine-gru", "sequences": [ODD, MONTHS]})
    row = api.get(f"/requests/{answer.json()['request_id']}").json()
    assert (row["endpoint"], row["task"], row["models"]) == ("/anomalies", "sine", ["sine-gru/1"])
    assert (row["sequences"], row["values"]) == (2, 192)
    assert row["response"] == answer.json() or row["response"] is None


@pytest.mark.parametrize(
    ("asked", "code", "where"),
    [
        ({"sequence": MONTHS, "level": 99, "flag_rate": 0.01}, "one_of", "level"),
        ({"sequence": MONTHS, "sequences": [MONTHS]}, "one_of", "body"),
        ({"sequence": MONTHS, "level": 100}, "out_of_range", "level"),
        ({"sequence": MONTHS, "flag_rate": 0}, "out_of_range", "flag_rate"),
        ({"sequence": MONTHS, "flag_rate": 1.0}, "out_of_range", "flag_rate"),
        ({"sequence": MONTHS, "flag_rate": 5e-324}, "out_of_range", "flag_rate"),
        ({"sequence": MONTHS, "last": 0}, "out_of_range", "last"),
        ({"sequence": MONTHS, "last": 2.5}, "wrong_type", "last"),
        ({"sequence": MONTHS, "horizon": 2}, "unknown_field", "body"),
        ({"sequence": MONTHS, "version": "1"}, "model_required", "version"),
        ({"sequence": MONTHS, "model": "memory-gru"}, "not_forecastable", "model"),
        ({"sequence": [[1, 2.0], [2, 3.0]]}, "model_required", "model"),
    ],
)
def test_bad_input_is_told_what_was_expected(api: httpx.Client, asked: dict[str, Any], code: str, where: str) -> None:
    problem = assert_problem(api.post("/anomalies", json=asked), 422, code)
    assert problem["errors"][0]["where"] == where


def test_an_unknown_model_is_not_found(api: httpx.Client) -> None:
    assert_problem(api.post("/anomalies", json={"model": "nobody", "sequence": MONTHS}), 404, "unknown_model")
