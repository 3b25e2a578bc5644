"""Scores by the answerer's own widths, their p beside other scores, and the intervals that say the same."""

from __future__ import annotations

import numpy as np
import pytest

from service.arrays import Floats
from service.inference.adaptive import KEPT
from service.inference.calibrated import LEVELS, Calibrated, reach, scores
from service.inference.half_widths import z_of
from tests.service.inference.noise import noisy

LEVEL = (50.0, 80.0, 90.0, 99.0, 99.9)


def normal_widths(deviation: Floats) -> Floats:
    return np.array([0.0, *map(z_of, LEVELS)])[:, None] * deviation


def test_the_score_of_an_error_is_its_z_by_the_widths_of_its_side() -> None:
    below, above = normal_widths(np.full(7, 2.0)), normal_widths(np.full(7, 0.5))
    off = np.array([-4.0, -0.1, 0.0, 0.1, 1.0, 50.0, np.nan])
    expected = [2.0, 0.05, 0.0, 0.2, 2.0, 100.0, np.nan]
    np.testing.assert_allclose(scores(off, below, above), expected, rtol=1e-12)


def test_a_value_lies_as_far_from_its_answer_as_its_score_says() -> None:
    rng = np.random.default_rng(1)
    widths = np.concatenate((np.zeros((1, 500)), np.cumsum(rng.uniform(0.1, 2.0, (len(LEVELS), 500)), axis=0)))
    far = rng.uniform(0.0, 40.0, 500)
    np.testing.assert_allclose(reach(scores(far, widths, widths), widths), far, rtol=1e-12)


def test_p_counts_the_scores_that_are_as_large() -> None:
    found = np.abs(noisy(1, 200))
    p = Calibrated(found, 200).p()
    ranked = np.array([(1 + (found >= each).sum()) / 201 for each in found])
    usual = found < np.sort(found)[-5]
    np.testing.assert_allclose(p[usual], ranked[usual])
    assert (p[~usual] <= 6 / 201 + 1e-12).all()


def test_beyond_the_fifth_largest_p_goes_on_as_that_of_a_normal_error() -> None:
    found = np.append(np.abs(noisy(2, 400)), 6.0)
    deviation = np.sort(found)[-5] / z_of(100.0 * (1.0 - 6 / 401))  # six is beyond what measures
    assert Calibrated(found, 401).p()[-1] == pytest.approx(0.0, abs=1e-6)
    assert Calibrated(found, 401).edges(99.99)[0] == pytest.approx(deviation * z_of(99.99), rel=0.1)


@pytest.mark.parametrize("count", [1, 3, 4, 9, 50, 999, 1000, 1001, 3000])
@pytest.mark.parametrize("last", [0, 7, 2000])
@pytest.mark.parametrize("level", LEVEL)
def test_what_lies_beyond_the_edge_has_a_smaller_p_than_the_level_leaves(count: int, last: int, level: float) -> None:
    found = np.abs(noisy(count, count))
    found[:: max(count // 7, 1)] *= 3.0
    errors = Calibrated(found, max(count - last, 0))
    left = 1.0 - level / 100.0
    p, edges = errors.p(), errors.edges(level)
    near = np.abs(p - left) < 1e-9
    assert ((found > edges) == (p <= left))[~near].all()


def test_edges_of_higher_levels_lie_further_out() -> None:
    errors = Calibrated(np.abs(noisy(5, 1500)), 1500)
    edges = np.array([errors.edges(level) for level in (10.0, *LEVEL, 99.99)])
    assert (np.diff(edges, axis=0) >= 0.0).all()


def test_a_score_is_held_against_the_last_thousand_before_it() -> None:
    found = np.abs(noisy(6, 5000))
    found[2500:] *= 100.0
    p = Calibrated(found, 5000).p()
    assert (p[2000:2500] <= 0.01).mean() == pytest.approx(0.01, abs=0.01)
    assert (p[2500:2550] < 1e-6).mean() > 0.9
    assert (p[2500 + 2 * KEPT :] <= 0.01).mean() == pytest.approx(0.01, abs=0.01)


def test_no_score_after_the_measured_ones_changes_what_is_said_of_another() -> None:
    found = np.abs(noisy(7, 300))
    changed = found.copy()
    changed[250:] *= 40.0
    np.testing.assert_array_equal(Calibrated(found, 250).edges(99.0), Calibrated(changed, 250).edges(99.0))
    np.testing.assert_array_equal(Calibrated(found, 250).p()[:250], Calibrated(changed, 250).p()[:250])


def test_a_tenth_of_outliers_does_not_hide_itself() -> None:
    found = np.abs(noisy(8, 200))
    found[::10] += 40.0
    assert (Calibrated(found, 200).p()[::10] < 1e-6).all()


def test_a_gap_has_no_p_and_measures_nothing() -> None:
    found = np.abs(noisy(9, 100))
    with_gaps = np.insert(found, [20, 50], np.nan)
    p = Calibrated(with_gaps, 102).p()
    assert np.isnan(p).sum() == 2
    np.testing.assert_array_equal(p[~np.isnan(p)], Calibrated(found, 100).p())


def test_widths_near_the_largest_number_are_reached_without_a_complaint() -> None:
    widths = np.zeros((1 + len(LEVELS), 2))
    widths[1:] = np.geomspace(1e280, 1e300, len(LEVELS))[:, None]
    found = reach(np.array([1e12, 1.0]), widths)
    assert found[0] == np.inf
    assert 0.0 < found[1] < 1e300
