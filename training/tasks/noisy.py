"""What the published series tasks share: one shape each, clean or with Gaussian noise in its own unit."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from training.recipes import Stage
from training.tasks.base import Batch, Calibration, Series, TestSet, log_uniform, next_value_set, next_values
from training.tasks.next_value import NextValue

# Sequences to learn from without noise, and the noise of the others in amplitudes (or steps): log-uniform.
CLEAN_SHARE = 0.4
NOISE = (0.003, 0.30)
# The noise of held-out sequences, in the same unit: uniform.
TEST_NOISE = (0.01, 0.20)


class Noisy(NextValue):
    """``shape`` is in the plural; ``served`` says of what range, ``calibrated`` which lengths intervals come from."""

    shape: ClassVar[str]
    served: ClassVar[str]
    calibrated: ClassVar[str]

    @abstractmethod
    def weighted(self, rng: np.random.Generator, sequences: int, timesteps: int, counted: int) -> tuple[Series, Floats]:
        """Series to learn from, and the weights of their squared error at each of the first ``counted`` steps."""

    @abstractmethod
    def draw_served(
        self, rng: np.random.Generator, count: int, noise: Floats, horizon: int = 1
    ) -> tuple[Series, NDArray[np.int32]]:
        """Series of the whole served range with the lengths to be read, at the longest length plus ``horizon``."""

    @property
    def trained_on(self) -> str:
        return self.description

    @property
    def about(self) -> str:
        return (
            "Causal scaling hands the network each step's change, divided by the mean size of the changes so far, and "
            "adds the answer to the last value: offset, unit and repeating the last value come for free. The network "
            f"learns how {self.shape} go on from those changes, and how much of a change is noise."
        )

    def draw(self, rng: np.random.Generator, sequences: int, timesteps: int) -> Series:
        return self.weighted(rng, sequences, timesteps, timesteps)[0]

    def batches(self, rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
        series, importance = self.weighted(rng, sequences, stage.timesteps + max(stage.horizon, 1), stage.timesteps)
        return next_values(series, stage.timesteps, importance)

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        clean = self.draw_served(rng, count, np.zeros(count))
        noisy = self.draw_served(rng, count, rng.uniform(*TEST_NOISE, count))
        data = f"{self.served}, Gaussian noise of 1-20 % of the {self.unit}; scored on the clean value"
        return [
            next_value_set("clean", self.served, self.unit, *clean),
            next_value_set("noise", data, self.unit, *noisy),
        ]

    def calibration(self, rng: np.random.Generator, count: int, horizon: int) -> Calibration:
        found = self.draw_served(rng, count, log_uniform(rng, NOISE, count), horizon)
        noise = f"Gaussian noise of 0.3-30 % of the {self.unit} (log-uniform)"
        return Calibration(*found, f"windows of length {self.calibrated}, {noise}")


def noise(rng: np.random.Generator, sequences: int) -> Floats:
    """Standard deviations of the noise to train with, [sequences]."""
    spread = log_uniform(rng, NOISE, sequences)
    return np.where(rng.random(sequences) < CLEAN_SHARE, 0.0, spread)
