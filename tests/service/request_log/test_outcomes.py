from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from functools import partial
from typing import Any

import pytest

from service.errors import InvalidInput, NotRecorded, OutcomeConflict, UnknownRequest
from service.request_log import quality as quality_module
from service.request_log.outcomes import Outcome, record_outcome
from service.request_log.quality import FEWEST
from service.request_log.reader import LogReader
from service.request_log.rows import Row
from service.request_log.writer import LogWriter
from tests.service.request_log.conftest import READERS

Play = Callable[..., list[Any]]
CHECK = {"rule": "drift", "rule_value": 6.0}
# What the service itself makes of its answers.
INTERVALS = {"80": [4.0, 5.5], "95": [3.0, 7.0]}
outcome_of = partial(record_outcome, readers=READERS)


@pytest.fixture
def play(open_writer: Callable[..., AbstractAsyncContextManager[LogWriter]]) -> Play:
    """Records rows, then runs jobs one after the other; gives their results or errors."""

    def played(rows: list[Row], *jobs: Any, **settings: Any) -> list[Any]:
        async def run() -> list[Any]:
            async with open_writer(**settings) as writer:
                await asyncio.gather(*[writer.record(row) for row in rows])
                return [(await asyncio.gather(writer.run(job), return_exceptions=True))[0] for job in jobs]

        return asyncio.run(run())

    return played


@pytest.fixture
def predicted(make_row: Callable[..., Row]) -> Callable[..., Row]:
    def make(
        value: float = 5.0,
        *,
        several: int = 0,
        model: str = "sine-gru",
        check: Any = CHECK,
        intervals: Any = INTERVALS,
        **changes: Any,
    ) -> Row:
        one = {
            "value": value,
            "model": model,
            "version": None if model.startswith("rule:") else "1",
            "intervals": intervals,
            "check": check,
            "warnings": [],
        }
        asked = {"sequences": [[1, 2, 4]] * several} if several else {"sequence": [1, 2, 4]}
        fields = {"request": asked, "response": {"predictions": [one] * (several or 1)}, "task": "sine"}
        fields["request"], fields["response"] = (json.dumps(fields[name]).encode() for name in ("request", "response"))
        return make_row(**{**fields, **changes})

    return make


