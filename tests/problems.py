"""The helpers through which every failing route is tested, one for each shape of error."""

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


def assert_foreign_error(response: httpx.Response, status: int, words: str = "") -> str:
    """``response`` is the error shape of v1 and v2: exactly one string, small, repeating no input."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/json"
    assert len(response.content) <= 4096
    assert TEXT not in response.text
    assert str(NUMBER) not in response.text
    assert response.headers["x-request-id"]
    error = response.json()
    assert error.keys() == {"error"}
    assert isinstance(error["error"], str)
    assert words in error["error"]
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        assert int(response.headers["retry-after"]) >= 1
    text: str = error["error"]
    return text
