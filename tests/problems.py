"""The one helper through which every failing route is tested."""

from __future__ import annotations

from typing import Any

import httpx

# Text and a number to put into bad input: no error answer may repeat them.
TEXT = "Zq7mark"
NUMBER = 271828182.84

_MEMBERS = {"type", "title", "status", "detail", "code", "request_id", "errors"}


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """``response`` is problem+json (RFC 9457) of that status and code, small, and repeats no input."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) <= 4096
    assert TEXT not in response.text
    assert str(NUMBER) not in response.text
    problem: dict[str, Any] = response.json()
    assert problem.keys() == _MEMBERS
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    assert len(problem["errors"]) <= 10
    for error in problem["errors"]:
        assert error.keys() == {"where", "expected"}
        assert error["where"]
        assert error["expected"]
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        assert int(response.headers["retry-after"]) >= 1
    return problem
