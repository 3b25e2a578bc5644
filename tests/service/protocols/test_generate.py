"""What is written over HTTP: the answer, its log row, and bad input."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from service.protocols.native.inspected import InspectResponse
from service.protocols.native.written import GenerateResponse
from tests.problems import assert_problem
from tests.service.protocols.test_answers import asked

MODEL = "translate-date-gru"
DATE = {"model": MODEL, "input": "3 Nov 26"}


def test_a_date_is_written_with_its_evidence(api: httpx.Client) -> None:
    found = asked(api, "/generate", DATE, GenerateResponse)
    assert (found["model"], found["version"], found["output"]) == (MODEL, "1", "2026-11-03")
    assert found["check"] == {"rule": "date_parser", "rule_output": "2026-11-03", "agree": True}
    assert found["warnings"] == []
    assert found["candidates"] == [{"output": "2026-11-03", "probability": found["probability"]}]
    assert [step["output"] for step in found["steps"]] == [*"2026-11-03", ""]
    assert math.prod(step["alternatives"][0]["probability"] for step in found["steps"]) == pytest.approx(
        found["probability"]
    )
    assert [sum(row) for row in found["attention"]] == pytest.approx([1.0] * 11)
    assert {len(row) for row in found["attention"]} == {len(DATE["input"])}


def test_korean_and_english_mean_the_same(api: httpx.Client) -> None:
    outputs = [
        asked(api, "/generate", {"model": MODEL, "input": text}, GenerateResponse)["output"]
        for text in ("2026년 11월 3일", "November 3, 2026", "11/3/2026", "2026. 11. 3.")
    ]
    assert outputs == ["2026-11-03"] * 4


def test_beams_and_draws_are_told(api: httpx.Client) -> None:
    beams = asked(api, "/generate", {**DATE, "beams": 4}, GenerateResponse)
    assert len(beams["candidates"]) == 4
    drawn = [asked(api, "/generate", {**DATE, "temperature": 4.0, "seed": 7}, GenerateResponse) for _ in range(2)]
    assert drawn[0]["output"] == drawn[1]["output"]
    assert "drew each symbol by chance" in drawn[0]["warnings"][-1]


def test_where_the_rule_has_no_answer_or_another_one_a_warning_says_so(api: httpx.Client) -> None:
    impossible = asked(api, "/generate", {"model": MODEL, "input": "31 Feb 2026"}, GenerateResponse)
    assert impossible["check"] == {"rule": "date_parser", "rule_output": None, "agree": None}
    assert "nothing speaks for what" in impossible["warnings"][0]
    longer = asked(api, "/generate", {"model": MODEL, "input": "3 Nov 26" + " " * 20}, GenerateResponse)
    assert any("trained on lengths of 8 to 18 steps" in each for each in longer["warnings"])


def test_an_image_is_answered_by_a_word_and_a_word_by_an_image(api: httpx.Client) -> None:
    drawn = asked(api, "/generate", {"model": "draw-digit-gru", "input": "sevne"}, GenerateResponse)
    assert (drawn["probability"], drawn["steps"], drawn["attention"]) == (None, [], None)
    assert (drawn["check"]["rule"], drawn["check"]["agree"]) == ("nearest_word", True)
    assert len(drawn["output"]) == len(drawn["check"]["rule_output"]) == 64
    assert all(0.0 <= pixel <= 16.0 for pixel in drawn["output"])
    words = {
        language: asked(
            api, "/generate", {"model": f"caption-digit-{language}-gru", "input": drawn["output"]}, GenerateResponse
        )
        for language in ("en", "ko")
    }
    assert {language: each["output"] for language, each in words.items()} == {"en": "seven", "ko": "일곱"}
    assert words["en"]["check"] == {"rule": "three_nearest", "rule_output": "seven", "agree": True}
    assert [len(row) for row in words["en"]["attention"]] == [8] * len(words["en"]["steps"])
    row = api.get(f"/requests/{words['ko']['request_id']}").json()
    assert (row["task"], row["models"]) == ("caption-digit-ko", ["caption-digit-ko-gru/1"])


def test_the_log_has_the_row(api: httpx.Client) -> None:
    found = asked(api, "/generate", DATE, GenerateResponse)
    row = api.get(f"/requests/{found['request_id']}").json()
    assert (row["endpoint"], row["task"], row["models"]) == ("/generate", "translate-date", [f"{MODEL}/1"])
    assert (row["sequences"], row["values"], row["status"]) == (1, 8, 200)
    inspected = asked(api, "/inspect", {"model": MODEL, "sequence": "3 Nov 26"}, InspectResponse)
    for each in (found, inspected):
        refused = api.post(f"/requests/{each['request_id']}/outcome", json={"value": 1.0})
        assert_problem(refused, 422, "not_recorded")
    assert api.get("/quality").status_code == 200


def test_a_look_inside_shows_attention_and_what_each_symbol_hangs_on(api: httpx.Client) -> None:
    found = asked(api, "/inspect", {"model": MODEL, "sequence": "3 Nov 26"}, InspectResponse)
    assert (found["output"], found["value"] < 0.0) == ("2026-11-03", True)
    assert [step["input"] for step in found["steps"]] == list("3 Nov 26")
    assert found["steps"][0]["gates"].keys() == {"update", "reset", "candidate"}
    for matrix in (found["attention"], found["connectivity"]):
        assert [len(row) for row in matrix] == [8] * 11
    of_numbers = asked(api, "/inspect", {"model": "sine-gru", "sequence": [1, 2, 3]}, InspectResponse)
    assert (of_numbers["output"], of_numbers["attention"], of_numbers["connectivity"]) == (None, None, None)


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"input": "3 Nov '26"}, "not_in_alphabet", "input"),
        ({"input": "é"}, "not_in_alphabet", "input"),
        ({"input": "\u0000"}, "not_in_alphabet", "input"),
        ({"input": "😀"}, "not_in_alphabet", "input"),
        ({"input": ""}, "too_short", "input"),
        ({"input": "1" * 41}, "sequence_too_long", "input"),
        ({"input": "1" * 10_001}, "too_long", "input"),
        ({"input": 3}, "wrong_type", "input"),
        ({"input": ["3 Nov 26"]}, "wrong_type", "input.0"),
        ({"input": [1.0] * 64}, "wrong_input", "input"),
        ({"model": "caption-digit-en-gru"}, "wrong_input", "input"),
        ({"model": "caption-digit-en-gru", "input": [1.0] * 63}, "not_an_image", "input"),
        ({"model": "caption-digit-en-gru", "input": [17.0] * 64}, "not_an_image", "input"),
        ({"model": "caption-digit-en-gru", "input": [None] * 64}, "wrong_type", "input.0"),
        ({"model": "caption-digit-en-gru", "input": []}, "too_short", "input"),
        ({"model": "draw-digit-gru", "input": "Three"}, "not_in_alphabet", "input"),
        ({"model": "draw-digit-gru", "input": "a" * 21}, "sequence_too_long", "input"),
        ({"model": "draw-digit-gru", "input": "three", "beams": 2}, "not_sampled", "beams"),
        ({"model": "draw-digit-gru", "input": "three", "temperature": 1.0}, "not_sampled", "temperature"),
        ({"input": None}, "wrong_type", "input"),
        ({"beams": 0}, "out_of_range", "beams"),
        ({"beams": 11}, "out_of_range", "beams"),
        ({"beams": 2.5}, "wrong_type", "beams"),
        ({"temperature": 0}, "out_of_range", "temperature"),
        ({"temperature": 11}, "out_of_range", "temperature"),
        ({"temperature": 1.0, "beams": 2}, "one_of", "beams"),
        ({"seed": 1}, "one_of", "seed"),
        ({"temperature": 1.0, "seed": -1}, "out_of_range", "seed"),
        ({"temperature": 1.0, "seed": 2**32}, "out_of_range", "seed"),
        ({"model": "sine-gru"}, "not_generating", "model"),
        ({"horizon": 3}, "unknown_field", "body"),
    ],
)
def test_bad_input_is_refused_and_says_what_fits(
    api: httpx.Client, changed: dict[str, Any], code: str, where: str
) -> None:
    problem = assert_problem(api.post("/generate", json={**DATE, **changed}), 422, code)
    assert problem["errors"][0]["where"] == where


def test_no_such_model(api: httpx.Client) -> None:
    assert_problem(api.post("/generate", json={**DATE, "model": "translate-date"}), 404, "unknown_model")
    assert_problem(api.post("/generate", json={**DATE, "version": "9"}), 404, "unknown_version")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/predict", {"model": MODEL, "sequence": [1, 2, 3]}, "wrong_input"),
        ("/predict", {"model": MODEL, "sequence": "3 Nov 26"}, "wrong_type"),
        ("/forecast", {"model": MODEL, "sequence": [1, 2, 3], "horizon": 2}, "not_forecastable"),
        ("/backtest", {"models": [MODEL], "sequence": [1, 2, 3, 4], "horizon": 1}, "not_forecastable"),
        ("/compare", {"task": "translate-date", "sequence": [1, 2, 3]}, "wrong_input"),
        ("/inspect", {"model": MODEL, "sequence": [1, 2, 3]}, "wrong_input"),
        ("/inspect", {"model": MODEL, "sequence": "3 Nov '26"}, "not_in_alphabet"),
        ("/inspect", {"model": MODEL, "sequence": ""}, "too_short"),
        ("/inspect", {"model": "sine-gru", "sequence": "3 Nov 26"}, "wrong_input"),
    ],
)
def test_numbers_are_no_text_and_a_text_is_no_numbers(
    api: httpx.Client, path: str, body: dict[str, Any], code: str
) -> None:
    assert_problem(api.post(path, json=body), 422, code)
