"""Mixing answers under several seasons by their record on the series itself."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference.readings.general import mixture
from service.inference.readings.general.forecasting import Past, Said, combined

LEVELS = np.array([0.05, 0.1, 0.5, 0.9, 0.95])


def test_multiples_and_divisors_of_a_season_are_tried_beside_it() -> None:
    assert mixture.priors((12,)) == {12: 1.0, **dict.fromkeys((1, 4, 24, 48, 96, 168), 0.1)}
    assert mixture.priors((52,)) == {52: 1.0, 1: 0.1, 4: 0.1}
    assert mixture.priors((24, 168)) == {24: 1.0, 168: 1.0, **dict.fromkeys((1, 4, 7, 12, 48, 96), 0.1)}
    assert mixture.priors((1,)) == {1: 1.0}


def test_all_that_is_tried_on_a_series_begins_with_what_was_told_last() -> None:
    assert mixture.candidates([(52,), (1,)]) == (52, 1, 4)
    assert mixture.candidates([(1,), (52,)]) == (1, 52, 4)


def test_origins_leave_a_whole_horizon_of_truth() -> None:
    assert mixture.origins(36, 12).tolist() == [23, 19, 15, 11, 7, 3]
    assert mixture.origins(100, 3).tolist() == [96, 95, 94, 93, 92, 91, 90, 89]
    assert mixture.origins(8, 6).tolist() == []


def test_the_pinball_loss_counts_deciles_and_known_steps_only() -> None:
    quantiles = np.array([[-100.0, 0.0, 1.0, 2.0, 100.0], [-100.0, 0.0, 1.0, 2.0, 100.0]])
    expected = (0.1 * 3.0 + 0.5 * 2.0 + 0.9 * 1.0) / 3
    assert mixture.pinball(quantiles, np.array([3.0, np.nan]), LEVELS) == pytest.approx(expected)
    assert np.isnan(mixture.pinball(quantiles, np.array([np.nan, np.nan]), LEVELS))


def test_beside_what_was_told_only_the_season_whose_rule_did_best_is_asked_for() -> None:
    prior, truth = np.array([[1.0, 0.1, 0.1, 0.0]] * 2), np.zeros((2, 2, 3))
    truth[1] = np.nan  # no record, nobody did best
    rules = np.broadcast_to(np.array([5.0, 3.0, 2.0, 1.0])[None, :, None, None], (2, 4, 2, 3))
    assert mixture.plausible(prior, rules, truth).tolist() == [[1.0, 0.0, 0.1, 0.0], [1.0, 0.0, 0.0, 0.0]]


def test_a_better_record_weighs_more_the_more_origins_there_are() -> None:
    prior, record = np.ones((3, 2)), np.array([[1.0, 2.0]] * 3)
    share = mixture.weights(prior, record, np.array([[0, 0], [1, 1], [8, 8]]))
    assert share.sum(axis=1) == pytest.approx(1.0)
    assert share[0].tolist() == [0.5, 0.5]
    assert share[1, 1] == pytest.approx(0.25 / 1.25)
    assert share[2, 1] < 0.01


def test_what_has_no_prior_or_no_record_stays_out() -> None:
    prior = np.array([[0.0, 1.0, 1.0]])
    share = mixture.weights(prior, np.array([[0.1, 1.0, np.inf]]), np.full((1, 3), 8))
    assert share.tolist() == [[0.0, 1.0, 0.0]]


def test_an_exact_record_takes_all() -> None:
    share = mixture.weights(np.ones((1, 3)), np.array([[0.0, 1e-9, 0.0]]), np.full((1, 3), 4))
    assert share.tolist() == [[0.5, 0.0, 0.5]]


def test_a_rule_moves_the_median_and_takes_the_fan_along() -> None:
    answers = np.array([[[[[-2.0, -1.0, 0.0, 1.0, 2.0]]], [[[np.nan] * 5]]]])
    rules = np.array([[[[10.0]], [[np.nan]]]])
    share, record = np.array([[0.5, 0.0, 0.5, 0.0]]), np.array([[1.0, np.inf, 3.0, np.inf]])
    found = mixture.mixed(answers, rules, share, record, 2)
    # The record of the mixture is 2, twice the network's own: so is the fan.
    assert found.quantiles.tolist() == [[[[1.0, 3.0, 5.0, 7.0, 9.0]]]]
    assert found.networks.tolist() == [[0.5, 0.0]]
    assert found.rules.tolist() == [[0.5, 0.0]]


def test_the_season_that_did_best_answers() -> None:
    truth = np.random.default_rng(0).standard_normal((1, 8, 3))
    spread = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    past = np.stack([truth[..., None] + 5.0 + spread, truth[..., None] + spread], axis=1)
    answers = np.stack([np.full((1, 1, 3, 5), 100.0), np.broadcast_to(np.arange(5.0), (1, 1, 3, 5))], axis=1)
    rules, ruled = np.full((1, 2, 1, 3), 50.0), np.full((1, 2, 8, 3), 50.0)
    record = Past(past, ruled, truth, np.array([[1.0, 1.0, 0.5, 0.5]]))
    (found,) = combined([Said(answers, rules)], record, LEVELS)
    assert found.networks[0, 1] > 0.99
    assert found.quantiles[0, 0] == pytest.approx(np.broadcast_to(np.arange(5.0), (3, 5)), abs=0.5)


def test_without_a_past_the_season_told_answers_with_the_most_weight() -> None:
    answers = np.zeros((1, 2, 1, 3, 5)) + np.array([1.0, 2.0])[None, :, None, None, None]
    nothing = np.empty((1, 2, 0, 3))
    past = Past(np.empty((1, 2, 0, 3, 5)), nothing, np.empty((1, 0, 3)), np.array([[1.0, 0.0, 0.5, 0.0]]))
    (found,) = combined([Said(answers, np.zeros((1, 2, 1, 3)))], past, LEVELS)
    assert found.networks[0].tolist() == pytest.approx([1.0 / 1.5, 0.0])
