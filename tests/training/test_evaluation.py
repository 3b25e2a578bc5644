"""Scores, rules and intervals of a network whose answers are known: weights that make it the drift rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.folders import read_folder
from service.inference import check, rules
from service.inference.batch import Batch
from service.inference.network import OnnxNetwork
from service.inference.readings.series import Series
from service.levels import NAMES
from tests.conftest import MODELS
from training import calibration, evaluation
from training.answers import error_scales, forecasts, rule_forecasts
from training.registry import PUBLISHED, task_of
from training.tasks import linear, sine
from training.tasks.task import quadratic


class Drift:
    """Answers every step with the last change, so that the scaled answer is drift."""

    def run(self, sequence: Any, length: Any, state: Any = None) -> Any:
        return sequence[:, :, 0], {}


DRIFT: Any = Drift()


@pytest.mark.parametrize("name", ["linear-gru", "sine-gru"])
def test_a_network_that_is_drift_scores_as_the_rule_drift(name: str) -> None:
    for test in evaluation.held_out(task_of(PUBLISHED[name]), 500):
        scored = evaluation.evaluate_on(test, task_of(PUBLISHED[name]), DRIFT)
        assert scored.model.mae == pytest.approx(scored.rules["drift"].mae, rel=1e-4, abs=1e-6)


def test_a_drifting_networks_free_run_is_the_rules() -> None:
    series, lengths = sine.served_range(np.random.default_rng(0), 50, np.zeros(50))
    ran = forecasts(Series(), DRIFT, series.observed[:, :64], np.full(50, 64, np.int32), 10)
    ruled = rule_forecasts(rules.SERIES_RULES["drift"], series.observed[:, :64], 10)
    assert ran / series.unit[:, None] == pytest.approx(ruled / series.unit[:, None], abs=1e-3)
    assert lengths.dtype == np.int32


def test_ar2_free_running_continues_a_clean_sinusoid_exactly() -> None:
    values = np.sin(0.25 * np.arange(132.0))[None]
    ran = rule_forecasts(rules.SERIES_RULES["ar2"], values[:, :32], 100)
    assert ran == pytest.approx(values[:, 32:], abs=1e-9)


def test_sets_of_different_purposes_and_recipes_differ_and_stay_the_same() -> None:
    digests = {test.sha256 for name in PUBLISHED for test in evaluation.held_out(task_of(PUBLISHED[name]), 20)}
    again = {test.sha256 for name in PUBLISHED for test in evaluation.held_out(task_of(PUBLISHED[name]), 20)}
    assert digests == again
    # Cells of a task share their test sets, and the memory lab's is the memory task's headline.
    assert len(digests) == 2 + 2 + 5 + 2 + 3 + 1


def test_the_quadratic_rule_is_exact_on_a_parabola() -> None:
    values = np.arange(9.0)[None] ** 2
    assert quadratic(values)[0, 2:] == pytest.approx((np.arange(3.0, 10.0)) ** 2)


def test_conformal_quantiles_hold_their_share_of_new_scores() -> None:
    rng = np.random.default_rng(0)
    quantile = calibration.conformal(rng.exponential(size=(20_000, 3)), 0.9)
    assert (rng.exponential(size=(20_000, 3)) <= quantile).mean(axis=0) == pytest.approx([0.9] * 3, abs=0.01)


def test_the_error_scale_is_the_served_checks() -> None:
    drawn = calibration.windows(PUBLISHED["linear-gru"], "validation", 40)
    assert drawn is not None
    series, lengths, _ = drawn
    values = series.observed[:, :200]
    scale = error_scales(Series(), DRIFT, values, lengths)
    for row in range(40):
        batch = Batch(values[row : row + 1, : lengths[row]], None, lengths[row : row + 1], np.zeros(1, np.intp))
        span = check.span(batch)
        drift = rules.SERIES_RULES["drift"](batch.values).T[span.start :]
        mae = span.mean(check.absolute_errors(batch, span, drift))
        assert scale[row] == pytest.approx((mae + 1e-3 * batch.unit)[0], rel=1e-4)


def test_intervals_of_any_network_cover_what_they_say() -> None:
    intervals, reason = calibration.calibrate(PUBLISHED["linear-gru"], DRIFT, 2_000)
    assert intervals is not None
    assert reason is None
    for level, shares in intervals.coverage.items():
        assert len(shares) == calibration.HORIZON
        assert shares == pytest.approx([int(level) / 100] * calibration.HORIZON, abs=0.04)
    by_noise = calibration.coverage_by_noise(PUBLISHED["linear-gru"], DRIFT, intervals, 600)
    assert by_noise["90"].mean() == pytest.approx(0.9, abs=0.04)


def test_a_forecast_from_values_that_stand_still_calibrates_nothing() -> None:
    scores = np.array([[float(n), np.nan] if n % 2 else [float(n), float(n)] for n in range(1, 20)])
    assert calibration.conformal(scores, 0.8).tolist() == [16.0, 16.0]  # the 16th of 19, and the 8th of 2, 4 ... 18
    quantiles, reason = calibration.quantiles_of(scores)
    assert reason is None
    usual = {level: quantiles[level].tolist() for level in NAMES}
    assert usual == {"80": [16.0, 16.0], "90": [18.0, 18.0], "95": [19.0, 18.0]}
    assert calibration.held(scores, np.array([16.0, 8.0])) == pytest.approx([16 / 19, 4 / 9])
    assert np.isnan(calibration.held(np.full((3, 1), np.nan), np.ones(1)))
    scores[3:, 1] = np.nan
    quantiles, reason = calibration.quantiles_of(scores)
    assert quantiles == {}
    assert reason is not None
    assert reason.startswith("of the forecasts 2 steps ahead that calibrate them only 1 start where")


def test_scores_that_no_width_fits_give_no_intervals() -> None:
    jumping = np.concatenate((np.ones((17, 1)), np.full((2, 1), 1e5)))
    quantiles, reason = calibration.quantiles_of(jumping)
    assert quantiles == {}
    assert reason is not None
    assert reason.startswith("half-widths reach 1e+05 times the error")


def test_where_nothing_shows_what_they_hold_there_are_no_intervals() -> None:
    quantiles = {level: np.ones(1) for level in calibration.GRID}
    found = calibration.calibrated("x", 64 * "0", quantiles, {level: [np.nan] for level in calibration.GRID})
    assert found.intervals is None
    assert found.reason is not None
    assert found.reason.startswith("nothing shows what they hold")


def test_the_published_half_widths_are_those_of_a_calibration_now() -> None:
    folder = read_folder(MODELS / "sine-gru" / "1")
    intervals, _ = calibration.calibrate(PUBLISHED["sine-gru"], OnnxNetwork(folder.onnx, 2), 4_000)
    assert intervals is not None
    assert folder.card.intervals is not None
    for level, quantiles in folder.card.intervals.quantiles.items():
        few = float(level) > 95  # of 4,000 windows that lie farther away
        assert intervals.quantiles[level] == pytest.approx(quantiles, rel=0.25 if few else 0.1)


def test_a_lines_importance_is_the_inverse_of_what_least_squares_leaves() -> None:
    rng = np.random.default_rng(0)
    noise = np.full(4_000, 0.5)
    series = linear.draw(rng, 4_000, 11, noise)
    left = np.mean((rules.SERIES_RULES["line"](series.observed)[:, 9] - series.clean[:, 10]) ** 2)
    assert linear.WEIGHT / linear.importance(noise, 10)[0, 9] == pytest.approx(left, rel=0.1)