def test_an_outcome_is_held_against_the_answer_and_against_its_rule(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    row = predicted(5.0)
    (outcome,) = play([row], outcome_of(row.id, value=7.0))
    assert (outcome.id, outcome.values, outcome.scored) == (row.id, 7.0, 1)
    (quality,) = reader.quality().models
    assert (quality.model, quality.task, quality.outcomes, quality.later) == ("sine-gru/1", "sine", 1, False)
    assert (quality.mae, quality.bias, quality.mase) == (2.0, -2.0, 2.0 / 1.5)
    assert (quality.rule_mae, quality.rule_mase, quality.skill) == (1.0, 1.0 / 1.5, -1.0)
    assert {level: cover.share for level, cover in quality.coverage.items()} == {"80": 0.0, "95": 1.0}
    assert quality.verdict is None  # one outcome judges nobody


def test_any_level_is_covered_by_the_outcomes_that_had_it(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    asked = [{"99.5": [0.0, 9.0]}, {"99.5": [0.0, 9.0], "5": [4.9, 5.1]}, {"5": [4.9, 5.1], "50": [4.0, 7.5]}, None]
    rows = [predicted(5.0, intervals=intervals) for intervals in asked]
    played = play(rows, *[outcome_of(row.id, value=7.0) for row in rows])
    assert all(isinstance(each, Outcome) for each in played)
    (quality,) = reader.quality().models
    assert [(level, each.share, each.outcomes) for level, each in quality.coverage.items()] == [
        ("5", 0.0, 2),
        ("50", 1.0, 1),
        ("99.5", 1.0, 2),
    ]


def test_of_many_levels_those_with_the_most_outcomes_are_shown(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    levels = [f"{number / 8:g}" for number in range(1, 41)]
    rows = [predicted(5.0, intervals={level: [4.0, 6.0] for level in levels[: 20 + n]}) for n in range(0, 21, 10)]
    play(rows, *[outcome_of(row.id, value=7.0) for row in rows])
    (quality,) = reader.quality().models
    assert [*quality.coverage] == levels[:20]


def test_the_same_outcome_twice_changes_nothing(predicted: Callable[..., Row], play: Play, reader: LogReader) -> None:
    row = predicted()
    first, second = play([row], outcome_of(row.id, value=7), outcome_of(row.id, value=7.0))
    assert second == Outcome(row.id, first.time, 7.0, 0)
    assert reader.quality().models[0].outcomes == 1


def test_a_different_outcome_is_a_conflict_and_leaves_the_first(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    row = predicted()
    _, second, third = play([row], *[outcome_of(row.id, value=value) for value in (7.0, 8.0, 7.0)])
    assert isinstance(second, OutcomeConflict)
    assert third.values == 7.0


def test_unknown_values_are_filled_in_later(predicted: Callable[..., Row], play: Play, reader: LogReader) -> None:
    row = predicted(several=3)
    first, second, conflict = play(
        [row],
        outcome_of(row.id, values=[None, 7.0, None]),
        outcome_of(row.id, values=[6.0, None, None]),
        outcome_of(row.id, values=[6.5, None, 1.0]),
    )
    assert (first.values, second.values) == ([None, 7.0, None], [6.0, 7.0, None])
    assert isinstance(conflict, OutcomeConflict)
    assert reader.quality().models[0].outcomes == 2


def test_a_forecast_is_scored_step_by_step(make_row: Callable[..., Row], play: Play, reader: LogReader) -> None:
    forecast = {
        "values": [5.0, 6.0, 7.0],
        "model": "sine-gru",
        "version": "1",
        "intervals": {"80": {"lower": [4.0, 4.0, 4.0], "upper": [6.0, 6.0, 6.0]}},
        "check": CHECK,
        "warnings": [],
    }
    row = make_row(
        endpoint="/forecast",
        request=json.dumps({"sequence": [1, 2, 4], "horizon": 3}).encode(),
        response=json.dumps({"forecasts": [forecast]}).encode(),
    )
    (outcome,) = play([row], outcome_of(row.id, values=[5.0, None, 9.0]))
    assert outcome.values == [5.0, None, 9.0]
    following, later = reader.quality().models
    assert (following.mae, following.rule_mae, following.coverage["80"].share) == (0.0, 1.0, 1.0)
    assert (later.later, later.outcomes, later.mae, later.rule_mae) == (True, 1, 2.0, 5.0)


def test_several_forecasts_take_a_list_of_steps_each(
    make_row: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    forecast = {"values": [5.0, 6.0], "model": "rule:drift", "version": None, "intervals": None, "check": None}
    row = make_row(
        endpoint="/forecast",
        request=json.dumps({"sequences": [[1, 2, 4], [3]], "horizon": 2}).encode(),
        response=json.dumps({"forecasts": [forecast, forecast]}).encode(),
    )
    refused, outcome = play(
        [row], outcome_of(row.id, values=[5.0, 6.0]), outcome_of(row.id, values=[[5.0, None], [4.0, 6.0]])
    )
    assert isinstance(refused, InvalidInput)
    assert "2 lists of 2 numbers" in refused.detail
    assert (outcome.values, outcome.scored) == ([[5.0, None], [4.0, 6.0]], 3)
    assert [(each.later, each.outcomes, each.mae) for each in reader.quality().models] == [
        (False, 2, 0.5),
        (True, 1, 0.0),
    ]


def test_a_comparison_scores_every_model_and_every_rule(
    make_row: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    response = {
        "results": [
            {"model": "sine-gru", "version": "1", "predictions": [5.0, 1.0], "checks": [CHECK, None]},
            {"model": "sine-lstm", "version": "2", "predictions": [6.0, 2.0], "checks": [CHECK, CHECK]},
            {"model": "sine-lstm", "version": "2", "predictions": [6.0, 2.0], "checks": [CHECK, CHECK]},
        ],
        "rules": [{"name": "naive", "predictions": [4.0, None]}],
    }
    row = make_row(
        endpoint="/compare",
        request=json.dumps({"task": "sine", "sequences": [[1, 2, 4], [3]]}).encode(),
        response=json.dumps(response).encode(),
    )
    play([row], outcome_of(row.id, values=[5.0, 3.0]))
    assert {model.model: (model.mae, model.outcomes) for model in reader.quality().models} == {
        "sine-gru/1": (1.0, 2),
        "sine-lstm/2": (1.0, 2),
        "rule:naive": (1.0, 1),
    }


def test_an_inspection_and_a_memory_answer_can_come_true(
    make_row: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    row = make_row(
        endpoint="/inspect",
        request=b'{"model":"memory-gru","sequence":[[0,0.5],[1,0.25]]}',
        response=b'{"model":"memory-gru","version":"1","value":0.5}',
    )
    play([row], outcome_of(row.id, value=0.25))
    (quality,) = reader.quality().models
    assert (quality.mae, quality.mase, quality.rule_mae, quality.skill) == (0.25, None, None, None)


@pytest.mark.parametrize(
    ("several", "given"),
    [
        (0, {}),
        (0, {"value": None}),
        (0, {"values": [1.0, 2.0]}),
        (0, {"value": 1.0, "values": [1.0]}),
        (0, {"value": math.inf}),
        (0, {"value": True}),
        (0, {"value": "7"}),
        (2, {"value": 1.0}),
        (2, {"values": [1.0]}),
        (2, {"values": [None, None]}),
        (2, {"values": [[1.0], [2.0]]}),
        (2, {"values": 1.0}),
    ],
)
def test_an_outcome_of_another_shape_than_the_answer_is_refused(
    predicted: Callable[..., Row], play: Play, several: int, given: dict[str, Any]
) -> None:
    row = predicted(several=several)
    (refused,) = play([row], outcome_of(row.id, **given))
    assert isinstance(refused, InvalidInput)
    assert refused.code == "outcome_shape"
    assert refused.problems


def test_an_answer_that_was_not_kept_has_no_outcome(predicted: Callable[..., Row], play: Play) -> None:
    kept_shape, failed, metadata = predicted(), predicted(status=422), predicted(endpoint="/v2/models/x/infer")
    assert isinstance(play([kept_shape], outcome_of(kept_shape.id, value=1.0), bodies="shape")[0], NotRecorded)
    assert isinstance(play([failed], outcome_of(failed.id, value=1.0))[0], NotRecorded)
    assert isinstance(play([metadata], outcome_of(metadata.id, value=1.0))[0], NotRecorded)


def test_an_outcome_of_an_unknown_request_is_unknown(predicted: Callable[..., Row], play: Play) -> None:
    assert all(
        isinstance(result, UnknownRequest)
        for result in play([], outcome_of(predicted().id, value=1.0), outcome_of("x' OR 1=1", value=1.0))
    )


def test_the_window_of_quality_is_that_of_the_requests(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    row = predicted()
    play([row], outcome_of(row.id, value=7.0))
    assert reader.quality(since=row.time).models
    assert not reader.quality(until=row.time).models
    assert not reader.quality(since=row.time + 1000).models


@pytest.mark.parametrize(
    ("value", "verdict", "preferred"),
    [(7.0, "beats", "sine-gru/1"), (1.0, "loses", "rule:drift"), (6.0, "ties", "sine-gru/1")],
)
def test_a_model_is_preferred_unless_it_loses_to_the_rule(
    predicted: Callable[..., Row], play: Play, reader: LogReader, value: float, verdict: str, preferred: str
) -> None:
    rows = [predicted(value) for _ in range(FEWEST)]
    play(rows[:-1], *[outcome_of(row.id, value=7.0) for row in rows[:-1]])
    assert reader.quality().preferred[0].model is None
    play(rows[-1:], outcome_of(rows[-1].id, value=7.0))
    assert reader.quality().models[0].verdict == verdict
    assert [(each.task, each.model) for each in reader.quality().preferred] == [("sine", preferred)]


def test_of_two_good_models_the_more_skilful_is_preferred(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    rows = [predicted(6.5, model="sine-lstm") for _ in range(FEWEST)] + [predicted(6.9) for _ in range(FEWEST)]
    play(rows, *[outcome_of(row.id, value=7.0) for row in rows])
    assert reader.quality().preferred[0].model == "sine-gru/1"


def test_a_short_sequence_without_a_check_is_held_against_its_last_value(
    predicted: Callable[..., Row], play: Play, reader: LogReader
) -> None:
    row = predicted(check=None)
    play([row], outcome_of(row.id, value=5.0))
    assert reader.quality().models[0].rule_mae == 1.0


EXTREMES = [1e300, -1e300, 1e-300, -5e-324, 0.0, 1e154, 1e-160]


@pytest.mark.parametrize("unit", [1e300, 1.0, 1e-10, 1e-300, 5e-324])
def test_outcomes_of_any_size_leave_quality_in_order(
    predicted: Callable[..., Row], play: Play, reader: LogReader, unit: float
) -> None:
    asked = json.dumps({"sequence": [unit, 0.5 * unit, unit]}).encode()
    rule = {"rule": "drift", "rule_value": 0.5 * unit}
    rows = [predicted(unit, request=asked, check=rule, model="odd") for _ in EXTREMES]
    sane = [predicted(5.0) for _ in range(FEWEST)]
    jobs = [outcome_of(row.id, value=came) for row, came in zip(rows, EXTREMES, strict=True)]
    played = play([*rows, *sane], *jobs, *[outcome_of(row.id, value=6.0) for row in sane])
    assert all(isinstance(each, Outcome) for each in played)
    odd, ordinary = reader.quality().models
    assert (odd.outcomes, odd.model) == (len(EXTREMES), "odd/1")
    numbers = (odd.mae, odd.bias, odd.mase, odd.rule_mae, odd.rule_mase, odd.skill)
    assert all(math.isfinite(each) for each in numbers if each is not None)
    expected = sum(min(abs(unit - came), 1e300) for came in EXTREMES) / len(EXTREMES)
    assert odd.mae == pytest.approx(expected)
    # One outcome counts for a million times the sequence's own differences, no more.
    scale = abs(0.5 * unit)
    parts = [min(min(abs(unit - came), 1e300) / scale, 1e6) if scale else None for came in EXTREMES]
    if unit >= 1e-290:
        assert odd.mase == pytest.approx(sum(part for part in parts if part is not None) / len(EXTREMES))
    assert (ordinary.mae, ordinary.mase, ordinary.verdict) == (1.0, pytest.approx(1 / 1.5), "loses")


@pytest.mark.parametrize("value", [1.1e300, -1.7e308, 10**400, math.inf, -math.inf, math.nan])
def test_an_outcome_beyond_every_sequence_is_refused(
    predicted: Callable[..., Row], play: Play, reader: LogReader, value: float
) -> None:
    row = predicted()
    refused, kept = play([row], outcome_of(row.id, value=value), outcome_of(row.id, value=7.0))
    assert isinstance(refused, InvalidInput)
    assert "1e+300" in refused.detail
    assert isinstance(kept, Outcome)
    assert reader.quality().models[0].outcomes == 1


def test_scores_of_an_earlier_release_break_nothing(
    predicted: Callable[..., Row], play: Play, reader: LogReader, execute: Callable[[str], Any], backend: str
) -> None:
    row = predicted()
    assert isinstance(play([row], outcome_of(row.id, value=7.0))[0], Outcome)
    infinite = "'Infinity'" if backend == "postgresql" else "9e999"
    for place, (error, scale, rule) in enumerate(
        [
            (infinite, "1e-10", f"-{infinite}" if backend == "sqlite" else "'-Infinity'"),
            ("-1.79e308", "5e-324", "1.79e308"),
            ("1e-300", "1e300", "0"),
        ]
    ):
        execute(
            "INSERT INTO scores (id, model, sequence, step, task, error, scale, rule, rule_error)"  # noqa: S608
            f" VALUES ('{row.id}', 'sine-gru/1', 0, {-place}, 'sine', {error}, {scale}, 'rule:drift', {rule})"
        )
    (quality,) = reader.quality().models
    assert quality.outcomes == 4
    for number in (quality.mae, quality.mase, quality.bias, quality.rule_mae, quality.rule_mase, quality.skill):
        assert number is not None
        assert math.isfinite(number)


@pytest.mark.parametrize("most", [1, 2, 7])
def test_quality_is_the_same_in_parts_of_any_size(
    predicted: Callable[..., Row], play: Play, reader: LogReader, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    rows = [predicted(5.0 + n, several=n % 4, model=f"m{n % 2}", task=("sine", None)[n % 2]) for n in range(20)]
    jobs = [
        outcome_of(row.id, values=[7.0] * (n % 4)) if n % 4 else outcome_of(row.id, value=7.0)
        for n, row in enumerate(rows)
    ]
    assert all(isinstance(each, Outcome) for each in play(rows, *jobs))
    whole = reader.quality()
    assert sum(model.outcomes for model in whole.models) == 5 + 5 * (1 + 2 + 3)
    monkeypatch.setattr(quality_module, "_SCORES", most)
    parts = reader.quality()
    assert parts.preferred == whole.preferred
    for ours, theirs in zip(parts.models, whole.models, strict=True):
        assert ours.coverage == theirs.coverage
        numbers = [{**asdict(each), "coverage": 0} for each in (ours, theirs)]
        assert numbers[0] == pytest.approx(numbers[1])  # sums of the same numbers in another order
