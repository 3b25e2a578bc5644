"""A kind of series whose next value is asked for: a task that only has to be drawn. CONTRIBUTING.md has an example."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from service.arrays import Floats
from service.inference.sequences import Sequence
from training.recipes import CELLS, Recipe, Stage
from training.tasks.base import (
    Batch,
    Calibration,
    Series,
    TestSet,
    next_value_set,
    next_values,
)
from training.tasks.task import Task


class NextValue(Task):
    """Subclasses name themselves and draw; everything else has a default.

    ``lengths`` are the numbers of values that are read in service; ``unit`` names what errors are divided by, the
    ``unit`` of each drawn series; ``stages``, ``units`` and ``after`` are those of :class:`training.recipes.Recipe`.
    """

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

    @property
    def trained_on(self) -> str:
        return f"fresh in every batch: {self.description}"

    @property
    def about(self) -> str:
        return f"Reads causally scaled values. {self.description}"

    def recipes(self) -> list[Recipe]:
        """A recipe for each cell."""
        return [
            Recipe(f"{self.name}-{cell}", self.name, cell, self.name, self.units, self.stages, after=self.after)
            for cell in CELLS
        ]

    def batches(self, rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
        """Training sequences with the clean next value as the target at every timestep, all weighted alike."""
        series = self.draw(rng, sequences, stage.timesteps + max(stage.horizon, 1))
        return next_values(series, stage.timesteps, np.ones((sequences, stage.timesteps)))

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        """Lengths spread evenly over ``lengths``."""
        lengths = rng.integers(self.lengths[0], self.lengths[1] + 1, count).astype(np.int32)
        series = self.draw(rng, count, self.lengths[1] + 1)
        return [next_value_set("fresh", self.description, self.unit, series, lengths)]

    def calibration(self, rng: np.random.Generator, count: int, horizon: int) -> Calibration:
        low, high = self.lengths
        lengths = rng.integers(low, high + 1, count).astype(np.int32)
        drawn = self.draw(rng, count, high + horizon)
        return Calibration(drawn, lengths, f"windows of length {low}..{high}, drawn as for training")

    def golden(self, rng: np.random.Generator) -> list[Sequence]:
        return awkward(rng)

    def posted(self, rng: np.random.Generator) -> Floats:
        return walk(rng)


def awkward(rng: np.random.Generator) -> list[Sequence]:
    """Series with large offsets, tiny and huge scales, and one value, as a client would send them."""
    step = np.arange(32.0)
    return [
        [1.0, 2.0, 3.0, 4.0],
        (3.0 + 2.0 * np.sin(0.3 * step)).tolist(),
        (1e6 + 0.5 * np.sin(0.7 * step)).tolist(),
        (1e-9 * np.sin(0.2 * step)).tolist(),
        (-2.5e5 - 730.0 * step[:9]).tolist(),
        (1e12 * (np.cos(0.4 * step) + 0.1 * rng.standard_normal(32))).tolist(),
        rng.standard_normal(64).tolist(),
        [5.0, 5.0, 7.0],
        [42.0],
    ]


def walk(rng: np.random.Generator) -> Floats:
    """A random walk [3 to 99 timesteps, 1] of any unit and offset."""
    moved = np.cumsum(rng.standard_normal(int(rng.integers(3, 100))))
    walked: Floats = 10.0 ** rng.uniform(-6, 6) * (moved + 100.0 * rng.standard_normal())
    return walked[:, None]
