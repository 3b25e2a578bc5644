"""What a task of one's own brings along: one class, found through the entry point ``unroll.tasks``; knows no network.

A task is a kind of series whose next value is asked for. The published tasks are not of this class: their recipes,
ranges and test sets are fixed to the bit. See CONTRIBUTING.md for a whole example.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from training.recipes import CELLS, Recipe, Stage
from training.tasks.base import Batch, Floats, Series, TestSet, next_values, padded


class Task(ABC):
    """A kind of series. Subclasses name themselves and draw; everything else has a default.

    ``lengths`` are the numbers of values that are read in service; ``unit`` names what errors are divided by, the
    ``unit`` of each drawn series; ``stages``, ``units`` and ``after`` are those of :class:`training.recipes.Recipe`.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    unit: ClassVar[str] = "1"
    lengths: ClassVar[tuple[int, int]] = (8, 64)
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(2000, 128, 5e-3, 1e-3, 20, timesteps=64),
        Stage(1000, 128, 1e-3, 1e-5, 20, timesteps=48, horizon=20),
    )
    units: ClassVar[tuple[int, ...]] = (32,)
    after: ClassVar[tuple[int, ...]] = (16,)

    @abstractmethod
    def draw(self, rng: np.random.Generator, sequences: int, timesteps: int) -> Series:
        """Fresh series [sequences, timesteps]: as observed, and what the next value should have been without noise.

        Training, calibration and every test set draw from here, each from a generator of its own.
        """

    def rules(self) -> Mapping[str, Callable[[Floats], Floats]]:
        """Rules to beat besides the service's own, in the layout of :mod:`service.inference.rules`."""
        return {}

    def batches(self, rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
        """Training sequences with the clean next value as the target at every timestep, all weighted alike."""
        series = self.draw(rng, sequences, stage.timesteps + max(stage.horizon, 1))
        return next_values(series, stage.timesteps, np.ones((sequences, stage.timesteps)))

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        """Held-out sequences with their answers, the headline first: lengths spread evenly over ``lengths``."""
        lengths = rng.integers(self.lengths[0], self.lengths[1] + 1, count).astype(np.int32)
        series = self.draw(rng, count, self.lengths[1] + 1)
        rows = [values[:length, None] for values, length in zip(series.observed, lengths, strict=True)]
        truth = series.clean[np.arange(count), lengths]
        return [TestSet("fresh", self.description, self.unit, padded(rows)[0], lengths, truth, series.unit)]

    def recipes(self) -> list[Recipe]:
        """A recipe for each cell."""
        return [
            Recipe(f"{self.name}-{cell}", self.name, cell, self.name, self.units, self.stages, after=self.after)
            for cell in CELLS
        ]
