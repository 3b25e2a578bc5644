"""The request log over HTTP, and the names of requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.problems import TEXT, assert_problem


def posted(api: httpx.Client, body: dict[str, Any], path: str = "/predict", **headers: str) -> str:
    response = api.post(path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
    identity: str = response.headers["x-request-id"]
    return identity


def row_of(api: httpx.Client, identity: str) -> dict[str, Any]:
    response = api.get(f"/requests/{identity}")
    assert response.status_code == 200
    row: dict[str, Any] = response.json()
    return row


def refused_row(api: httpx.Client, identity: str) -> dict[str, Any]:
    """A refused request's answer does not wait for its row; a row that is waited for comes after it."""
    posted(api, {"sequence": [1]})
    return row_of(api, identity)


def test_a_row_holds_question_answer_and_what_was_measured(api: httpx.Client) -> None:
    before = datetime.now(UTC)
    body = {"model": "sine-gru", "sequences": [[1, 2, 3], [4, 5]]}
    response = api.post("/predict", json=body)
    row = row_of(api, response.json()["request_id"])
    assert row["id"] == response.json()["request_id"]
    assert (row["request"], row["response"]) == (body, response.json())
    assert (row["endpoint"], row["task"], row["models"]) == ("/predict", "sine", ["sine-gru/1"])
    assert (row["status"], row["code"], row["client"]) == (200, None, None)
    assert (row["sequences"], row["values"]) == (2, 5)
    assert (row["request_bytes"], row["response_bytes"]) == (len(response.request.content), len(response.content))
    assert row["duration_us"] > 0
    moment = datetime.fromisoformat(row["time"])
    assert abs((moment - before).total_seconds()) < 60


def test_an_automatic_choice_is_logged_with_everyone_who_answered(api: httpx.Client) -> None:
    row = row_of(api, posted(api, {"sequences": [[1], [2, 4]]}))
    assert (row["task"], row["models"]) == (None, ["rule:drift", "rule:naive"])


def test_a_refused_request_leaves_its_size_and_code_and_no_body(api: httpx.Client) -> None:
    response = api.post("/predict", json={"sequence": [1], "model": TEXT})
    row = refused_row(api, response.headers["x-request-id"])
    assert (row["status"], row["code"]) == (404, "unknown_model")
    assert row["request_bytes"] == len(response.request.content)
    assert (row["request"], row["response"], row["request_sha256"]) == (None, None, None)
    assert TEXT not in str(row)


@pytest.mark.parametrize("body", [b"", b"null", b"{"])
def test_every_request_that_reached_validation_leaves_a_row(api: httpx.Client, body: bytes) -> None:
    response = api.post("/predict", content=body)
    row = refused_row(api, response.headers["x-request-id"])
    assert (row["status"], row["request_bytes"]) == (422, len(body))


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"X_Request_ID": "order-7"}, "order-7"),
        ({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},) * 2,
        ({"X_Request_ID": "mine", "traceparent": "00-1-2-01"}, "mine"),
        ({"X_Request_ID": "x" * 500}, "x" * 128),
        ({"X_Request_ID": "tab\there"}, None),
        ({}, None),
    ],
)
def test_the_clients_own_name_for_its_request_is_kept_and_never_used_as_the_id(
    api: httpx.Client, headers: dict[str, str], kept: Any
) -> None:
    identity = posted(api, {"sequence": [1]}, **headers)
    expected = headers["traceparent"] if isinstance(kept, dict) else kept
    assert identity not in headers.values()
    assert row_of(api, identity)["client_request_id"] == expected


@pytest.mark.parametrize(
    "path", ["/models", "/models/nobody", "/health/live", "/requests", "/docs", "/openapi.json", "/nothing", "/predict"]
)
def test_every_answer_has_an_id_of_its_own(api: httpx.Client, path: str) -> None:
    first, second = (api.get(path, headers={"X-Request-ID": "mine"}).headers.get_list("x-request-id") for _ in "12")
    assert len(first) == len(second) == 1
    assert first < second  # ids only grow
    assert "mine" not in first


