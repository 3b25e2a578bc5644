"""Random walks whose moves come in quiet and in wild stretches: series of which the last value says nearly all."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.noise import (
    Counts,
    Rng,
    column,
    happens,
    levelled,
    powers,
    shocks,
    sometimes,
    standard,
    walk,
)


def draw(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Walks [count, steps] with little drift and memory; no season, whatever is told."""
    count = len(season)
    size = np.exp(standard(walk(rng, count, steps)) * column(sometimes(rng, 0.6, rng.uniform(0.1, 0.8, count))))
    moves = shocks(rng, count, steps, heavy=0.5) * size
    moves[:, 1:] += column(sometimes(rng, 0.4, rng.uniform(-0.3, 0.3, count))) * moves[:, :-1]
    moves += column(rng.standard_normal(count) * sometimes(rng, 0.4, powers(rng, -2.0, -0.7, count)))
    # Prices that are not noted every day stand still meanwhile.
    moves *= np.where(happens(rng, 0.1, count), rng.random((count, steps)) < 0.7, True)
    return levelled(rng, np.cumsum(moves, axis=1), multiplied=0.6, power=(-3.0, -1.0), offset=(0.3, 3.0))
