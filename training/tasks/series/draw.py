"""Draws made-up series for training: families interleaved, in groups of like lengths, reproducible from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from service.arrays import Floats
from service.inference.finetuning.questions import Group
from training.tasks.series import annual, augment, blends, counts, kernels, processes, regimes, walks
from training.tasks.series.noise import Counts, Rng, chosen

Family = Callable[[Rng, Counts, Counts, int], Floats]

# Each family and its share of the series.
FAMILIES: Mapping[str, tuple[Family, float]] = {
    "blends": (blends.draw, 0.42),
    "annual": (annual.draw, 0.24),
    "smoothing": (processes.smoothing, 0.06),
    "seasonal autoregression": (processes.seasonal_autoregression, 0.06),
    "kernels": (kernels.draw, 0.08),
    "counts": (counts.draw, 0.05),
    "regimes": (regimes.draw, 0.04),
    "walks": (walks.draw, 0.05),
}
# Series are drawn as long as the shortest of these that holds them.
LENGTHS = (32, 64, 128, 224, 448)
_SEASONS = (1, 4, 5, 7, 12, 24, 48, 52, 96, 168, 0)
_SEASON_CHANCES = (0.17, 0.13, 0.03, 0.10, 0.24, 0.13, 0.02, 0.08, 0.01, 0.03, 0.06)
SHORTEST = 9
_ANNUAL_LENGTHS = (SHORTEST, 64)
_SHORTEST, _USUAL, _LONG_SHARE = 10, 222, 0.08


def pool(seed: int, number: int, count: int) -> Iterator[Group]:
    """``count`` series, a group for each of ``LENGTHS`` that occurs; the same ``seed`` and ``number`` give the same."""
    rng = np.random.default_rng(np.random.SeedSequence([1, seed, number]))
    names = list(FAMILIES)
    shares = np.array([share for _, share in FAMILIES.values()])
    family = rng.choice(len(names), count, p=shares / shares.sum())
    season, second = seasons(rng, count)
    yearly = family == names.index("annual")
    season, second = np.where(yearly, 1, season), np.where(yearly, 0, second)
    told, told_second = _told(rng, season, second)
    told, told_second = np.where(yearly, 1, told), np.where(yearly, 0, told_second)
    lengths = np.where(yearly, _between(rng, *_ANNUAL_LENGTHS, count), _lengths(rng, told))
    for low, longest in zip((0, *LENGTHS), LENGTHS, strict=False):
        rows = np.flatnonzero((lengths > low) & (lengths <= longest))
        if len(rows):
            values = np.empty((len(rows), longest))
            for index, (draw, _) in enumerate(FAMILIES.values()):
                mine = family[rows] == index
                if mine.any():
                    values[mine] = draw(rng, season[rows][mine], second[rows][mine], longest)
            values = augment.with_gaps(rng, augment.altered(rng, values))
            yield Group(_aligned(values, lengths[rows]), lengths[rows], told[rows], told_second[rows])


def seasons(rng: Rng, count: int) -> tuple[Counts, Counts]:
    """Seasons [count] (1: none) and longer seasons that are multiples of them (0: none)."""
    season = chosen(rng, _SEASONS, _SEASON_CHANCES, count).astype(np.int64)
    season = np.where(season == 0, rng.integers(2, 61, count), season)
    times = np.where(season == 24, 7, np.where(season == 7, 52, rng.integers(2, 9, count)))
    twice = (rng.random(count) < np.where(season == 24, 0.6, 0.12)) & (season > 1) & (season * times < 380)
    return season, np.where(twice, season * times, 0)


def _told(rng: Rng, season: Counts, second: Counts) -> tuple[Counts, Counts]:
    """The seasons that the network is told: sometimes wrong, sometimes none."""
    lie = rng.random(len(season))
    told = np.where(lie < 0.05, rng.integers(1, 30, len(season)), np.where(lie < 0.12, 1, season))
    # A long season may also be told alone, as the only one.
    alone = (rng.random(len(season)) < 0.15) & (second > 0) & (lie >= 0.12)
    told = np.where(alone, second, told)
    return told, np.where((rng.random(len(season)) < 0.3) | (told != season), 0, second)


def _lengths(rng: Rng, told: Counts) -> Counts:
    long = rng.random(len(told)) < _LONG_SHARE
    length = np.where(long, _between(rng, _USUAL, LENGTHS[-1], len(told)), _between(rng, _SHORTEST, _USUAL, len(told)))
    seen = (told * (1.0 + 2.0 * rng.random(len(told)))).astype(np.int64) + 8
    return np.minimum(np.where(told > 1, np.maximum(length, seen), length), LENGTHS[-1])


def _between(rng: Rng, low: float, high: float, count: int) -> Counts:
    drawn: Counts = np.exp(rng.uniform(np.log(low), np.log(high), count)).astype(np.int64)
    return drawn


def _aligned(values: Floats, lengths: Counts) -> Floats:
    """The last ``lengths`` values of every row, moved to its start; NaN after them."""
    steps = values.shape[1]
    place = np.arange(steps) + steps - lengths[:, None]
    moved = np.take_along_axis(values, np.minimum(place, steps - 1), axis=1)
    return np.where(place < steps, moved, np.nan)
