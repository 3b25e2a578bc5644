"""What happens to any made-up series on its way to a network: rounding, censoring, breaks, spikes, reversal, gaps."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from training.tasks.series.noise import Rng, column, happens, powers, sometimes, standard, walk


def altered(rng: Rng, values: Floats) -> Floats:
    """``values`` [count, steps], some rows of them rounded, censored, modulated, broken, spiked or reversed in time."""
    count, steps = values.shape
    size = values.std(axis=1, keepdims=True)
    values = np.where(happens(rng, 0.04, count), values[:, ::-1], values)
    # An envelope: swings about the mean that grow and shrink.
    envelope = np.exp(0.5 * standard(walk(rng, count, steps)))
    centre = values.mean(axis=1, keepdims=True)
    values = np.where(happens(rng, 0.03, count), centre + (values - centre) * envelope, values)
    broken = np.arange(steps) > rng.uniform(0.0, steps, (count, 1))
    values = values + broken * column(sometimes(rng, 0.04, np.asarray(rng.standard_normal(count)))) * size
    hit = (rng.random((count, steps)) < 0.03) & happens(rng, 0.04, count)
    values = values + hit * rng.standard_exponential((count, steps)) * column(rng.choice((-2.0, 2.0), count)) * size
    low, high = np.quantile(values, (0.2, 0.85), axis=1)
    values = np.where(happens(rng, 0.02, count), np.maximum(values, column(low)), values)
    values = np.where(happens(rng, 0.02, count), np.minimum(values, column(high)), values)
    grain = column(sometimes(rng, 0.15, powers(rng, -2.5, -0.3, count))) * size
    return np.where(grain > 0.0, np.round(values / np.where(grain > 0.0, grain, 1.0)) * grain, values)


def with_gaps(rng: Rng, values: Floats) -> Floats:
    """``values`` with NaN at random steps, or over one stretch, of 6 % of the rows."""
    count, steps = values.shape
    gone = rng.random((count, steps)) < rng.uniform(0.02, 0.3, (count, 1))
    first = rng.uniform(0.0, steps, (count, 1))
    length = rng.uniform(0.02, 0.2, (count, 1)) * steps
    stretch = (np.arange(steps) >= first) & (np.arange(steps) < first + length)
    gone = np.where(happens(rng, 0.6, count), gone, stretch) & happens(rng, 0.06, count)
    return np.where(gone, np.nan, values)
