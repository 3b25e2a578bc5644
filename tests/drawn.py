"""Series of all kinds, drawn from a seed."""

from __future__ import annotations

import numpy as np


def drawn_series(count: int, seed: int) -> list[list[float]]:
    """Lines, waves, noise, constants, steps, very large and very small ones, whole numbers, walks; 1 to 64 values."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        size = int(rng.integers(1, 65))
        steps, noise = np.arange(size), rng.normal(size=size)
        kinds = (
            rng.normal() * steps + 10.0 * rng.normal(),
            rng.uniform(0.1, 10.0) * np.sin(rng.uniform(0.05, 3.0) * steps + rng.uniform(0.0, 6.0)) + 0.01 * noise,
            noise,
            np.full(size, 100.0 * rng.normal()),
            np.repeat(rng.normal(size=size // 5 + 1), 5)[:size],
            noise * 10.0 ** rng.integers(200, 299),
            noise * 10.0 ** -rng.integers(200, 320),
            rng.integers(-9, 10, size).astype(float),
            np.cumsum(noise) + 1e6,
        )
        found.append(kinds[number % len(kinds)].tolist())
    return found