def test_ids_grow_with_every_request(api: httpx.Client) -> None:
    ids = [posted(api, {"sequence": [k]}) for k in range(20)]
    assert ids == sorted(set(ids))


def test_pages_lead_through_all_rows_newest_first_without_a_gap(api: httpx.Client) -> None:
    ids = [posted(api, {"sequence": [k]}) for k in range(7)]
    found: list[str] = []
    cursor = None
    while len(found) < 7:
        page = api.get("/requests", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["requests"]) == 2
        found += [row["id"] for row in page["requests"]]
        cursor = page["next"]
    assert found[:7] == ids[::-1]
    assert "request" not in page["requests"][0]


def test_filters_leave_only_what_matches(api: httpx.Client) -> None:
    sine = posted(api, {"model": "sine-gru", "sequence": [1, 2, 3]})
    compare = posted(api, {"task": "linear", "sequence": [1, 2, 3]}, "/compare")
    refused = posted(api, {"model": "nobody", "sequence": [1]})
    last = posted(api, {"sequence": [1]})

    def ids(**query: str | int) -> list[str]:
        response = api.get("/requests", params={"limit": 1000, **query})
        assert response.status_code == 200, response.text
        return [row["id"] for row in response.json()["requests"]]

    assert compare in ids(endpoint="/compare")
    assert sine not in ids(endpoint="/compare")
    assert refused in ids(status=404)
    assert sine not in ids(status=404)
    for model in ("sine-gru", "sine-gru/1"):
        assert sine in ids(model=model)
        assert last not in ids(model=model)
    assert compare in ids(model="linear-lstm")
    assert ids(model="rule:naive", endpoint="/predict", status=200)[0] == last
    assert ids(model="sine-gru/2") == []
    moment = row_of(api, last)["time"]
    assert last in ids(since=moment)
    assert last not in ids(until=moment)
    assert ids(since="2099-01-01T00:00:00Z") == []


def test_the_endpoint_is_filtered_by_the_path_that_was_posted_to(api: httpx.Client) -> None:
    instances = {"instances": [[1.0, 2.0, 3.0]]}
    gru, lstm = (posted(api, instances, f"/v1/models/sine-{cell}:predict") for cell in ("gru", "lstm"))
    version = posted(api, instances, "/v1/models/sine-gru/versions/1:predict")

    def ids(**query: str) -> list[str]:
        response = api.get("/requests", params={"limit": "3", **query})
        assert response.status_code == 200, response.text
        return [row["id"] for row in response.json()["requests"]]

    assert ids(endpoint="/v1/models/{model}:predict") == [version, lstm, gru]
    assert ids(endpoint="/v1/models/sine-gru:predict")[:2] == [version, gru]
    assert ids(endpoint="/v1/models/sine-gru:predict", model="sine-gru")[:2] == [version, gru]
    assert ids(endpoint="/v1/models/sine-gru/versions/1:predict")[:2] == [version, gru]
    assert ids(endpoint="/v1/models/sine-lstm:predict")[0] == lstm
    assert ids(endpoint="/v1/models/nobody:predict") == ids(endpoint="/nowhere") == ids(endpoint="predict") == []
    other = api.get("/requests", params={"endpoint": "/v1/models/sine-gru:predict", "model": "sine-lstm"})
    assert_problem(other, 422, "one_of")


def test_an_id_is_the_same_in_capitals(api: httpx.Client) -> None:
    identity = posted(api, {"sequence": [1, 2]})
    assert api.get(f"/requests/{identity.upper()}").json() == row_of(api, identity)
    outcome = api.post(f"/requests/{identity.upper()}/outcome", json={"value": 3.0})
    assert outcome.json()["id"] == identity
    later = api.get("/requests", params={"cursor": identity.upper(), "limit": 5}).json()
    assert later == api.get("/requests", params={"cursor": identity, "limit": 5}).json()
