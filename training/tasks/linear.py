"""The linear task: arithmetic progressions, the slides' windows and the served range; knows no network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from training.recipes import Recipe, Stage
from training.tasks.base import Series, TestSet, Windows, log_uniform
from training.tasks.noisy import Noisy, noise

START, STEP = 1e6, (1e-3, 1e3)
LENGTHS = (3, 200)
# Errors in steps that training stops caring about, and the unit of the weights.
FLOOR, WEIGHT = 2e-3, 1e-3

# The shortest of the windows that calibrate intervals.
_CALIBRATED = 8


class Linear(Noisy):
    """Arithmetic progressions with and without noise."""

    name = "linear"
    description = (
        "fresh arithmetic progressions in every batch, 40 % clean, else Gaussian noise of 0.3-30 % of the step; "
        "the clean next value as the target at every timestep"
    )
    shape, unit = "straight lines", "step"
    served = "arithmetic progressions: start within +-1e6, step 1e-3..1e3 of either sign (log-uniform), length 3..200"
    calibrated = "8..200"
    lengths = LENGTHS
    # Short sequences first: there a cell learns in seconds what it then only has to stretch.
    stages = (
        Stage(1000, 256, 5e-3, 2e-3, 20, timesteps=24),
        Stage(2000, 128, 2e-3, 2e-3, 20, timesteps=80),
        Stage(4000, 64, 2e-3, 1e-5, 20, timesteps=200),
    )

    def recipes(self) -> list[Recipe]:
        # A line's gain falls with the number of values seen. Gates learn that; a simple RNN has to be helped.
        return [
            replace(each, before=(16,), after=(32, 16), initial="averages") if each.cell == "simplernn" else each
            for each in super().recipes()
        ]

    def weighted(self, rng: np.random.Generator, sequences: int, timesteps: int, counted: int) -> tuple[Series, Floats]:
        series = draw(rng, sequences, timesteps, noise(rng, sequences))
        return series, importance(series.noise, counted)

    def draw_served(
        self, rng: np.random.Generator, count: int, noise: Floats, horizon: int = 1
    ) -> tuple[Series, NDArray[np.int32]]:
        # The half of a window that is the check of a forecast says nothing where it is a step or two.
        return served_range(rng, count, noise, horizon, LENGTHS[0] if horizon == 1 else _CALIBRATED)


def slide() -> Windows:
    """The slides' 100 windows of length 3, [0.0, 0.1, 0.2] -> 0.3 to [9.9, 10.0, 10.1] -> 10.2."""
    return _windows(first=np.arange(100), timesteps=3)


def comparison() -> Windows:
    """The slides' 8 training windows of length 16, starting at 0.0 ... 0.7 (targets 1.6 ... 2.3)."""
    return _windows(first=np.arange(8), timesteps=16)


def comparison_validation() -> Windows:
    """The slides' 4 validation windows, starting at 1.0 ... 1.3 (targets 2.6 ... 2.9)."""
    return _windows(first=np.arange(10, 14), timesteps=16)


def draw(rng: np.random.Generator, sequences: int, timesteps: int, noise: Floats) -> Series:
    """Progressions of step +1 or -1 with Gaussian ``noise`` [sequences] in steps, started at 0.

    The start and the size of the step are left out because causal scaling removes both exactly.
    """
    sign = rng.choice((-1.0, 1.0), (sequences, 1))
    clean = sign * np.arange(timesteps, dtype=np.float64)
    observed = clean + noise[:, None] * rng.standard_normal(clean.shape)
    return Series(observed, clean, np.ones(sequences), noise)


def importance(noise: Floats, timesteps: int) -> Floats:
    """Weight of the squared error in steps at each timestep, [sequences, timesteps].

    The inverse of what a least-squares line would leave, plus a floor, so that clean sequences and long ones
    count as much as noisy and short ones.
    """
    count = np.maximum(np.arange(1.0, timesteps + 1.0), 2.0)
    left = 2.0 * (2.0 * count + 1.0) / (count * (count - 1.0))
    weight: Floats = WEIGHT / (noise[:, None] ** 2 * left + FLOOR**2)
    return weight


def served_range(
    rng: np.random.Generator, sequences: int, noise: Floats, horizon: int = 1, shortest: int = LENGTHS[0]
) -> tuple[Series, NDArray[np.int32]]:
    """Progressions of the whole served range with the lengths to be read, at the longest length plus ``horizon``."""
    step = log_uniform(rng, STEP, sequences) * rng.choice((-1.0, 1.0), sequences)
    start = rng.uniform(-START, START, sequences)
    lengths = rng.integers(shortest, LENGTHS[1] + 1, sequences).astype(np.int32)
    clean = start[:, None] + step[:, None] * np.arange(LENGTHS[1] + horizon)
    unit = np.abs(step)
    observed = clean + (noise * unit)[:, None] * rng.standard_normal(clean.shape)
    return Series(observed, clean, unit, noise), lengths


def fresh_windows(rng: np.random.Generator, sequences: int, starts: tuple[float, float], timesteps: int) -> TestSet:
    """Unseen windows of step 0.1 that start anywhere within ``starts``."""
    grid = rng.uniform(*starts, sequences)[:, None] + np.arange(timesteps + 1) / 10.0
    return TestSet(
        name="fresh windows",
        data=f"{sequences} windows of length {timesteps}, step 0.1, starting uniformly in {starts[0]} .. {starts[1]}",
        unit_name="1",
        inputs=grid[:, :-1, None],
        lengths=np.full(sequences, timesteps, np.int32),
        truth=grid[:, -1],
        unit=np.ones(sequences),
    )


def _windows(first: NDArray[np.int64], timesteps: int) -> Windows:
    grid = (first[:, None] + np.arange(timesteps + 1)) / 10.0
    return Windows(grid[:, :-1, None], grid[:, -1])
