"""What a general network is trained on: the training part only, read as the service reads it."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference.finetuning.excerpts import BATCH, HORIZONS, ORIGINS
from tests.training.series.conftest import MakePanel
from training.series.excerpts import excerpts
from training.series.panel import SeriesError
from training.series.splits import Split

SPLIT = Split(5)
STEP = np.arange(240.0)
WAVE = 10.0 + np.sin(2.0 * np.pi * STEP / 12.0) + 0.1 * np.random.default_rng(0).standard_normal(240)


def test_no_question_reaches_beyond_the_training_part(panel_of: MakePanel) -> None:
    values = WAVE.copy()
    values[SPLIT.ends(240)[0] :] = 1e6  # would show in every answer, feature and place
    asked = excerpts(panel_of(values), SPLIT, 12, 64).draw(np.random.default_rng(0))
    assert asked.truth.shape == (BATCH, ORIGINS, HORIZONS, 2)
    assert np.abs(asked.truth[..., 0]).max() < 100.0
    assert np.abs(asked.places).max() < 100.0
    assert (asked.truth[..., 1] > 0.0).all()
    # A leap so far has no part in the loss.
    again = excerpts(panel_of(values), SPLIT, 12, 64, again=True).draw(np.random.default_rng(0))
    assert (again.truth[..., 1] == 0.0).any()


def test_batches_are_of_one_shape_and_the_same_from_the_same_numbers(panel_of: MakePanel) -> None:
    panel = panel_of(WAVE, WAVE[:100], -WAVE[:150])
    first, again = (excerpts(panel, SPLIT, 12, 64, again=each) for each in (False, True))
    shapes = {each.draw(np.random.default_rng(seed)).sequence.shape for seed in range(3) for each in (first, again)}
    assert shapes == {(BATCH, 64 + SPLIT.horizon, 16)}
    one, other = (first.draw(np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_season_that_repeats_best_is_told_beside_the_one_that_was_named(panel_of: MakePanel) -> None:
    week = np.repeat(np.random.default_rng(1).standard_normal(7) * 5.0, 24)
    values = np.resize(week, 168 * 4) + np.sin(2.0 * np.pi * np.arange(168 * 4) / 24.0)
    asked = excerpts(panel_of(values), Split(24), 24, 512).draw(np.random.default_rng(0))
    told = np.exp(4.0 * asked.sequence[:, 0, 11])  # the logarithm of the season is what the network sees
    assert set(told.round().astype(int)) == {24, 168}


def test_what_never_moves_teaches_nothing(panel_of: MakePanel) -> None:
    late = np.where(STEP < 200, 1.0, STEP)
    asked = excerpts(panel_of(late, WAVE), SPLIT, 12, 64).draw(np.random.default_rng(0))
    assert np.isfinite(asked.sequence).all()
    with pytest.raises(SeriesError, match="no series moves in its training part"):
        excerpts(panel_of(late), SPLIT, 12, 64)
