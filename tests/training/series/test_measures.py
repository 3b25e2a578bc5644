"""MASE, sMAPE and coverage against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.series.conftest import MakePanel
from training.series.measures import Forecasts, entries, mase, overall, scales
from training.series.splits import Origins, Split


def test_the_denominator_is_the_seasonal_naive_error_before_the_holdout(panel_of: MakePanel) -> None:
    values = np.tile([0.0, 4.0], 40) + np.arange(80.0)
    panel, split = panel_of(values), Split(3)
    assert scales(panel, split, 2).tolist() == [2.0]
    assert scales(panel, split, None)[0] == pytest.approx(np.abs(np.diff(values[: split.ends(80)[2]])).mean())


def test_an_exact_season_falls_back_to_the_plain_denominator(panel_of: MakePanel) -> None:
    assert scales(panel_of(np.tile([0.0, 4.0], 40)), Split(3), 2).tolist() == [4.0]


def test_errors_are_means_over_the_truths_that_count() -> None:
    origins = Origins(np.array([0, 1]), np.array([9, 9]), np.array([[2.0, 4.0], [0.0, np.nan]]))
    values = np.array([[1.0, 8.0], [0.0, 99.0]])
    bounds = {"80": (values - 1.0, values + 1.0)}
    first, second = entries("x", Forecasts(values, bounds), origins, np.array([2.0, 5.0]))
    assert (first.mase, second.mase) == (0.25, 2.0)
    assert first.smape == pytest.approx((2.0 / 3.0 + 0.0) / 2)
    assert second.smape == pytest.approx(2.0 * 4.0 / 12.0)
    assert first.coverage == {"80": 1.0}
    assert second.coverage == {"80": 0.0}
    assert overall((first, second)) == mase(values, origins, np.array([2.0, 5.0])) == 1.125


def test_what_gives_no_interval_has_no_coverage() -> None:
    origins = Origins(np.array([0]), np.array([9]), np.array([[2.0]]))
    (entry,) = entries("rule:naive", Forecasts(np.array([[1.0]])), origins, np.ones(1))
    assert entry.coverage is None
