"""Made-up series: the same from the same seed, finite, of every family, season and length."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference.gaps import filled
from service.inference.readings.general.causal import Told, causal
from training.tasks.series import draw, questions
from training.tasks.series.noise import autoregressive


@pytest.mark.parametrize("family", draw.FAMILIES)
def test_a_family_draws_finite_series_that_move(family: str) -> None:
    rng = np.random.default_rng(0)
    season, second = draw.seasons(rng, 80)
    values = draw.FAMILIES[family][0](rng, season, second, 64)
    assert values.shape == (80, 64)
    assert np.isfinite(values).all()
    assert (np.ptp(values, axis=1) > 0.0).mean() > 0.9


@pytest.mark.parametrize("family", draw.FAMILIES)
def test_a_family_draws_the_same_from_the_same_state(family: str) -> None:
    season, second = np.array([1, 4, 12, 24]), np.array([0, 0, 0, 168])
    first, again = (draw.FAMILIES[family][0](np.random.default_rng(7), season, second, 40) for _ in range(2))
    assert np.array_equal(first, again)


def test_pools_are_reproducible_and_differ_from_one_another() -> None:
    first, again, other = (list(draw.pool(3, number, 200)) for number in (5, 5, 6))
    for mine, same in zip(first, again, strict=True):
        assert all(np.array_equal(*pair, equal_nan=True) for pair in zip(mine, same, strict=True))
    assert not np.array_equal(first[0].lengths, other[0].lengths)


def test_a_pool_mixes_families_in_every_length(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = {name: float(place) for place, name in enumerate(draw.FAMILIES)}
    marked = {
        name: (
            lambda rng, season, second, steps, mark=mark: np.full((len(season), steps), mark),
            draw.FAMILIES[name][1],
        )
        for name, mark in marks.items()
    }
    monkeypatch.setattr(draw, "FAMILIES", marked)
    monkeypatch.setattr(draw.augment, "altered", lambda rng, values: values)
    groups = list(draw.pool(0, 0, 4000))
    found = np.concatenate([group.values[:, 0] for group in groups])
    for name, (_, share) in marked.items():
        assert (found == marks[name]).mean() == pytest.approx(share, abs=0.03)
    # Families stand side by side in a group, not one after the other.
    assert all((np.diff(group.values[:, 0][~np.isnan(group.values[:, 0])]) != 0).mean() > 0.3 for group in groups)


def test_a_pool_has_every_length_and_every_season_fits_in() -> None:
    groups = list(draw.pool(0, 1, 3000))
    assert [group.values.shape[1] for group in groups] == list(draw.LENGTHS)
    for group in groups:
        assert (group.lengths <= group.values.shape[1]).all()
        inside = np.arange(group.values.shape[1]) < group.lengths[:, None]
        assert np.isnan(group.values[~inside]).all()
        assert (np.isnan(group.values) & inside).mean() < 0.05
        seasonal = group.season > 1
        assert (group.lengths[seasonal] >= np.minimum(group.season[seasonal] + 8, 448)).all()
    told = np.concatenate([group.season for group in groups])
    assert {1, 4, 7, 12, 24, 52} <= set(told.tolist())
    assert (told == 1).mean() == pytest.approx(0.45, abs=0.1)


def test_the_right_answer_to_a_question_is_the_value_that_came() -> None:
    group = next(group for group in draw.pool(0, 2, 300) if group.values.shape[1] == 64)
    asked = questions.questions(np.random.default_rng(0), group, 8, 5)
    values, seen = filled(group.values)
    known = causal(Told(values, seen, group.lengths, group.season, group.second))
    assert asked.truth.shape == (len(values), 8, 5, 2)
    assert asked.sequence is not None
    assert (asked.origins < group.lengths[:, None] - 1).all()
    counted = asked.truth[:, :, 0, 1] > 0.0
    at = np.arange(len(values))[:, None]
    scale = known.scale[at, asked.origins]
    told = values[at, asked.origins] + scale * asked.truth[:, :, 0, 0]
    came = values[at, asked.origins + 1]
    assert counted.mean() > 0.8
    assert told[counted] == pytest.approx(came[counted], rel=1e-5, abs=1e-5 * float(np.abs(values).max()))


def test_gaps_are_never_asked_for() -> None:
    group = next(iter(draw.pool(0, 3, 100)))
    values = group.values.copy()
    values[:, 10::2] = np.nan
    asked = questions.questions(np.random.default_rng(0), group._replace(values=values), 8, 3)
    ahead = asked.origins + 1
    gap = np.isnan(np.take_along_axis(values, ahead.astype(np.int64), axis=1))
    assert gap.any()
    assert not asked.truth[:, :, 0, 1][gap].any()


def test_an_autoregression_follows_its_recursion() -> None:
    shocks = np.random.default_rng(0).standard_normal((2, 6))
    first, second = np.array([0.5, -0.2]), np.array([0.1, 0.3])
    found = autoregressive(first, second, shocks)
    for step in range(2, 6):
        expected = first * found[:, step - 1] + second * found[:, step - 2] + shocks[:, step]
        assert found[:, step] == pytest.approx(expected)
