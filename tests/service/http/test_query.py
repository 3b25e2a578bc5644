"""Query parameters: misspelt ones, repeated ones, and times as people type them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.problems import TEXT, assert_problem

# What each route knows, the rest being refused.
KNOWN: dict[tuple[str, str], set[str]] = {
    ("GET", "/requests"): {"endpoint", "model", "status", "since", "until", "limit", "cursor"},
    ("GET", "/requests/export"): {"endpoint", "model", "status", "since", "until", "format"},
    ("GET", "/requests/stats"): {"since", "until"},
    ("DELETE", "/requests"): {"before", "client"},
    ("GET", "/quality"): {"since", "until"},
    ("GET", "/models/sine-gru"): {"version"},
    ("GET", "/models/sine-gru/plots/loss.svg"): {"version"},
    ("GET", "/models"): set(),
    ("GET", "/health/live"): set(),
    ("GET", "/metrics"): set(),
    ("POST", "/predict"): set(),
    ("POST", "/compare"): set(),
}


@pytest.mark.parametrize("query", [f"{TEXT}=1", f"limit=1&{TEXT}=1", TEXT, "=1", "Limit=1", "limit%20=1"])
@pytest.mark.parametrize(("method", "path"), KNOWN)
def test_an_unknown_name_is_refused_with_those_that_are_known(
    api: httpx.Client, method: str, path: str, query: str
) -> None:
    body = b'{"sequence":[1,2],"task":"sine"}' if method == "POST" else None
    problem = assert_problem(api.request(method, f"{path}?{query}", content=body), 422, "unknown_parameter")
    known = KNOWN[method, path]
    expected = problem["errors"][0]["expected"]
    assert set(expected.removeprefix("only ").split(", ")) == (known or {"no query parameters"})


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&limit=1", "model=a&limit=1&model=b"])
def test_a_name_given_twice_is_refused(api: httpx.Client, query: str) -> None:
    problem = assert_problem(api.get(f"/requests?{query}"), 422, "repeated_parameter")
    assert problem["errors"][0]["where"] in ("query.limit", "query.model")


@pytest.mark.parametrize("path", ["/v1/models", "/v2/models/sine-gru", "/v2", "/", "/page/main.js", "/docs"])
def test_other_protocols_and_pages_let_unknown_names_pass(api: httpx.Client, path: str) -> None:
    assert api.get(f"{path}?{TEXT}=1").status_code == httpx.codes.OK


@pytest.mark.parametrize("separator", ["T", "%20", "+"])
@pytest.mark.parametrize("offset", ["+02:00", "+0200", "%2B02:00", "%2b0200", "%2002:00"])
@pytest.mark.parametrize("time", ["10:30:00", "10:30:00.000", "10:30"])
def test_an_offset_is_understood_whether_or_not_its_plus_is_encoded(
    api: httpx.Client, separator: str, offset: str, time: str
) -> None:
    query = f"since=2026-03-01{separator}{time}{offset}&until=2026-03-01T09:30:00Z"
    response = api.get(f"/requests/stats?{query}")
    assert response.status_code == httpx.codes.OK, response.text
    assert response.json()["since"] == "2026-03-01T08:30:00Z"


@pytest.mark.parametrize(
    "time", ["2026-03-01", "2026-03-01T10:30:00", "2026-03-01%2010:30", "1772361000", "now", "-02:00"]
)
@pytest.mark.parametrize("route", ["/requests?since=", "/requests/export?until=", "/quality?since="])
def test_a_time_without_its_offset_is_refused(api: httpx.Client, route: str, time: str) -> None:
    problem: dict[str, Any] = assert_problem(api.get(route + time), 422, "invalid_input")
    assert problem["errors"][0]["where"] in ("query.since", "query.until")
