"""Series with noise, for what is said of their past."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats


def noisy(seed: int, length: int, level: float = 0.0) -> Floats:
    found: Floats = level + np.random.default_rng(seed).standard_normal(length)
    return found


def wave(seed: int, length: int = 120) -> Floats:
    steps = np.arange(length)
    found: Floats = 50.0 + 10.0 * np.sin(2.0 * np.pi * steps / 12.0) + noisy(seed, length, 0.0)
    return found
