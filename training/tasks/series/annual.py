"""Short series without a season, as yearly figures are: autoregressive noise and slope, drift that may fade."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.noise import (
    Counts,
    Rng,
    autoregressive,
    chosen,
    column,
    levelled,
    powers,
    shocks,
    sometimes,
)


def draw(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Series [count, steps]; they have no season, whatever ``season`` says."""
    count = len(season)
    memory = sometimes(rng, 0.5, rng.uniform(-0.3, 0.7, count))
    noise = autoregressive(memory, 0.0, shocks(rng, count, steps, heavy=0.3)) * column(np.sqrt(1.0 - memory**2))
    persistence = chosen(rng, (0.8, 0.9, 0.95, 0.98, 1.0), (1, 1, 1, 1, 1), count)
    turns = rng.standard_normal((count, steps)) * column(sometimes(rng, 0.6, powers(rng, -2.0, -0.3, count)))
    slope = autoregressive(persistence, 0.0, turns)
    drift = rng.standard_normal(count) * sometimes(rng, 0.75, powers(rng, -1.0, 0.3, count))
    # From a random step on, drift may fade.
    late = np.maximum(np.arange(steps) - steps + column(powers(rng, 0.8, 2.0, count)), 0.0)
    fading = column(chosen(rng, (1.0, 0.97, 0.93, 0.85), (0.6, 0.15, 0.15, 0.1), count)) ** late
    quiet = column(np.where(rng.random(count) < 0.1, 0.05, 1.0))
    level = np.cumsum(noise * quiet + slope + column(drift) * fading, axis=1)
    seen = sometimes(rng, 0.5, powers(rng, -1.0, 0.3, count))
    values = level + rng.standard_normal((count, steps)) * column(seen)
    return levelled(rng, values, multiplied=0.6, power=(-2.3, -0.6), offset=(0.3, 2.5))
