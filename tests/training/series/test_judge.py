"""The intervals that the calibration part of own series gives: sound, or none with the reason; trains nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.arrays import Floats
from service.cards import WIDEST
from service.folders import read_folder
from service.inference.network import OnnxNetwork
from service.inference.readings.series import Series
from service.inference.scaling import unit_of
from tests.conftest import MODELS
from tests.training.series.conftest import MakePanel
from training.answers import error_scales
from training.calibration import GRID
from training.series import judge
from training.series.measures import Forecasts, entries, scales
from training.series.splits import Origins, Split

NETWORK = OnnxNetwork(read_folder(MODELS / "sine-gru" / "1").onnx, 2)
LENGTH = 32
SERVED = judge.Served(Series(), NETWORK, LENGTH)
PLACES = np.arange(240)
# A policy rate: it changes often at first, stands still for years, and then steps in the calibration part.
RATE = np.where(
    PLACES < 100,
    2.0 + 0.25 * ((PLACES // 4) % 3),
    2.0 + 0.5 * (PLACES[:, None] >= [180, 186, 192, 200, 210]).sum(axis=1),
)
WALK = np.random.default_rng(2).normal(size=240).cumsum()


def test_a_rate_that_stands_still_before_its_steps_has_no_intervals_and_the_reason(panel_of: MakePanel) -> None:
    made, own, calibrated = judge.outcome("rate-gru", SERVED, panel_of(RATE), Split(12), None)
    assert calibrated.intervals is None
    assert calibrated.reason is not None
    assert calibrated.reason.startswith("of the forecasts 12 steps ahead that calibrate them only 0 start where")
    assert made.bounds is None
    assert all(math.isfinite(entry.mase) and entry.coverage is None for entry in own.entries)


def test_what_jumps_out_of_all_proportion_has_no_intervals_and_the_reason(panel_of: MakePanel) -> None:
    hardly = WALK * np.where((PLACES > 140) & (PLACES < 190), 1e-9, 1.0)
    _, _, calibrated = judge.outcome("x", SERVED, panel_of(hardly), Split(4), None)
    assert calibrated.intervals is None
    assert calibrated.reason is not None
    assert calibrated.reason.startswith("half-widths reach ")


def test_the_bounds_of_the_holdout_are_those_that_the_service_would_give(panel_of: MakePanel) -> None:
    panel, split = panel_of(WALK, np.where(PLACES > 180, WALK[180], WALK)), Split(4)
    made, own, (intervals, reason) = judge.outcome("x", SERVED, panel, split, None)
    assert intervals is not None
    assert reason is None
    assert made.bounds is not None
    held = judge.holdout(panel, split)
    scale = error_scales(Series(), NETWORK, *held.contexts(panel, LENGTH))
    assert np.isnan(scale).any()  # the second series stands still there
    for level, (lower, upper) in made.bounds.items():
        width = scale[:, None] * np.array(intervals.quantiles[level])
        assert lower == pytest.approx(made.values - width, nan_ok=True)
        assert upper == pytest.approx(made.values + width, nan_ok=True)
        for ahead, entry in enumerate(own.entries):
            known = ~np.isnan(held.truth[:, ahead]) & ~np.isnan(scale)
            inside = np.abs(made.values - held.truth)[known, ahead] <= width[known, ahead]
            assert entry.coverage is not None
            assert entry.coverage[level] == pytest.approx(inside.mean())
            assert intervals.coverage[level][ahead] == entry.coverage[level]


def test_a_holdout_that_stands_still_shows_nothing_of_what_intervals_hold(panel_of: MakePanel) -> None:
    """Its errors are measured all the same, in what the series moved before."""
    series = np.where(PLACES >= 191 - LENGTH, WALK[190], WALK)
    quantiles = dict.fromkeys(GRID, np.ones(2))
    panel, split = panel_of(series), Split(2)
    held = judge.holdout(panel, split)
    made = judge.bounded(SERVED.forecasts(panel, split, held), SERVED, panel, held, quantiles)
    own = entries("x", made, held, scales(panel, split, None))
    assert [entry.coverage for entry in own] == [None, None]
    assert all(math.isfinite(entry.mase) for entry in own)
    calibrated = judge.intervals_of(quantiles, own, panel, split)
    assert calibrated.intervals is None


def test_one_series_without_a_unit_does_not_count_and_harms_no_other(panel_of: MakePanel) -> None:
    """As where it is zero until the hold-out: errors in units of nothing would be infinite."""
    late, split = np.where(PLACES < 200, 0.0, WALK), Split(4)
    panel, alone = panel_of(WALK, late), panel_of(WALK)
    assert scales(panel, split, None).tolist() == [*scales(alone, split, None), pytest.approx(np.nan, nan_ok=True)]
    both, one = judge.holdout(panel, split), judge.holdout(alone, split)
    naive = [np.repeat(WALK[each.at - 1][:, None], 4, axis=1) for each in (both, one)]
    found, expected = (
        entries("naive", Forecasts(values), chosen, scales(each, split, None))
        for values, chosen, each in zip(naive, (both, one), (panel, alone), strict=True)
    )
    assert [each.mase for each in found] == pytest.approx([each.mase for each in expected])


def test_moves_by_rounding_are_no_unit() -> None:
    flicker = np.array([0.1 + 0.2, 0.3] * 8)
    assert np.isnan(unit_of(np.abs(np.diff(flicker)).mean(), np.abs(flicker).max()))
    assert unit_of(np.array(1e-9), np.array(1.0)) == 1e-9


def stairs(levels: list[float], stays: list[int]) -> Floats:
    """240 values that stand on each level for a while, from the first again after the last."""
    steps = np.repeat(np.resize(levels, 240), np.resize(stays, 240))
    return steps[:240]


LEVEL = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([0.0, 1e-300, 1e-9, 1e99]))
SERIES = st.builds(
    stairs, st.lists(LEVEL, min_size=1, max_size=9), st.lists(st.integers(1, 90), min_size=1, max_size=9)
)


@given(st.lists(SERIES, min_size=1, max_size=3), st.sampled_from([1, 4, 12]))
@example([RATE], 12)
@example([RATE, WALK], 12)
def test_any_calibration_gives_sound_half_widths_or_the_reason(
    panel_of: MakePanel, series: list[Floats], horizon: int
) -> None:
    panel, split = panel_of(*series), Split(horizon)
    quantiles, reason = judge.calibrate(SERVED, panel, split)
    assert bool(quantiles) is (reason is None)
    for level, each in quantiles.items():
        assert len(each) == horizon, level
        assert (each >= 0.0).all()
        assert (each <= WIDEST).all()
    if quantiles:
        held = judge.holdout(panel, split)
        made = judge.bounded(SERVED.forecasts(panel, split, held), SERVED, panel, held, quantiles)
        for lower, upper in (made.bounds or {}).values():
            assert_within(panel_ranges(series, held), made.values, lower, upper)


def panel_ranges(series: list[Floats], held: Origins) -> Floats:
    """Range of the values before each origin that the network reads."""
    pairs = zip(held.series, held.at, strict=True)
    return np.array([np.ptp(series[each][max(0, at - LENGTH) : at]) for each, at in pairs])


def assert_within(ranges: Floats, values: Floats, lower: Floats, upper: Floats) -> None:
    known = ~np.isnan(lower)
    assert (np.isnan(upper) == ~known).all()
    allowed = np.broadcast_to(1e3 * ranges[:, None], values.shape)[known]
    assert (upper[known] - values[known] <= allowed * (1 + 1e-9)).all()
    assert (values[known] - lower[known] <= allowed * (1 + 1e-9)).all()
