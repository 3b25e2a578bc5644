"""The lecture's own data sets and networks, exactly as on its slides: few fixed windows, read raw; knows no network."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from service.arrays import Floats
from service.cards import Cell
from service.inference.readings.windows import Windows as WindowsReading
from service.inference.sequences import Sequence
from training.recipes import CELLS, Recipe, Stage
from training.tasks import linear, memory, sine
from training.tasks.base import TEST_SEED, TestSet, Windows, generator, window_set
from training.tasks.task import Task


class Lecture(Task):
    """One set of windows. ``models`` are the names, cells and units of the networks that the slides train on it."""

    task: ClassVar[str]
    epochs: ClassVar[tuple[int, int]]  # in all, and of one chunk
    models: ClassVar[tuple[tuple[str, Cell, tuple[int, ...]], ...]]

    @abstractmethod
    def fixed(self, seed: int) -> Windows: ...

    @property
    def about(self) -> str:
        return (
            f"The lecture's own network, trained as on its slides on {self.description}. It reads raw "
            "values, so it knows only the range that it was trained on. Kept for comparison, not for use."
        )

    def recipes(self) -> list[Recipe]:
        # Keras' defaults, as on the slides: Adam at a constant 1e-3, batches of 32.
        count, chunk = self.epochs
        stages = (Stage(count, 32, 1e-3, 1e-3, chunk),)
        return [
            Recipe(
                f"textbook-{name}", self.task, cell, self.name, units, stages,
                optimizer="adam", clipnorm=None, reading=self.reading, family="textbook",
            )
            for name, cell, units in self.models
        ]  # fmt: skip

    def golden(self, rng: np.random.Generator) -> list[Sequence]:
        return [row.tolist() for row in self.test_sets(generator("test", TEST_SEED), 8)[0].inputs[..., 0]]

    def posted(self, rng: np.random.Generator) -> Floats:
        length = int(rng.integers(max(3, self.reading.shortest), 100))
        walked: Floats = np.cumsum(rng.standard_normal(length))
        return walked[:, None]


class Slide(Lecture):
    name, task = "slide", "linear"
    description = "the slides' 100 windows [0.0, 0.1, 0.2] -> 0.3 ... [9.9, 10.0, 10.1] -> 10.2"
    reading, accepted, lengths = WindowsReading(window=3), (3, None), (3, 3)
    epochs = (300, 50)
    models = (
        ("linear-simplernn-20", "simplernn", (20,)),
        ("linear-simplernn-256", "simplernn", (256,)),
        ("linear-simplernn-4x34", "simplernn", (34, 34, 34, 34)),
    )

    def fixed(self, seed: int) -> Windows:
        return linear.slide()

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        return [
            linear.fresh_windows(rng, count, (0.0, 9.9), 3),
            window_set("slide", "the slides' own 100 training windows", linear.slide()),
        ]


class Comparison(Lecture):
    name, task = "comparison", "linear"
    description = "the slides' 8 windows of length 16, step 0.1, starting at 0.0 ... 0.7"
    reading, accepted, lengths = WindowsReading(window=16), (16, None), (16, 16)
    epochs = (300, 50)
    models = tuple((f"compare-{cell}", cell, (10,)) for cell in CELLS)

    def fixed(self, seed: int) -> Windows:
        return linear.comparison()

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        return [
            linear.fresh_windows(rng, count, (0.0, 1.3), 16),
            window_set("training windows", "the slides' 8 training windows, starts 0.0 .. 0.7", linear.comparison()),
            window_set(
                "validation", "the slides' 4 validation windows, starts 1.0 .. 1.3", linear.comparison_validation()
            ),
        ]


class SineLab(Lecture):
    name, task = "sine-lab", "sine"
    description = "LAB 10-1: 80 windows of length 10 cut from a sine, step 0.25, shifts from N(0, 1)"
    reading, accepted, lengths = WindowsReading(window=10), (10, None), (10, 10)
    epochs = (50, 10)
    models = tuple((f"sine-{cell}", cell, (10,)) for cell in CELLS)

    def fixed(self, seed: int) -> Windows:
        return Windows(*(array[:80] for array in sine.lab(generator("training", seed))))

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        return [window_set("fresh windows", "windows as in LAB 10-1, drawn afresh", sine.lab(rng, count))]


class MemoryLab(memory.OfPairs, Lecture):
    name, task = "memory-lab", "memory"
    description = "LAB 10-2 with the mean: 180 windows of 30 [index, value] pairs, indices 0..5, shifts from N(0, 1)"
    lengths = (memory.LAB_LENGTH, memory.LAB_LENGTH)
    epochs = (150, 25)
    models = tuple((f"memory-{cell}", cell, (10,)) for cell in CELLS)

    def fixed(self, seed: int) -> Windows:
        return Windows(*(array[:180] for array in memory.lab(generator("training", seed))))

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        return [window_set("fresh windows", "windows as in LAB 10-2 (mean), drawn afresh", memory.lab(rng, count))]
