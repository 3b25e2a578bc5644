"""The sine task: LAB 10-1's windows and the served range of sinusoids; knows no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from training.recipes import Stage
from training.tasks.base import TEST_SEED, FreeRun, Series, Windows, generator, log_uniform
from training.tasks.noisy import Noisy, noise

AMPLITUDE, OFFSET, ANGLE = (0.1, 10.0), 10.0, (0.05, 1.0)
LENGTHS = (16, 64)
# A window must cover at least this part of the circle, or nothing tells a sinusoid from a parabola.
LEAST_TURN = 2.0 * np.pi / 3.0
# Noise in amplitudes below which all sequences weigh the same, the unit of the weights, and the share of windows
# that are shorter than those served.
FLOOR, WEIGHT, SHORT = 0.02, 1e-2, 0.1

FREE_ANGLE, FREE_WINDOW, FREE_STEPS = 0.25, 32, 100


class Sine(Noisy):
    """Sinusoids with and without noise."""

    name = "sine"
    description = (
        "fresh sinusoids in every batch, angular step 0.05-1.0, 40 % clean, else Gaussian noise of 0.3-30 % of "
        "the amplitude; the clean next value as the target at every timestep"
    )
    shape, unit = "sinusoids", "amplitude"
    served = (
        "sinusoids: amplitude 0.1..10 (log-uniform), offset +-10, angular step 0.05..1.0, length 16..64 covering at "
        "least a third of a period"
    )
    calibrated = "16..64"
    lengths = LENGTHS
    stages = (
        Stage(4000, 256, 5e-3, 1e-3, 20, timesteps=64),
        Stage(6000, 128, 1.5e-3, 1e-5, 20, timesteps=48, horizon=64),
    )

    def weighted(self, rng: np.random.Generator, sequences: int, timesteps: int, counted: int) -> tuple[Series, Floats]:
        angle = angles(rng, sequences)
        series = draw(rng, angle, timesteps, noise(rng, sequences))
        return series, importance(angle, series.noise, counted)

    def draw_served(
        self, rng: np.random.Generator, count: int, noise: Floats, horizon: int = 1
    ) -> tuple[Series, NDArray[np.int32]]:
        return served_range(rng, count, noise, horizon)

    def free_run(self, count: int) -> FreeRun:
        """100 steps after 32 values of a clean sinusoid of step 0.25."""
        rng = generator("test", TEST_SEED + 1)
        amplitude = log_uniform(rng, AMPLITUDE, count)
        series = sinusoids(rng, np.full(count, FREE_ANGLE), amplitude, np.zeros(count), FREE_WINDOW + FREE_STEPS)
        data = (
            f"sinusoids of amplitude 0.1..10, offset +-10, step {FREE_ANGLE}: {FREE_STEPS} steps on its own answers "
            f"after a window of {FREE_WINDOW}"
        )
        observed, truth = series.observed[:, :FREE_WINDOW], series.clean[:, FREE_WINDOW:]
        return FreeRun("free-running", data, self.unit, observed, truth, amplitude)


def lab(rng: np.random.Generator, count: int = 100) -> Windows:
    """LAB 10-1: windows of length 10 cut from a sine of step 0.25, each shifted by a draw from N(0, 1)."""
    points = rng.standard_normal((count, 1)) + 0.25 * np.arange(11)
    values = np.sin(points)
    return Windows(values[:, :-1, None], values[:, -1])


def angles(rng: np.random.Generator, sequences: int) -> Floats:
    """Angular steps to train with, [sequences].

    Half of them are spread evenly and half evenly in their logarithm, since slow sinusoids are the harder ones.
    """
    even = rng.uniform(*ANGLE, sequences)
    slow = log_uniform(rng, ANGLE, sequences)
    return np.where(rng.random(sequences) < 0.5, even, slow)


def importance(angle: Floats, noise: Floats, timesteps: int) -> Floats:
    """Weight of the squared error in amplitudes at each timestep, [sequences, timesteps].

    Less for noisy sequences, which would drown the clean ones, and for windows shorter than those served.
    """
    steps = np.arange(timesteps)
    served = (steps + 1 >= LENGTHS[0]) & (angle[:, None] * steps >= LEAST_TURN)
    return np.where(served, 1.0, SHORT) * WEIGHT / (noise[:, None] ** 2 + FLOOR**2)


def draw(rng: np.random.Generator, angle: Floats, timesteps: int, noise: Floats) -> Series:
    """Sinusoids of amplitude 1 about 0 with Gaussian ``noise`` [sequences] in amplitudes.

    Amplitude and offset are left out because causal scaling removes both exactly.
    """
    sequences = len(angle)
    phase = rng.uniform(0.0, 2.0 * np.pi, sequences)
    clean = np.sin(phase[:, None] + angle[:, None] * np.arange(timesteps))
    observed = clean + noise[:, None] * rng.standard_normal(clean.shape)
    return Series(observed, clean, np.ones(sequences), noise)


def served_range(
    rng: np.random.Generator, sequences: int, noise: Floats, horizon: int = 1
) -> tuple[Series, NDArray[np.int32]]:
    """Sinusoids of the whole served range with the lengths to be read, at the longest length plus ``horizon``."""
    angle = np.empty(0)
    lengths = np.empty(0, np.int32)
    while len(angle) < sequences:
        candidate = rng.uniform(*ANGLE, sequences)
        length = rng.integers(LENGTHS[0], LENGTHS[1] + 1, sequences).astype(np.int32)
        kept = candidate * (length - 1) >= LEAST_TURN
        angle, lengths = np.concatenate((angle, candidate[kept])), np.concatenate((lengths, length[kept]))
    angle, lengths = angle[:sequences], lengths[:sequences]
    amplitude = log_uniform(rng, AMPLITUDE, sequences)
    return sinusoids(rng, angle, amplitude, noise, LENGTHS[1] + horizon), lengths


def sinusoids(rng: np.random.Generator, angle: Floats, amplitude: Floats, noise: Floats, timesteps: int) -> Series:
    """Sinusoids of given angular step and amplitude, random phase and offset."""
    sequences = len(angle)
    phase, offset = rng.uniform(0.0, 2.0 * np.pi, sequences), rng.uniform(-OFFSET, OFFSET, sequences)
    wave = np.sin(phase[:, None] + angle[:, None] * np.arange(timesteps))
    clean = offset[:, None] + amplitude[:, None] * wave
    observed = clean + (noise * amplitude)[:, None] * rng.standard_normal(clean.shape)
    return Series(observed, clean, amplitude, noise)
