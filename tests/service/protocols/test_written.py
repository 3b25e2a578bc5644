"""Models that write, compared over HTTP: answers, errors where the right text is known, and bad input."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from service.protocols.native.compared import CompareResponse
from tests.problems import assert_problem
from tests.service.protocols.test_answers import asked

FAR = "born in korea . " + "the sea is blue and " * 20 + "france . speaks"
NEAR = "born in korea . the sea is . speaks"
CELLS = ["recall-simplernn", "recall-lstm", "recall-gru"]


def compared(api: httpx.Client, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = asked(api, "/compare", {"task": "recall", **body}, CompareResponse)
    return found


def test_the_three_cells_read_one_sentence_and_the_simple_rnn_loses_its_beginning(api: httpx.Client) -> None:
    found = compared(api, sequence=FAR, target="korean")
    assert [each["model"] for each in found["results"]] == CELLS
    simple, lstm, gru = found["results"]
    assert (lstm["outputs"], gru["outputs"]) == (["korean"], ["korean"])
    assert [each["errors"] for each in found["results"]] == [[1.0], [0.0], [0.0]]
    assert simple["outputs"] != ["korean"]
    assert found["rules"] == [{"name": "first_country", "outputs": ["korean"], "errors": [0.0]}]
    assert found["best"]["by"] == "error"
    assert found["best"]["model"] in CELLS[1:]
    assert found["chosen"] is None


def test_each_cell_answers_as_it_does_alone(api: httpx.Client) -> None:
    found = compared(api, sequences=[FAR, NEAR])
    for result in found["results"]:
        alone = [api.post("/generate", json={"model": result["model"], "input": text}).json() for text in (FAR, NEAR)]
        assert result["outputs"] == [each["output"] for each in alone]
        assert result["probabilities"] == [each["probability"] for each in alone]
        assert result["checks"] == [each["check"] for each in alone]
        assert result["warnings"] == [each["warnings"] for each in alone]
        assert result["errors"] is None
    assert found["best"]["by"] == "check"


def test_where_the_rule_is_silent_the_cards_tests_decide(api: httpx.Client) -> None:
    found = compared(api, sequence="the sea is blue")
    assert found["rules"][0]["outputs"] == [None]
    tests = {each["model"]: each["test"]["mse"] for each in found["results"]}
    assert found["best"]["by"] == "test"
    assert tests[found["best"]["model"]] == min(tests.values())


def test_the_log_has_one_row_of_all_three_and_nothing_of_it_comes_true_as_a_number(api: httpx.Client) -> None:
    found = compared(api, sequence=NEAR)
    row = api.get(f"/requests/{found['request_id']}").json()
    assert (row["endpoint"], row["task"]) == ("/compare", "recall")
    assert row["models"] == [f"{name}/1" for name in CELLS]
    refused = api.post(f"/requests/{found['request_id']}/outcome", json={"value": 1.0})
    assert_problem(refused, 422, "not_recorded")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"sequence": ""}, "too_short"),
        ({"sequence": "born in atlantis . speaks"}, "not_in_alphabet"),
        ({"sequence": [1, 2, 3]}, "wrong_input"),
        ({"sequences": [NEAR, [1.0]]}, "mixed_sequences"),
        ({"sequence": NEAR, "target": 3}, "targets_mismatch"),
        ({"sequences": [NEAR], "targets": ["korean", "french"]}, "targets_mismatch"),
        ({"sequence": NEAR, "levels": [80]}, "wrong_input"),
        ({"sequence": NEAR, "season": 12}, "wrong_input"),
        ({"sequence": NEAR, "chosen": True}, "model_required"),
        ({"task": "sine", "sequence": NEAR}, "wrong_input"),
        ({"task": "sine", "sequence": [1, 2, 3], "target": "korean"}, "targets_mismatch"),
        ({"sequence": NEAR, "models": ["translate-date-gru"]}, "wrong_task"),
    ],
)
def test_bad_input_is_refused(api: httpx.Client, body: dict[str, Any], code: str) -> None:
    assert_problem(api.post("/compare", json={"task": "recall", **body}), 422, code)
