"""Intervals are as wide as the model was wrong on the sequence and of its order, or null with the reason."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.cards import WIDEST, Level
from service.inference.answers import ModelBacktest
from service.inference.catalog import Catalog
from service.inference.check import Check
from service.inference.engine import LEVELS, Engine
from service.inference.intervals import (
    STILL,
    TOO_WIDE,
    UNCHECKED,
    error_scale,
    forecast_intervals,
    half_widths,
    next_value_intervals,
)
from service.inference.repository import Repository
from tests.conftest import MODELS, CopyModel
from tests.service.inference.conftest import MakeModel
from tests.service.test_cards import edit

CHECK = Check(8, 0.5, "naive", 1.0, 2.0, 0.5, "beats")
CALIBRATED = [f"{task}-{cell}" for task in ("linear", "sine") for cell in ("simplernn", "lstm", "gru")]
# A rate that stands still and then steps, and other series that hardly ever move.
STEPPED = [2.0] * 40 + [2.5] * 6 + [3.0] * 6 + [3.5]
TINY = 5e-324


def test_the_half_width_is_the_cards_quantile_times_the_sequences_own_error_scale(catalog: Catalog) -> None:
    card = catalog.get("sine-gru").card
    scale = error_scale(np.array([0.5]), np.array([2.0]), np.array([1.0]), np.array([7.0]))
    assert scale == pytest.approx(0.5 + 1e-3 * 2.0)
    (found,) = next_value_intervals(card, np.array([10.0]), scale, np.array([2.0]), [CHECK], ("80", "95"))
    assert card.intervals is not None
    assert isinstance(found, dict)
    assert found.keys() == {"80", "95"}
    for level, (lower, upper) in found.items():
        half_width = card.intervals.quantiles[level][0] * 0.502  # type: ignore[index]
        assert (lower, upper) == pytest.approx((10.0 - half_width, 10.0 + half_width))


@pytest.mark.parametrize(
    ("moves", "magnitude", "known"),
    [
        (0.0, 0.0, False),
        (0.0, 3.0, False),
        (2e-16, 3.0, False),
        (1e-9, 3.0, True),
        (TINY, TINY, True),
        (1e-9, 1e9, False),
    ],
)
def test_where_the_checked_steps_move_by_their_rounding_at_the_most_there_is_no_scale(
    moves: float, magnitude: float, known: bool
) -> None:
    scale = error_scale(np.array(0.5), np.array(2.0), np.array(moves), np.array(magnitude))
    assert np.isfinite(scale) == known


@pytest.mark.parametrize("name", ["linear-gru", "sine-simplernn", "sine-lstm"])
def test_a_higher_level_gives_a_wider_interval_around_the_value(engine: Engine, name: str) -> None:
    (prediction,) = engine.predict([[0.1, 0.9, 0.3, 0.7, 0.2, 1.4, 0.3, 0.9]], name)
    found = prediction.intervals
    assert found is not None
    lowers, uppers = zip(*(found[level] for level in ("95", "90", "80")), strict=True)
    assert [*lowers, prediction.value, *reversed(uppers)] == sorted([*lowers, prediction.value, *uppers])


@pytest.mark.parametrize("name", ["textbook-sine-lstm", "memory-lstm", None])
def test_textbook_memory_and_rule_answers_have_null_intervals(engine: Engine, name: str | None) -> None:
    sequence = [(float(k % 6), 0.1 * k) for k in range(10)] if name == "memory-lstm" else [1.0, 2.0] + [3.0] * 8
    (prediction,) = engine.predict([sequence if name else [1.0, 2.0]], name)
    assert prediction.intervals is None
    assert not any("interval" in each for each in prediction.warnings)


@pytest.mark.parametrize(
    ("sequence", "reason"),
    [
        ([3.0], UNCHECKED),
        ([3.0, 4.0], UNCHECKED),
        ([3.0] * 12, STILL),
        ([0.0] * 70, STILL),
        ([1.0, 2.0] + [2.0] * 20, STILL),
        ([0.1 + 0.2, 0.3] * 20, STILL),  # as far apart as rounding puts them
        ([TINY, *[0.0] * 11], STILL),
    ],
)
@pytest.mark.parametrize("many", [1, 40])
def test_where_nothing_moved_yet_the_intervals_are_null_and_the_warnings_say_so(
    engine: Engine, sequence: list[float], reason: str, many: int
) -> None:
    for prediction in engine.predict([sequence] * many, "sine-gru"):
        assert prediction.intervals is None
        assert prediction.warnings.count(reason) == 1
    for forecast in engine.forecast([sequence] * many, 3, "sine-gru"):
        assert forecast.intervals is None
        assert forecast.warnings.count(reason) == 1
    assert not any(reason in each.warnings for each in engine.predict([sequence] * many, "sine-gru", levels=()))


def test_once_it_moves_there_are_intervals_again(engine: Engine) -> None:
    (before, after) = engine.predict([STEPPED[:40], STEPPED[:41]], "sine-gru")
    assert before.intervals is None
    assert before.value == 2.0
    assert after.intervals is not None
    assert not any("interval" in each for each in after.warnings)


def test_intervals_that_would_say_nothing_are_null_with_the_reason(make_model: MakeModel) -> None:
    quantiles = {level: [10.0, 0.9 * WIDEST] for level in LEVELS}
    like = make_model(0.5).card.intervals
    assert like is not None
    card = make_model(0.5, intervals=like.model_copy(update={"quantiles": quantiles})).card
    unit, scale = np.array([1.0, 1.0]), np.array([1.0, 1.2])
    sound, wide = next_value_intervals(card, np.zeros(2), scale, unit, [CHECK, CHECK], ("80",))
    assert (sound, wide) == ({"80": (-10.0, 10.0)}, TOO_WIDE)
    assert forecast_intervals(card, np.zeros(1), 1.2, 1.0, CHECK, ("80",)) == TOO_WIDE


def test_a_card_says_why_its_model_has_no_intervals(make_model: MakeModel) -> None:
    card = make_model(0.5, name="rate-gru", intervals=None, no_intervals="its series stands still").card
    reason = "rate-gru has no intervals: its series stands still."
    nothing = np.array([np.nan, np.nan])
    assert next_value_intervals(card, nothing, nothing, nothing, [CHECK, None], ("80",)) == [reason, reason]
    assert forecast_intervals(card, nothing, math.nan, 1.0, CHECK, ("80",)) == reason
    assert next_value_intervals(card, nothing, nothing, nothing, [CHECK, None], ()) == [None, None]


def test_intervals_that_no_calibration_can_have_found_are_not_served(copy_model: CopyModel) -> None:
    """As cards of earlier versions have them, whose scores were divided by the smallest of numbers."""

    def spoil(card: dict[str, Any]) -> None:
        card["intervals"]["quantiles"]["95"][2] = 2.2e307

    folder = copy_model("sine-gru")
    edit("card.json", spoil)(folder)
    engine = Engine(Repository(folder.parents[1]).catalog)
    (prediction,) = engine.predict([STEPPED], "sine-gru")
    (forecast,) = engine.forecast([STEPPED], 30, "sine-gru")
    assert prediction.value == Engine(Repository(MODELS).catalog).predict([STEPPED], "sine-gru")[0].value
    for answer in (prediction, forecast):
        assert answer.intervals is None
        assert any("half-widths reach 2.2e+307 times the error" in each for each in answer.warnings)
    found = engine.backtest(STEPPED, 2, ["sine-gru"])
    assert found.backtests[0].coverage is None
    assert any("reach 2.2e+307 times" in each for each in found.warnings)


@pytest.mark.parametrize("quantiles", [[1.0, 1e3], [1e-9] * 10 + [900.0] * 10, [1.0, 0.0], [0.0, 1.0], [5.0]])
def test_extrapolated_half_widths_grow_no_faster_than_the_square_of_the_steps(
    make_model: MakeModel, quantiles: list[float]
) -> None:
    like = make_model(0.5).card.intervals
    assert like is not None
    intervals = like.model_copy(update={"quantiles": dict.fromkeys(LEVELS, quantiles)})
    found, known = half_widths(intervals, "80", 1000), len(quantiles)
    assert found[:known].tolist() == quantiles
    ahead = np.arange(known + 1, 1001) / known
    assert (found[known:] <= quantiles[-1] * ahead**2 * (1 + 1e-9)).all()
    assert (found[known:] >= quantiles[-1] * ahead**0.5 * (1 - 1e-9)).all()


def standing_and_stepping(levels: list[float], stays: list[int]) -> list[float]:
    return [level for level, stay in zip(levels, stays, strict=False) for _ in range(stay)]


MAGNITUDES = st.sampled_from([0.0, TINY, 1e-300, 1e-12, 1.0, 1e6, 1e100, 1e200])
ANY = st.tuples(st.floats(-1.0, 1.0), MAGNITUDES).map(lambda each: each[0] * each[1])
STEPS = st.builds(
    standing_and_stepping, st.lists(ANY, min_size=1, max_size=6), st.lists(st.integers(1, 20), min_size=6)
)
OUTLIER = st.tuples(ANY, st.integers(0, 39), ANY, st.integers(1, 40)).map(
    lambda each: [each[2] if place == each[1] else each[0] for place in range(each[3])]
)
SERIES = st.one_of(st.lists(ANY, min_size=1, max_size=80), STEPS, OUTLIER)


@given(SERIES, st.sampled_from(CALIBRATED), st.booleans())
@example(STEPPED, "sine-simplernn", True)
@example([1e200, -1e200] * 20, "linear-lstm", False)
@example([TINY, 0.0] * 20, "sine-gru", True)
@example([0.0] * 30 + [1e200], "sine-gru", True)
def test_bounds_are_finite_and_of_the_order_of_what_was_seen_or_null_with_the_reason(
    engine: Engine, series: list[float], name: str, alone: bool
) -> None:
    sequences: list[Any] = [series] if alone else [series] * 40
    range_seen = max(series) - min(series)
    (*_, prediction) = engine.predict(sequences, name)
    (*_, forecast) = engine.forecast(sequences, 60, name)
    assert (prediction.intervals is None) == (forecast.intervals is None)
    for answer in (prediction, forecast):
        assert (answer.intervals is None) == any(each in answer.warnings for each in (STILL, TOO_WIDE, UNCHECKED))
    for level, (lower, upper) in (prediction.intervals or {}).items():
        assert prediction.value - 1e3 * range_seen <= lower <= prediction.value <= upper, level
        assert upper <= prediction.value + 1e3 * range_seen, level
    for band in (forecast.intervals or {}).values():
        assert all(map(math.isfinite, [*band.lower, *band.upper]))
        rows = zip(range(60), band.lower, forecast.values, band.upper, strict=True)
        for ahead, lower, value, upper in rows:
            allowed = 1e3 * range_seen * max(1.0, (ahead + 1) / 20) ** 2
            assert value - allowed <= lower <= value <= upper <= value + allowed


@given(SERIES, st.sampled_from(CALIBRATED))
@example(STEPPED, "sine-gru")
def test_a_backtests_coverage_is_a_share_or_null_with_the_reason(
    engine: Engine, series: list[float], name: str
) -> None:
    series = series if len(series) >= 6 else series + [series[-1]] * 6
    found = engine.backtest(series, 2, [name])
    shares = [each.coverage for each in found.backtests if isinstance(each, ModelBacktest)]
    assert all(share is None or set(share) == set(LEVELS) for share in shares)
    assert (None in shares) == any("no coverage" in each for each in found.warnings)
    assert any(each.mase is not None for each in found.backtests) or found.warnings


def test_coverage_counts_those_origins_only_from_which_there_are_intervals(engine: Engine, catalog: Catalog) -> None:
    series = [1.0, 2.0] + [2.0] * 22 + [2.5, 2.5, 3.0, 2.5, 3.5, 3.0, 2.5, 3.5]
    found = engine.backtest(series, 1, ["sine-gru"]).backtests[0].coverage
    held: dict[Level, list[bool]] = {level: [] for level in LEVELS}
    for at in range(16, 32):
        (prediction,) = engine.predict([series[:at]], "sine-gru")
        for level, (lower, upper) in (prediction.intervals or {}).items():
            held[level].append(lower <= series[at] <= upper)  # type: ignore[index]
    assert 0 < len(held["80"]) < 16
    assert found == {level: pytest.approx(np.mean(each)) for level, each in held.items()}
