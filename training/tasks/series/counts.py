"""Counts and intermittent demand: Poisson or overdispersed numbers of a moving rate, and demand between zeros."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series import blends
from training.tasks.series.noise import Counts, Rng, column, happens, powers, standard


def draw(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Whole numbers [count, steps]; some rows are zero at most steps, some count packs of a size of their own."""
    count = len(season)
    course = 0.8 * blends.trend(rng, count, steps) * column(rng.random(count))
    course += 0.7 * blends.pattern(rng, season, steps) * column(rng.random(count) * (season > 1))
    course += 0.3 * standard(blends.noise(rng, count, steps)) * column(rng.random(count))
    rate = np.exp(np.clip(course + column(rng.uniform(-1.5, 4.0, count)), -20.0, 12.0))
    shape = column(powers(rng, 0.0, 2.0, count))
    spread = np.where(happens(rng, 0.4, count), rng.gamma(shape, 1.0 / shape, (count, steps)), 1.0)
    numbers = rng.poisson(rate * spread).astype(np.float64)
    # Demand: now and then, how much then being another draw.
    often = column(rng.uniform(0.1, 0.9, count)) * np.exp(0.5 * standard(course) - 0.5)
    demand = np.where(rng.random((count, steps)) < often, 1.0 + numbers, 0.0)
    numbers = np.where(happens(rng, 0.3, count), demand, numbers)
    pack = np.where(rng.random(count) < 0.2, rng.integers(2, 50, count), 1)
    packed: Floats = numbers * column(pack)
    return packed
