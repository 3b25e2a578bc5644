"""Series that change their ways: mean-reverting processes whose level, pull and size switch at random moments."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.blends import pattern, placed
from training.tasks.series.noise import Counts, Rng, column, happens, powers, shocks, sometimes

_REGIMES = 3


def draw(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Ornstein-Uhlenbeck processes over two or three regimes, with a seasonal pattern on some."""
    count = len(season)
    stay = column(powers(rng, 0.5, 2.0, count))
    regime = np.cumsum(rng.random((count, steps)) < 1.0 / stay, axis=1) % _REGIMES
    two = happens(rng, 0.5, count)
    regime = np.where(two, regime % 2, regime)
    level = rng.standard_normal((count, _REGIMES))
    pull = 10.0 ** rng.uniform(-2.0, 0.0, (count, _REGIMES))
    size = 10.0 ** rng.uniform(-1.5, 0.0, (count, _REGIMES))
    levels, pulls, moves = (np.take_along_axis(table, regime, axis=1).T for table in (level, pull, size))
    moves = moves * shocks(rng, count, steps).T
    values = np.empty((steps, count))
    value = levels[0].copy()
    for step in range(steps):
        value = value + pulls[step] * (levels[step] - value) + moves[step]
        values[step] = value
    seasonal = pattern(rng, season, steps) * column(sometimes(rng, 0.6, powers(rng, -1.0, 0.3, count)) * (season > 1))
    return placed(rng, values.T + seasonal)
