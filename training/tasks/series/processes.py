"""State-space processes: exponential smoothing with damped trend and season, and seasonal autoregressions."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.noise import (
    Counts,
    Rng,
    column,
    levelled,
    powers,
    shocks,
    sometimes,
)


def smoothing(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Exponential smoothing, additive errors: level, damped slope, seasonal places and a moving average of shocks."""
    count = len(season)
    level_share = sometimes(rng, 0.85, rng.random(count) ** 1.5)
    slope_share = sometimes(rng, 0.6, level_share * rng.random(count) * 0.5)
    season_share = sometimes(rng, 0.6, (1.0 - level_share) * rng.random(count) * 0.6) * (season > 1)
    damping = np.where(rng.random(count) < 0.4, 1.0, rng.uniform(0.8, 0.98, count))
    slope = rng.standard_normal(count) * sometimes(rng, 0.7, powers(rng, -1.5, 0.2, count))
    longest = int(season.max())
    places = rng.standard_normal((count, longest)) * (np.arange(longest) < column(season))
    places = (places - places.sum(axis=1, keepdims=True) / column(season)) * (np.arange(longest) < column(season))
    places *= column(powers(rng, -0.5, 1.0, count) * (season > 1))
    shock = shocks(rng, count, steps)
    average = sometimes(rng, 0.4, rng.uniform(-0.6, 0.6, count))
    shock[:, 1:] += column(average) * shock[:, :-1]
    level, rows = np.zeros(count), np.arange(count)
    values = np.empty((steps, count))
    for step in range(steps):
        place, error = step % season, shock[:, step]
        level = level + damping * slope
        values[step] = level + places[rows, place] + error
        level = level + level_share * error
        slope = damping * slope + slope_share * error
        places[rows, place] += season_share * error
    return levelled(rng, values.T, multiplied=0.55, power=(-2.3, -0.5), offset=(0.3, 2.0))


def seasonal_autoregression(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Autoregressions of order two times a seasonal one, integrated once, seasonally, both or not at all."""
    count = len(season)
    first = rng.uniform(-0.5, 0.95, count)
    after = sometimes(rng, 0.4, rng.uniform(-0.5, 0.4, count)) * (1.0 - np.abs(first))
    again = sometimes(rng, 0.7, rng.uniform(-0.3, 0.9, count)) * (season > 1)
    error = shocks(rng, count, steps).T.copy()
    rows = np.arange(count)
    error[1:] += sometimes(rng, 0.4, rng.uniform(-0.8, 0.5, count)) * error[:-1]
    values = error.copy()
    for step in range(1, steps):
        values[step] += first * values[step - 1]
        if step > 1:
            values[step] += after * values[step - 2]
    whole = rng.random(count) < 0.5
    seasonal = (rng.random(count) < 0.6) & (season > 1)
    # The seasonal part starts from a pattern rather than from nothing.
    start = rng.standard_normal((int(season.max()), count)) * powers(rng, -0.3, 1.0, count)
    pull = np.where(seasonal, 1.0, again)
    for step in range(steps):
        past = step - season
        earlier = np.where(past >= 0, values[np.maximum(past, 0), rows], start[step % season, rows] * (season > 1))
        values[step] += pull * earlier * (season > 1)
    drift = rng.standard_normal(count) * sometimes(rng, 0.5, powers(rng, -1.5, 0.0, count))
    walked = np.cumsum(values * np.where(season > 1, 0.3, 1.0) + drift, axis=0)
    values = np.where(
        whole & ~seasonal, walked, np.where(whole, values + np.cumsum(error * 0.3 + drift, axis=0), values)
    )
    return levelled(rng, values.T, multiplied=0.5, power=(-2.3, -0.5), offset=(0.3, 2.0))
