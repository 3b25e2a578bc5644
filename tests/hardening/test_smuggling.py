"""No request is found inside another one, whatever is said of where its body ends."""

from __future__ import annotations

import pytest

from tests.hardening.asking import Asked
from tests.hardening.smuggling import CARRIED, CARRIED_CODE, SHAPES, Shape, answers, statuses
from tests.raw import exchange, http


def carried(asked: Asked) -> int:
    """How many carried requests were answered so far."""
    asked.sequence("/predict", "[1,2]")  # its row comes after theirs
    rows = exchange(asked.port, http("GET", "/requests?endpoint=/predict&status=404&limit=1000")).json()["requests"]
    return sum(row["code"] == CARRIED_CODE for row in rows)


@pytest.mark.parametrize("name", SHAPES)
def test_only_what_was_asked_is_answered(asked: Asked, name: str) -> None:
    before = carried(asked)
    received = answers(asked.port, SHAPES[name])
    assert statuses(received) == SHAPES[name].statuses, received
    assert carried(asked) == before


def test_a_carried_request_that_is_found_is_noticed(asked: Asked) -> None:
    before = carried(asked)
    assert statuses(answers(asked.port, Shape(CARRIED, []))) == [404, 200]
    assert carried(asked) == before + 1
