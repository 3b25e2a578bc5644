from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from service.errors import InvalidInput, LogFull, LogUnavailable, Problem, UnknownModel
from service.http.errors import MOST_ERRORS, PROBLEMS, Failure, Where, failure_of, status_of


def test_the_nearest_class_of_the_table_decides() -> None:
    assert status_of(LogFull("full")) == status_of(LogUnavailable("away")) == 503


@pytest.mark.parametrize("letter", ["x", "ü", "語", "\U0001f600", '"', "\x00"])
def test_the_largest_problem_is_at_most_4_kilobytes(letter: str) -> None:
    wrong = tuple(Problem(letter * 5000, letter * 5000) for _ in range(50))
    refusal = PROBLEMS.refusal(failure_of(InvalidInput(letter * 5000, problems=wrong)), "id")
    assert refusal.status == 422
    assert len(refusal.content) <= 4096
    found = json.loads(refusal.content)
    assert len(found["errors"]) <= MOST_ERRORS
    assert found["detail"]


def test_at_most_ten_places_are_named() -> None:
    wrong = tuple(Where(f"sequences.{n}", "numbers") for n in range(50))
    refusal = PROBLEMS.refusal(Failure(HTTPStatus.UNPROCESSABLE_ENTITY, "detail", "code", wrong), "id")
    assert [each["where"] for each in json.loads(refusal.content)["errors"]] == [f"sequences.{n}" for n in range(10)]


def test_an_errors_own_code_goes_before_that_of_its_class() -> None:
    refusal = PROBLEMS.refusal(failure_of(UnknownModel("no such task", code="unknown_task")), "the-id")
    assert json.loads(refusal.content) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no such task",
        "code": "unknown_task",
        "request_id": "the-id",
        "errors": [],
    }
