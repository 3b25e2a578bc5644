"""Training windows come from the training part only, and their targets from the series itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.series.conftest import MakePanel
from training.recipes import Stage
from training.series import candidates
from training.series.panel import SeriesError
from training.series.splits import Split
from training.series.windows import Windows


def test_no_window_reaches_beyond_the_training_part(panel_of: MakePanel) -> None:
    split = Split(5)
    end = split.ends(200)[0]
    values = np.sin(np.arange(200.0))
    values[end:] = 1e6  # would show in every target and future
    batch = Windows(panel_of(values), split, 20).draw(np.random.default_rng(0), Stage(4, 64, 1e-3, 1e-3, 4, 20, 5))
    assert batch.inputs.shape == (4, 64, 20, 2)
    assert batch.future is not None
    assert batch.future.shape == (4, 64, 5)
    assert np.abs(batch.future).max() < 100.0
    assert (batch.weights * batch.targets[..., 0] ** 2).max() < 100.0


def test_series_too_short_or_flat_are_not_drawn_from(panel_of: MakePanel) -> None:
    stage = Stage(1, 50, 1e-3, 1e-3, 1, 20, 5)
    flat = np.concatenate((np.ones(100), np.arange(100.0)))
    batch = Windows(panel_of(np.sin(np.arange(200.0)), flat, np.arange(50.0)), Split(5), 20).draw(
        np.random.default_rng(0), stage
    )
    assert np.isfinite(batch.inputs).all()
    assert (batch.weights.sum(axis=2) > 0.0).all()
    with pytest.raises(SeriesError, match="no series moves over 25 values"):
        Windows(panel_of(np.arange(50.0)), Split(5), 20)


def test_a_training_part_that_hardly_moves_is_refused(panel_of: MakePanel) -> None:
    end = Split(5).ends(400)[0]
    values = np.zeros(400)
    values[end - 1 :] = np.arange(401.0 - end)
    values[end - 1] = 1.0
    with pytest.raises(SeriesError, match="hardly ever moves"):
        Windows(panel_of(values), Split(5), 20).draw(np.random.default_rng(0), Stage(1, 8, 1e-3, 1e-3, 1, 20, 5))


def test_lengths_follow_season_and_data(panel_of: MakePanel) -> None:
    split = Split(12)
    assert candidates.lengths_for(panel_of(np.arange(2_000.0)), split, None) == (32, 64)
    assert candidates.lengths_for(panel_of(np.arange(2_000.0)), split, 52) == (104, 192)
    assert candidates.lengths_for(panel_of(np.arange(100.0)), Split(5), None) == (24,)
    assert candidates.units_for(panel_of(np.arange(300.0)), split) == (8,)
    assert candidates.units_for(panel_of(np.arange(4_000.0)), split) == (16,)
    assert candidates.units_for(panel_of(np.arange(40_000.0)), split) == (16, 32)


def test_no_network_has_more_than_32_units_whatever_is_merged() -> None:
    for units in (8, 16, 32):
        seeds = candidates.seeds(candidates.Candidate("gru", units, 32, 5))
        assert len(seeds) * units == 32
        assert seeds[0] == 5
        assert len(set(seeds)) == len(seeds)
