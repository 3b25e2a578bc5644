"""What a task knows: all that the data of a recipe is and what its models are judged on; knows no network.

Published tasks and those of other packages, found through the entry point ``unroll.tasks``, are subclasses alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from service.arrays import Floats
from service.inference.readings.reading import Reading
from service.inference.readings.series import Series as SeriesReading
from service.inference.rules import SERIES_RULES, Rule
from service.inference.sequences import Sequence
from training.recipes import Recipe, Stage
from training.tasks.base import Batch, Calibration, FreeRun, TestSet, Windows


class Task(ABC):
    """A source of sequences and their answers, named by the ``data`` of its recipes.

    ``description`` says in words what is drawn. ``accepted`` and ``lengths`` are the numbers of timesteps that are
    answered and that are trained on.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    reading: ClassVar[Reading] = SeriesReading()
    accepted: ClassVar[tuple[int, int | None]] = (1, None)
    lengths: ClassVar[tuple[int, int]]

    @property
    def trained_on(self) -> str:
        """What the card says of the training data."""
        return self.description

    @property
    @abstractmethod
    def about(self) -> str:
        """What the card says of the model: what it reads, and what it learns."""

    @abstractmethod
    def recipes(self) -> list[Recipe]:
        """The models that are trained on this."""

    def fixed(self, seed: int) -> Windows | None:
        """The one set of windows that is shuffled every epoch; None where every batch is fresh."""
        return None

    def batches(self, rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
        """Fresh training sequences with their targets. Asked where no set is fixed."""
        raise NotImplementedError

    @abstractmethod
    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        """Held-out sequences with their answers, the headline first."""

    def free_run(self, count: int) -> FreeRun | None:
        """Held-out series that a network goes on with by itself."""
        return None

    def rules(self) -> Mapping[str, Rule]:
        """Rules to beat besides the service's own, in the layout of :mod:`service.inference.rules`."""
        return {}

    def rule_answers(self, test: TestSet) -> dict[str, Floats]:
        """Every rule's answer to each sequence, float64 [sequences], the first one that which a plot shows."""
        rows, last = np.arange(len(test.lengths)), test.lengths - 1
        every = {**SERIES_RULES, "quadratic": quadratic, **self.rules()}
        return {name: rule(test.inputs[..., 0])[rows, last] for name, rule in every.items()}

    def calibration(self, rng: np.random.Generator, count: int, horizon: int) -> Calibration | None:
        """What intervals are calibrated on, with ``horizon`` values after each window; None where there are none."""
        return None

    @abstractmethod
    def golden(self, rng: np.random.Generator) -> list[Sequence]:
        """Sequences as a client would send them, awkward ones among them."""

    @abstractmethod
    def posted(self, rng: np.random.Generator) -> Floats:
        """One sequence of random length as a client could post it, raw [timesteps, columns]."""


def quadratic(values: Floats) -> Floats:
    """The parabola through the last three values, ``3 x_n - 3 x_{n-1} + x_{n-2}``; drift while there are two."""
    predicted: Floats = SERIES_RULES["drift"](values)
    predicted[:, 2:] += np.diff(values, n=2)
    return predicted
