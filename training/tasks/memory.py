"""The memory task: the mean of the values whose index is even, read from pairs; knows no network."""

from __future__ import annotations

import numpy as np

from training.tasks.base import Batch, Floats, Windows, log_uniform

INDICES = (0, 5)
LENGTHS = (2, 128)
LAB_LENGTH = 30
# Extra weight of early steps, so that short windows are not drowned by the many steps of long ones.
EARLY = 16.0
SPAN = 2.5  # every window covers this much of the sine, however many points it has


def lab(rng: np.random.Generator, count: int = 200, timesteps: int = LAB_LENGTH) -> Windows:
    """LAB 10-2: pairs of a random index 0..5 and a point of a shifted sine; the target is the mean at even indices.

    Rows without an even index have no mean, so their indices are drawn again.
    """
    index, value = pairs(rng, count, timesteps)
    even = index % 2 == 0
    while (missing := ~even.any(axis=1)).any():
        index[missing] = _indices(rng, int(missing.sum()), timesteps)
        even = index % 2 == 0
    return Windows(np.stack((index, value), axis=-1), (value * even).sum(axis=1) / even.sum(axis=1))


def pairs(rng: np.random.Generator, count: int, timesteps: int) -> tuple[Floats, Floats]:
    """Indices and values, each float64 [count, timesteps]."""
    points = rng.standard_normal((count, 1)) + np.linspace(0.0, SPAN, timesteps + 1)[:-1]
    return _indices(rng, count, timesteps), np.sin(points)


def running_means(rng: np.random.Generator, count: int, timesteps: int) -> Batch:
    """Pairs with, at every timestep, the mean so far as the target; no weight before the first even index.

    Each row's points are spaced as in a window of a length of its own, up to ``timesteps``, so that every prefix
    has been a whole window for some rows.
    """
    length = log_uniform(rng, (2.0, max(3.0, timesteps)), count)
    points = rng.standard_normal((count, 1)) + SPAN / length[:, None] * np.arange(timesteps)
    index, value = _indices(rng, count, timesteps), np.sin(points)
    even = (index % 2 == 0).astype(np.float64)
    seen = np.cumsum(even, axis=1)
    mean = np.cumsum(value * even, axis=1) / np.maximum(seen, 1.0)
    inputs = np.stack((index, value), axis=-1).astype(np.float32)
    weights = (seen > 0.0) * (1.0 + EARLY / np.arange(1.0, timesteps + 1.0))
    return Batch(inputs, mean[..., None].astype(np.float32), weights.astype(np.float32))


def _indices(rng: np.random.Generator, count: int, timesteps: int) -> Floats:
    return rng.integers(INDICES[0], INDICES[1] + 1, (count, timesteps)).astype(np.float64)
