"""Causal features of the general reading: free of offset and unit, without look-ahead, defined for any series."""

from __future__ import annotations

import numpy as np
import pytest

from service.arrays import Floats
from service.inference.gaps import filled
from service.inference.readings.general.asked import asked
from service.inference.readings.general.causal import STEP_FEATURES, Causal, Told, causal


def read(values: Floats, season: int = 1, second: int = 0) -> Causal:
    table, seen = filled(np.atleast_2d(values))
    count = len(table)
    lengths = np.full(count, table.shape[1])
    return causal(Told(table, seen, lengths, np.full(count, season), np.full(count, second)))


def seasonal(rng: np.random.Generator, steps: int = 60, season: int = 12) -> Floats:
    walk = np.cumsum(rng.standard_normal(steps))
    found: Floats = walk + 5.0 * np.sin(2.0 * np.pi * np.arange(steps) / season)
    return found


@pytest.mark.parametrize(("scale", "offset"), [(1e-9, 0.0), (1e9, 3e9), (0.37, -1e4), (1.0, 1e6)])
def test_offset_and_unit_change_nothing(scale: float, offset: float) -> None:
    values = seasonal(np.random.default_rng(0))
    plain, moved = read(values, 12, 24), read(scale * values + offset, 12, 24)
    assert moved.features == pytest.approx(plain.features, abs=1e-6)
    origins, horizons = np.array([[20, 59]]), np.array([[[1, 5, 30], [1, 12, 13]]])
    for mine, other in zip(asked(moved, origins, horizons), asked(plain, origins, horizons), strict=True):
        assert mine == pytest.approx(other, rel=1e-5, abs=1e-6)
    assert moved.scale == pytest.approx(scale * plain.scale, rel=1e-6)


@pytest.mark.parametrize("season", [1, 4, 12])
def test_no_step_knows_a_later_one(season: int) -> None:
    values = seasonal(np.random.default_rng(1))
    changed = np.where(np.arange(60) > 30, 1e3, values)
    assert np.array_equal(read(values, season).features[:, :31], read(changed, season).features[:, :31])
    origins, horizons = np.array([[2, 30]]), np.array([[[1, 2, 40], [1, 12, 48]]])
    for mine, other in zip(
        asked(read(values, season), origins, horizons), asked(read(changed, season), origins, horizons), strict=True
    ):
        assert np.array_equal(mine, other)


def test_a_series_reads_the_same_alone_and_padded_among_others() -> None:
    rng = np.random.default_rng(2)
    short, long = seasonal(rng, 25), seasonal(rng, 60)
    padded = np.stack((np.concatenate((short, np.repeat(short[-1], 35))), long))
    told = Told(padded, np.ones((2, 60), bool), np.array([25, 60]), np.array([4, 12]), np.array([0, 24]))
    together = causal(told)
    assert np.array_equal(together.features[:1, :25], read(short, 4).features)
    assert np.array_equal(together.features[1:], read(long, 12, 24).features)


@pytest.mark.parametrize(
    "values",
    [
        np.full(20, 7.0),
        np.array([3.0, 5.0]),
        np.array([1e300, -1e300] * 20),
        np.array([1e-300, 3e-300, 2e-300] * 10),
        np.array([5e-324, 0.0] * 8),
        np.full(9, np.nan),
        np.array([np.nan, np.nan, 4.0, np.nan, 5.0, np.nan]),
        np.random.default_rng(3).poisson(0.3, 50).astype(float),
    ],
    ids=["constant", "two", "huge", "tiny", "smallest", "gaps alone", "gaps", "counts"],
)
@pytest.mark.parametrize("season", [1, 4, 168])
def test_every_series_has_finite_features(values: Floats, season: int) -> None:
    known = read(values, season)
    steps = len(values)
    origins, horizons = np.arange(steps)[None], np.broadcast_to(np.array([1, 3, 200]), (1, steps, 3))
    assert known.features.shape == (1, steps, STEP_FEATURES)
    for part in (known.features, known.scale, *asked(known, origins, horizons)):
        assert np.isfinite(part).all()


def test_relative_values_are_bounded_by_the_length() -> None:
    known = read(np.array([0.0] * 30 + [1e6] + [0.0] * 29), 12)
    _, places = asked(known, np.array([[59]]), np.arange(1, 49)[None, None])
    assert np.abs(places).max() <= 60 * 48


def test_a_gap_brings_no_change_and_is_told() -> None:
    values = seasonal(np.random.default_rng(4), 30)
    values[[10, 11, 20]] = np.nan
    known = read(values)
    seen = known.features[0, :, 13]
    assert seen[[10, 11, 20]].tolist() == [0.0] * 3
    assert seen.sum() == 27.0
    assert known.features[0, [10, 11, 20], 0].tolist() == [0.0] * 3
    assert known.scale[0, 11] == known.scale[0, 9]
    changes = np.abs(np.diff(values[~np.isnan(values)]))
    assert known.scale[0, -1] == pytest.approx(changes.mean())


def test_the_places_of_a_repeating_series_are_its_next_values() -> None:
    pattern = np.array([3.0, 1.0, 4.0, 1.5])
    known = read(np.tile(pattern, 6), 4)
    features, places = asked(known, np.array([[21]]), np.arange(1, 9)[None, None])
    truth = (pattern[(22 + np.arange(8)) % 4] - pattern[1]) / known.scale[0, 21]
    for place in (0, 1, 2, 3, 4, 5):
        assert places[0, 0, :, place] == pytest.approx(truth, abs=1e-6)
    # Season means and deviations from them add up to the place itself.
    assert places[0, 0, :, 11] + places[0, 0, :, 13] == pytest.approx(truth, abs=1e-6)
    assert places[0, 0, :, 12] + places[0, 0, :, 13] == pytest.approx(truth, abs=1e-6)
    assert np.abs(features).max() < 5.0


def test_without_a_season_nothing_is_taken_from_places() -> None:
    known = read(seasonal(np.random.default_rng(5)))
    _, places = asked(known, np.array([[30, 59]]), np.broadcast_to(np.arange(1, 7), (1, 2, 6)))
    assert not places.any()
