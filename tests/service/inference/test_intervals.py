"""Intervals are as wide as the model was wrong on the sequence and of its order, or null with the reason."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.cards import WIDEST
from service.inference.catalog import Catalog
from service.inference.check import Check
from service.inference.engine import Engine
from service.inference.half_widths import HalfWidths, of_rule, z_of
from service.inference.intervals import STILL, TOO_WIDE, UNCHECKED, Quantiles, Symmetric, error_scale, reasons
from service.inference.repository import Repository
from service.levels import NAMES, written
from tests.conftest import MODELS, CopyModel
from tests.service.inference.conftest import MakeModel
from tests.service.test_cards import edit

CHECK = Check(8, 0.5, "naive", 1.0, 2.0, 0.5, "beats")
CALIBRATED = [f"{task}-{cell}" for task in ("linear", "sine") for cell in ("simplernn", "lstm", "gru")]
# A rate that stands still and then steps, and other series that hardly ever move.
STEPPED = [2.0] * 40 + [2.5] * 6 + [3.0] * 6 + [3.5]
TINY = 5e-324


def test_the_half_width_is_the_cards_quantile_times_the_sequences_own_error_scale(
    engine: Engine, catalog: Catalog
) -> None:
    series = [0.1, 0.9, 0.3, 0.7, 0.2, 1.4, 0.3, 0.9]
    calibrated = catalog.get("sine-gru").card.intervals
    assert calibrated is not None
    (prediction,) = engine.predict([series], "sine-gru", levels=tuple(map(float, calibrated.quantiles)))
    assert prediction.check is not None
    assert prediction.intervals is not None
    assert prediction.intervals.keys() == calibrated.quantiles.keys()
    scale = prediction.check.mae + 1e-3 * np.abs(np.diff(series)).mean()
    for level, bounds in prediction.intervals.items():
        width = calibrated.quantiles[level][0] * scale
        assert bounds == pytest.approx((prediction.value - width, prediction.value + width))


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


@pytest.mark.parametrize("name", ["textbook-sine-lstm", "memory-lstm"])
def test_textbook_and_memory_answers_have_null_intervals(engine: Engine, name: str) -> None:
    sequence = [(float(k % 6), 0.1 * k) for k in range(10)] if name == "memory-lstm" else [1.0, 2.0] + [3.0] * 8
    (prediction,) = engine.predict([sequence], name, quantiles=(0.5,))
    assert (prediction.intervals, prediction.quantiles) == (None, None)
    assert not any("interval" in each for each in prediction.warnings)


WITHOUT = [
    ([3.0], UNCHECKED),
    ([3.0, 4.0], UNCHECKED),
    ([3.0] * 12, STILL),
    ([0.0] * 70, STILL),
    ([0.1 + 0.2, 0.3] * 20, STILL),  # as far apart as rounding puts them
]
STILL_AT_LAST = [([1.0, 2.0] + [2.0] * 20, STILL), ([TINY, *[0.0] * 11], STILL)]


@pytest.mark.parametrize("many", [1, 40])
@pytest.mark.parametrize(
    ("name", "sequence", "reason"),
    [*(("sine-gru", *each) for each in (*WITHOUT, *STILL_AT_LAST)), *((None, *each) for each in WITHOUT)],
)
def test_where_nothing_moved_yet_the_intervals_are_null_and_the_warnings_say_so(
    engine: Engine, sequence: list[float], reason: str, many: int, name: str | None
) -> None:
    for prediction in engine.predict([sequence] * many, name, quantiles=(0.5,)):
        assert (prediction.intervals, prediction.quantiles) == (None, None)
        assert prediction.warnings.count(reason) == 1
    for forecast in engine.forecast([sequence] * many, 3, name, quantiles=(0.5,)):
        assert (forecast.intervals, forecast.quantiles) == (None, None)
        assert forecast.warnings.count(reason) == 1
    assert not any(reason in each.warnings for each in engine.predict([sequence] * many, name, levels=()))


def test_once_it_moves_there_are_intervals_again(engine: Engine) -> None:
    (before, after) = engine.predict([STEPPED[:40], STEPPED[:41]], "sine-gru")
    assert before.intervals is None
    assert before.value == 2.0
    assert after.intervals is not None
    assert not any("interval" in each for each in after.warnings)


def test_intervals_that_would_say_nothing_are_null_with_the_reason() -> None:
    unit, scale = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, 1.2, np.nan, np.nan])
    assert reasons(0.9 * WIDEST, scale, unit, [CHECK, CHECK, CHECK, None]) == [None, TOO_WIDE, STILL, UNCHECKED]


def test_a_card_says_why_its_model_has_no_intervals(copy_model: CopyModel) -> None:
    folder = copy_model("sine-gru")
    edit("card.json", lambda card: card.update(intervals=None, no_intervals="its series stands still"))(folder)
    engine, reason = (
        Engine(Repository(folder.parents[1]).catalog),
        "sine-gru has no intervals: its series stands still.",
    )
    (prediction,) = engine.predict([STEPPED], "sine-gru")
    (forecast,) = engine.forecast([STEPPED], 3, "sine-gru")
    for answer in (prediction, forecast):
        assert answer.intervals is None
        assert answer.warnings.count(reason) == 1
    assert reason not in engine.predict([STEPPED], "sine-gru", levels=())[0].warnings


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


def curve(make_model: MakeModel, quantiles: dict[str, list[float]]) -> HalfWidths:
    like = make_model(0.5).card.intervals
    assert like is not None
    return HalfWidths(like.model_copy(update={"quantiles": quantiles}))


@pytest.mark.parametrize("quantiles", [[1.0, 1e3], [1e-9] * 10 + [900.0] * 10, [1.0, 0.0], [0.0, 1.0], [5.0]])
def test_extrapolated_half_widths_grow_no_faster_than_the_square_of_the_steps(
    make_model: MakeModel, quantiles: list[float]
) -> None:
    found, known = curve(make_model, dict.fromkeys(NAMES, quantiles)).at((z_of(80.0),), 1000)[0, 0], len(quantiles)
    assert found[:known].tolist() == quantiles
    ahead = np.arange(known + 1, 1001) / known
    assert (found[known:] <= quantiles[-1] * ahead**2 * (1 + 1e-9)).all()
    assert (found[known:] >= quantiles[-1] * ahead**0.5 * (1 - 1e-9)).all()


def test_half_widths_of_normal_errors_are_those_of_every_level_from_three(make_model: MakeModel) -> None:
    found = curve(make_model, {level: [3.0 * z_of(float(level))] for level in NAMES})
    levels = (0.5, 10.0, 50.0, 85.0, 97.5, 99.9, 99.9999)
    assert found.at(tuple(map(z_of, levels)), 1)[:, 0, 0] == pytest.approx([3.0 * z_of(level) for level in levels])


def test_beyond_the_highest_level_heavier_tails_go_on_as_they_began(make_model: MakeModel) -> None:
    found = curve(make_model, {"80": [1.0], "90": [2.0], "95": [4.0]})
    slope = 2.0 / (z_of(95.0) - z_of(90.0))
    assert found.at((z_of(99.0),), 1)[0, 0, 0] == pytest.approx(4.0 + slope * (z_of(99.0) - z_of(95.0)))


@given(
    st.lists(st.lists(st.floats(0.0, 900.0), min_size=4, max_size=4), min_size=3, max_size=3),
    st.lists(st.floats(0.0, 100.0, exclude_min=True, exclude_max=True), min_size=2, max_size=20),
    st.integers(1, 300),
)
def test_no_interval_crosses_another_at_any_step(
    make_model: MakeModel, quantiles: list[list[float]], levels: list[float], horizon: int
) -> None:
    found = curve(make_model, dict(zip(NAMES, quantiles, strict=True)))
    fan = Symmetric(np.zeros((1, horizon)), np.ones(1), [None], found.at)
    lower, upper = fan.bounds(sorted(levels))
    assert (np.diff(lower, axis=0) <= 0.0).all()
    assert (np.diff(upper, axis=0) >= 0.0).all()
    assert np.isfinite(upper).all()
    assert (np.diff(fan.quantiles(sorted(level / 100.0 for level in levels if level > 1e-300)), axis=0) >= 0.0).all()


@pytest.mark.parametrize("name", ["sine-gru", "linear-lstm", None])
def test_quantiles_are_the_bounds_of_the_levels_between_them(engine: Engine, name: str | None) -> None:
    series = [0.1, 0.9, 0.3, 0.7, 0.2, 1.4, 0.3, 0.9]
    levels, quantiles = (50.0, 80.0, 97.5, 99.9), (0.25, 0.75, 0.1, 0.9, 0.0125, 0.9875, 0.0005, 0.9995)
    (prediction,) = engine.predict([series], name, levels=levels, quantiles=(*quantiles, 0.5))
    (forecast,) = engine.forecast([series], 30, name, levels=levels, quantiles=(*quantiles, 0.5))
    assert prediction.intervals is not None
    assert prediction.quantiles is not None
    assert prediction.quantiles["0.5"] == prediction.value
    assert forecast.intervals is not None
    assert forecast.quantiles is not None
    assert forecast.quantiles["0.5"] == forecast.values
    for place, level in enumerate(map(written, levels)):
        below, above = map(written, quantiles[2 * place : 2 * place + 2])
        assert prediction.intervals[level] == pytest.approx(
            (prediction.quantiles[below], prediction.quantiles[above]), rel=1e-9
        )
        assert forecast.intervals[level].lower == pytest.approx(forecast.quantiles[below], rel=1e-9)
        assert forecast.intervals[level].upper == pytest.approx(forecast.quantiles[above], rel=1e-9)


def test_the_ends_of_what_may_be_asked_are_finite(engine: Engine) -> None:
    series = [1e300, -1e300] * 10
    for name in ("sine-gru", None):
        (prediction,) = engine.predict(
            [series], name, levels=(5e-324, 99.99999999999999), quantiles=(5e-324, 1 - 2**-53)
        )
        assert prediction.intervals is not None
        assert prediction.quantiles is not None
        bounds = [
            *prediction.intervals["5e-324"],
            *prediction.quantiles.values(),
            *prediction.intervals["99.99999999999999"],
        ]
        assert all(map(math.isfinite, bounds))


WALK = np.cumsum(np.random.default_rng(7).normal(size=4_000))


@pytest.mark.parametrize(("steps", "horizon"), [(4, 1), (12, 1), (60, 1), (60, 8)])
def test_a_rules_intervals_hold_their_share_of_a_walk_however_short_it_is(steps: int, horizon: int) -> None:
    starts = range(0, 4_000 - 2 * steps - horizon, 5)
    alone = Engine(Catalog([], {}))  # where a network answers, it says itself how far it may be wrong
    found = alone.forecast([WALK[start : start + 2 * steps].tolist() for start in starts], horizon)
    held: dict[str, list[bool]] = {level: [] for level in NAMES}
    for start, forecast in zip(starts, found, strict=True):
        if forecast.model == "rule:naive" and forecast.intervals is not None:
            came = WALK[start + 2 * steps + horizon - 1]
            for level, band in forecast.intervals.items():
                held[level].append(bool(band.lower[-1] <= came <= band.upper[-1]))
    assert len(held["80"]) >= 30
    for level, each in held.items():
        assert np.mean(each) == pytest.approx(float(level) / 100, abs=0.14)


def test_fewer_steps_say_less_of_how_far_a_rule_is_wrong() -> None:
    widths = of_rule("naive", np.array([1, 2, 8, 1_000_000]), np.ones(4, np.int64), (z_of(95.0),), 1)[0, :, 0]
    assert (np.diff(widths) < 0.0).all()
    assert widths[-1] == pytest.approx(1.96 * math.sqrt(math.pi / 2), rel=1e-3)
    # Student's 97.5 % quantile of 8 degrees of freedom, from a table.
    assert widths[2] / math.sqrt(math.pi / 2) == pytest.approx(2.306, rel=5e-3)


@pytest.mark.parametrize(("rule", "growth"), [("naive", 3.0), ("line", 3.0), ("ar2", 3.0), ("drift", 9.0)])
def test_a_rules_interval_grows_as_a_walks_and_drifts_with_the_steps(rule: str, growth: float) -> None:
    widths = of_rule(rule, np.array([8]), np.array([1]), (z_of(80.0),), 9)[0, 0]
    assert widths[8] / widths[0] == pytest.approx(growth)
    assert all(before < after for before, after in pairwise(widths.tolist()))


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


@given(SERIES, st.sampled_from([*CALIBRATED, None]), st.booleans())
@example(STEPPED, "sine-simplernn", True)
@example([1e200, -1e200] * 20, "linear-lstm", False)
@example([TINY, 0.0] * 20, "sine-gru", True)
@example([0.0] * 30 + [1e200], "sine-gru", True)
def test_bounds_are_finite_and_of_the_order_of_what_was_seen_or_null_with_the_reason(
    engine: Engine, series: list[float], name: str | None, alone: bool
) -> None:
    sequences: list[Any] = [series] if alone else [series] * 40
    range_seen = max(series) - min(series)
    (*_, prediction) = engine.predict(sequences, name)
    (*_, forecast) = engine.forecast(sequences, 60, name)
    if prediction.model == forecast.model:  # without a name another one may be better over the whole horizon
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
            allowed = 1e3 * range_seen * (max(1.0, (ahead + 1) / 20) ** 2 if name else ahead + 1)
            assert value - allowed <= lower <= value <= upper <= value + allowed


@given(SERIES, st.sampled_from(CALIBRATED))
@example(STEPPED, "sine-gru")
def test_a_backtests_coverage_is_a_share_or_null_with_the_reason(
    engine: Engine, series: list[float], name: str
) -> None:
    series = series if len(series) >= 6 else series + [series[-1]] * 6
    found = engine.backtest(series, 2, [name])
    assert all(each.coverage is None or set(each.coverage) == set(NAMES) for each in found.backtests)
    shares = [each.coverage for each in found.backtests if getattr(each, "model", None) == name]
    assert (None in shares) == any("no coverage" in each for each in found.warnings)
    assert any(each.mase is not None for each in found.backtests) or found.warnings


def test_coverage_counts_those_origins_only_from_which_there_are_intervals(engine: Engine, catalog: Catalog) -> None:
    series = [1.0, 2.0] + [2.0] * 22 + [2.5, 2.5, 3.0, 2.5, 3.5, 3.0, 2.5, 3.5]
    found = engine.backtest(series, 1, ["sine-gru"]).backtests[0].coverage
    held: dict[str, list[bool]] = {level: [] for level in NAMES}
    for at in range(16, 32):
        (prediction,) = engine.predict([series[:at]], "sine-gru")
        for level, (lower, upper) in (prediction.intervals or {}).items():
            held[level].append(lower <= series[at] <= upper)
    assert 0 < len(held["80"]) < 16
    assert found == {level: pytest.approx(np.mean(each)) for level, each in held.items()}


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5), st.lists(st.floats(0.001, 0.999), min_size=2, max_size=6)
)
def test_values_between_answered_quantiles_are_those_and_never_cross(numbers: list[float], asked: list[float]) -> None:
    probabilities, answered = (0.05, 0.25, 0.5, 0.75, 0.95), np.sort(numbers)[:, None, None]
    fan = Quantiles(probabilities, answered, [None])
    size = 1e-9 * max(1.0, float(np.abs(answered).max()))
    assert fan.quantiles(probabilities) == pytest.approx(answered, abs=size)
    assert (np.diff(fan.quantiles(sorted(asked))[:, 0, 0]) >= -size).all()
    lower, upper = fan.bounds((50.0, 90.0, 99.0))
    assert lower[:2, 0, 0] == pytest.approx(answered[[1, 0], 0, 0], abs=size)
    assert upper[:2, 0, 0] == pytest.approx(answered[[3, 4], 0, 0], abs=size)
    assert lower[2, 0, 0] <= lower[1, 0, 0] + size
    assert upper[2, 0, 0] >= upper[1, 0, 0] - size


def test_the_intervals_of_seasonal_naive_grow_from_season_to_season_only() -> None:
    widths = of_rule("seasonal_naive", np.array([8, 8]), np.array([4, 1]), (z_of(80.0),), 9)[0]
    assert widths[0] / widths[0, 0] == pytest.approx(np.sqrt([1, 1, 1, 1, 2, 2, 2, 2, 3]))
    assert widths[1].tolist() == of_rule("naive", np.array([8]), np.array([1]), (z_of(80.0),), 9)[0, 0].tolist()
