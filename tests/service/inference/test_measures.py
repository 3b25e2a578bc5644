"""The measures of forecasts against the books' own words, worked out number by number."""

from __future__ import annotations

import math
from statistics import fmean

import numpy as np
import pytest

from service.inference.measures import coverage, naive_error, pinball, relative_errors, weighted_quantile_loss


def test_the_unit_of_mase_is_the_mean_difference_to_a_season_before() -> None:
    values = np.array([1.0, 5.0, 2.0, 8.0, 4.0])
    assert naive_error(values) == fmean([4.0, 3.0, 6.0, 4.0])
    assert naive_error(values, 2) == fmean([1.0, 3.0, 2.0])


@pytest.mark.parametrize("season", [4, 5, 400])
def test_without_a_whole_season_or_with_an_exact_one_neighbours_are_the_unit(season: int) -> None:
    values = np.tile([0.0, 4.0], 2) if season > 4 else np.tile([0.0, 4.0, 0.0, 4.0], 3)
    assert naive_error(values, season) == 4.0


@pytest.mark.parametrize("values", [[3.0], [0.1, 0.1, 0.1], [1e9, 1e9 + 1e-7]])
def test_there_is_no_unit_where_nothing_moves(values: list[float]) -> None:
    assert math.isnan(naive_error(np.array(values), 2))


def test_relative_errors_are_shares_of_the_mean_magnitude_and_a_foretold_zero_is_none() -> None:
    found = relative_errors(np.array([100.0, 0.0, 0.0, np.nan]), np.array([50.0, 0.0, 3.0, 1.0]))
    assert found[:3].tolist() == [2.0 * 50.0 / 150.0, 0.0, 2.0]
    assert math.isnan(found[3])


def test_coverage_counts_bounds_as_inside_and_what_is_unknown_not_at_all() -> None:
    truth = np.array([1.0, 2.0, 3.0, np.nan])
    lower, upper = np.array([1.0, 0.0, 4.0, 0.0]), np.array([2.0, 1.0, 5.0, 9.0])
    assert coverage(truth, lower, upper) == pytest.approx(1 / 3)
    assert coverage(truth, np.full(4, np.nan), upper) is None


def test_the_pinball_loss_weighs_what_lies_above_by_the_quantile_and_below_by_the_rest() -> None:
    assert pinball(np.array([10.0]), np.array([[6.0, 12.0]]), np.array([0.1, 0.9])).tolist() == [
        [pytest.approx(0.4), pytest.approx(0.2)]
    ]


def test_weighted_quantile_loss_of_a_point_is_its_error_as_a_share() -> None:
    truth, point = np.array([[2.0, 4.0], [np.nan, 4.0]]), np.array([[1.0, 4.0], [9.0, 6.0]])
    of = np.array([0.1, 0.5, 0.9])
    # Each quantile weighs an error above by q and one below by 1 - q: (1 x q + 2 x (1 - q)), mean 1.5, twice, over 10.
    found = weighted_quantile_loss(truth, np.repeat(point[..., None], 3, axis=-1), of)
    assert found == pytest.approx(2.0 * 1.5 / 10.0)
    assert math.isnan(weighted_quantile_loss(np.zeros(2), np.zeros((2, 3)), of))
