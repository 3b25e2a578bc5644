"""Trend, seasons and noise with change points, added or multiplied: the bulk of the made-up series."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.noise import (
    Counts,
    Rng,
    autoregressive,
    chosen,
    column,
    happens,
    powers,
    shocks,
    sometimes,
    standard,
    walk,
)

_WAVES = 6
_LONGEST_TABLE = 400


def draw(rng: Rng, season: Counts, second: Counts, steps: int) -> Floats:
    """Series [count, steps] with the seasons ``season`` [count] (1: none) and ``second`` (0: none)."""
    count = len(season)
    seasonal = pattern(rng, season, steps) * column(season > 1)
    if (second > 0).any():
        other = pattern(rng, np.maximum(second, 2), steps) * column(second > 0)
        seasonal = seasonal + other * column(rng.uniform(0.1, 1.0, count))
    trend_size = sometimes(rng, 0.9, powers(rng, -1.0, 0.7, count))
    season_size = sometimes(rng, 0.85, powers(rng, -1.3, 0.5, count))
    noise_size = sometimes(rng, 0.95, powers(rng, -1.8, 0.3, count), 1e-3)
    values = column(trend_size) * trend(rng, count, steps) + column(season_size) * seasonal
    values += column(noise_size) * noise(rng, count, steps)
    values /= column(trend_size + season_size + noise_size)
    hit = (rng.random((count, steps)) < 0.01) & happens(rng, 0.12, count)
    values += hit * rng.standard_normal((count, steps)) * 1.5
    return placed(rng, values)


def placed(rng: Rng, values: Floats) -> Floats:
    """Values of about unit size beside an offset, as exponentials, or cut off at zero."""
    count = len(values)
    side = np.where(rng.random(count) < 0.75, 1.0, -1.0)
    added = values + column(powers(rng, -0.5, 1.3, count) * side)
    multiplied = np.exp(values * column(powers(rng, -1.5, 0.15, count)))
    kind = column(rng.random(count))
    return np.where(kind < 0.4, added, np.where(kind < 0.88, multiplied, np.maximum(added, 0.0)))


def pattern(rng: Rng, season: Counts, steps: int) -> Floats:
    """Repeating patterns of unit size: waves whose size falls with their number and may drift, and tables of places."""
    count = len(season)
    step = np.arange(steps)
    waves = np.zeros((count, steps))
    fall = rng.uniform(0.0, 2.0, count)
    drift = sometimes(rng, 0.5, powers(rng, -2.5, -0.8, count)) * 0.3
    moving = np.flatnonzero(drift)
    coefficient = rng.standard_normal((2, _WAVES, count))
    for wave in range(1, _WAVES + 1):
        size = wave**-fall * (wave <= np.maximum(season / 2.0, 1.0))
        angle = 2.0 * np.pi * wave * step / column(season)
        for part, function in enumerate((np.cos, np.sin)):
            each = np.repeat(column(coefficient[part, wave - 1]), steps, axis=1)
            each[moving] += column(drift[moving]) * walk(rng, len(moving), steps)
            waves += column(size) * each * function(angle)
    table = rng.standard_normal((count, _LONGEST_TABLE))
    spikes = np.where(rng.random((count, _LONGEST_TABLE)) < 0.12, np.abs(table) * 3.0, 0.0)
    table = np.where(happens(rng, 0.3, count), spikes, table)
    places = np.take_along_axis(table, step % np.minimum(column(season), _LONGEST_TABLE), axis=1)
    weight = column(sometimes(rng, 0.5, rng.random(count)))
    return standard(standard(waves) * (1.0 - weight) + standard(places) * weight)


def trend(rng: Rng, count: int, steps: int) -> Floats:
    """Mixtures of a wandering slope, a random walk, a line, bends, an S-curve and a slow cycle, with rare steps."""
    # A short series is often cut from a slow course, so the course may be up to four times as long as what is seen.
    span = column(steps * 4.0 ** rng.random(count))
    step = np.arange(steps) - steps + span
    first, last = column(rng.random(count)) * span, column(rng.random(count)) * span

    def side() -> Floats:
        return np.where(happens(rng, 0.5, count), 1.0, -1.0)

    def tilt() -> Floats:
        return rng.uniform(-1.0, 1.0, (count, 1))

    persistence = chosen(rng, (0.5, 0.8, 0.9, 0.95, 0.98, 1.0), (0.1, 0.2, 0.2, 0.2, 0.2, 0.1), count)
    slopes = np.cumsum(autoregressive(persistence, 0.0, rng.standard_normal((count, steps))), axis=1)
    bends = np.maximum(step - first, 0.0) * tilt() + np.maximum(step - last, 0.0) * tilt() + step * tilt()
    curve = 1.0 / (1.0 + np.exp(-np.clip((step - first) / (span * column(rng.uniform(0.02, 0.3, count))), -50, 50)))
    period = column(powers(rng, 1.0, 2.7, count))
    cycle = np.sin(2.0 * np.pi * (step / period + column(rng.random(count))))
    parts = (
        standard(slopes),
        standard(walk(rng, count, steps)),
        (step / span - 0.5) * 3.46 * side(),
        bends / span * 3.0,
        standard(curve) * side(),
        cycle,
    )
    weights = rng.gamma(np.array((0.5, 0.6, 0.5, 0.3, 0.2, 0.15)), size=(count, len(parts))) + 1e-12
    weights /= weights.sum(axis=1, keepdims=True)
    total = np.zeros((count, steps))
    for weight, part in zip(weights.T, parts, strict=True):
        total += column(weight) * part
    shift = sometimes(rng, 0.1, rng.uniform(-1.5, 1.5, count))
    return total + (step > last) * column(shift)


def noise(rng: Rng, count: int, steps: int) -> Floats:
    """Second-order autoregressive noise of unit size, some of it heavy-tailed or of changing size."""
    changing = np.exp(0.5 * standard(walk(rng, count, steps)) * happens(rng, 0.3, count))
    first = sometimes(rng, 0.5, rng.uniform(-0.6, 0.9, count))
    second = sometimes(rng, 0.3, rng.uniform(-0.5, 0.3, count)) * (1.0 - np.abs(first))
    return standard(autoregressive(first, second, shocks(rng, count, steps) * changing))
