"""What really came next, over HTTP: recording it, live quality, statistics, export and forgetting."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import MODELS
from tests.problems import assert_problem
from tests.serving import in_thread

SERIES = [1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 8.0, 7.0]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[httpx.Client]:
    """A service with an empty log of its own."""
    with in_thread(
        models_dir=MODELS, database_url=f"sqlite:///{tmp_path / 'log.db'}", log_durability="process"
    ) as client:
        yield client


def _predict(client: httpx.Client, **body: Any) -> str:
    answer = client.post("/predict", json={"model": "sine-gru", "sequence": SERIES, **body})
    assert answer.status_code == httpx.codes.OK
    return str(answer.json()["request_id"])


def test_an_outcome_is_recorded_once_and_repeating_it_changes_nothing(api: httpx.Client) -> None:
    request_id = _predict(api)
    first = api.post(f"/requests/{request_id}/outcome", json={"value": 9.0})
    again = api.post(f"/requests/{request_id}/outcome", json={"value": 9.0})
    assert first.status_code == again.status_code == httpx.codes.OK
    assert (first.json()["values"], first.json()["scored"], again.json()["scored"]) == (9.0, 1, 0)


def test_a_contradiction_is_refused(api: httpx.Client) -> None:
    request_id = _predict(api)
    api.post(f"/requests/{request_id}/outcome", json={"value": 9.0})
    assert_problem(api.post(f"/requests/{request_id}/outcome", json={"value": 8.0}), 409, "outcome_conflict")


def test_outcomes_of_several_sequences_may_arrive_one_after_the_other(api: httpx.Client) -> None:
    request_id = _predict(api, sequence=None, sequences=[SERIES, SERIES])
    partly = api.post(f"/requests/{request_id}/outcome", json={"values": [9.0, None]})
    wholly = api.post(f"/requests/{request_id}/outcome", json={"values": [None, 8.0]})
    assert partly.json()["values"] == [9.0, None]
    assert wholly.json()["values"] == [9.0, 8.0]


def test_an_outcome_shaped_unlike_its_answer_is_refused(api: httpx.Client) -> None:
    request_id = _predict(api)
    assert_problem(api.post(f"/requests/{request_id}/outcome", json={"values": [1.0, 2.0]}), 422, "outcome_shape")
    assert_problem(api.post(f"/requests/{request_id}/outcome", json={"value": "9"}), 422, "wrong_type")


def test_an_outcome_is_taken_as_curl_sends_it(api: httpx.Client) -> None:
    path = f"/requests/{_predict(api)}/outcome"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.post(path, content=b'{"value": 9.0}', headers=form).json()["values"] == 9.0
    assert api.post(path, content=b'{"value": 9.0}').json()["values"] == 9.0  # no Content-Type at all
    assert_problem(api.post(path, content=b"<9/>", headers={"Content-Type": "text/xml"}), 415, "unsupported_media_type")


def test_an_outcome_given_twice_is_refused_and_nothing_is_recorded(api: httpx.Client) -> None:
    path = f"/requests/{_predict(api)}/outcome"
    assert_problem(api.post(path, content=b'{"value": 4.0, "value": 9.0}'), 422, "repeated_key")
    assert api.post(path, json={"value": 5.0}).json()["scored"] == 1


def test_the_outcome_of_no_request_is_not_found(api: httpx.Client) -> None:
    assert_problem(api.post("/requests/nothing/outcome", json={"value": 9.0}), 404, "unknown_request")


def test_an_answer_that_was_not_kept_cannot_be_judged(tmp_path: Path) -> None:
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path / 'log.db'}", log_bodies="off") as client:
        request_id = _predict(client)
        assert_problem(client.post(f"/requests/{request_id}/outcome", json={"value": 9.0}), 422, "not_recorded")


def test_live_quality_is_the_error_of_the_answers_beside_the_rules(fresh: httpx.Client) -> None:
    errors = []
    for shift in range(25):
        body = {"model": "linear-gru", "sequence": [shift + 1.5 * k for k in range(8)]}
        answer = fresh.post("/predict", json=body).json()
        came = shift + 12.5
        fresh.post(f"/requests/{answer['request_id']}/outcome", json={"value": came})
        errors.append(abs(answer["predictions"][0]["value"] - came))
    (model,) = fresh.get("/quality").json()["models"]
    assert (model["model"], model["task"], model["outcomes"]) == ("linear-gru/1", "linear", 25)
    assert model["mae"] == pytest.approx(sum(errors) / 25)
    assert model["verdict"] in ("beats", "ties", "loses")
    assert fresh.get("/quality").json()["preferred"][0]["task"] == "linear"


def test_statistics_count_requests_and_errors(fresh: httpx.Client) -> None:
    _predict(fresh)
    fresh.post("/predict", json={"sequence": []})
    (load,) = fresh.get("/requests/stats").json()["endpoints"]
    assert (load["name"], load["requests"], load["errors"]) == ("/predict", 2, 1)
    assert 0 < load["p50_us"] <= load["p99_us"]


def test_a_window_that_ends_before_it_begins_is_refused(api: httpx.Client) -> None:
    window = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert_problem(api.get("/requests/stats", params=window), 422, "out_of_range")


def test_the_export_holds_every_row_in_both_forms(fresh: httpx.Client) -> None:
    ids = [_predict(fresh) for _ in range(3)]
    lines = [json.loads(line) for line in fresh.get("/requests/export").text.splitlines()]
    assert [line["id"] for line in lines] == ids[::-1]
    assert lines[0]["request"]["sequence"] == SERIES
    table = fresh.get("/requests/export", params={"format": "csv"})
    assert table.headers["Content-Type"].startswith("text/csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == ids[::-1]


def test_what_is_forgotten_is_gone(fresh: httpx.Client) -> None:
    request_id = _predict(fresh)
    assert fresh.delete("/requests", params={"before": "2026-01-01T00:00:00Z"}).json() == {"deleted": 0}
    assert fresh.delete("/requests", params={"before": "2999-01-01T00:00:00Z"}).json() == {"deleted": 1}
    assert_problem(fresh.get(f"/requests/{request_id}"), 404, "unknown_request")


def test_forgetting_wants_exactly_one_condition(api: httpx.Client) -> None:
    assert_problem(api.delete("/requests"), 422, "one_of")


def test_rows_older_than_the_days_to_keep_are_deleted_at_start(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'log.db'}"
    with in_thread(models_dir=MODELS, database_url=database) as client:
        _predict(client)
    with in_thread(models_dir=MODELS, database_url=database, log_keep_days=1e-9) as client:
        for _ in range(500):  # deletion runs beside requests; each look costs a millisecond
            if not client.get("/requests").json()["requests"]:
                return
    raise AssertionError("the old row is still there")
