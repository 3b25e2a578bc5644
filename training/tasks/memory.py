"""The memory task: the mean of the values whose index is even, read from pairs; knows no network."""

from __future__ import annotations

import numpy as np

from service.arrays import Floats
from service.inference import rules
from service.inference.readings.pairs import Pairs
from service.inference.sequences import Sequence
from training.recipes import CELLS, Recipe, Stage
from training.tasks.base import Batch, TestSet, Windows, log_uniform, window_set
from training.tasks.task import Task

INDICES = (0, 5)
LENGTHS = (2, 128)
LAB_LENGTH = 30
# Extra weight of early steps, so that short windows are not drowned by the many steps of long ones.
EARLY = 16.0
SPAN = 2.5  # every window covers this much of the sine, however many points it has

TESTED = (30, 3, 10, 60, 120)


class OfPairs(Task):
    """What any task of [index, value] pairs knows."""

    reading = Pairs(indices=INDICES)
    accepted = LENGTHS

    def rule_answers(self, test: TestSet) -> dict[str, Floats]:
        index, value = test.inputs[..., 0], test.inputs[..., 1]
        return {
            "index_blind_mean": rules.index_blind_mean(value, test.lengths),
            "even_mean": rules.even_mean(index, value, test.lengths),
        }

    def golden(self, rng: np.random.Generator) -> list[Sequence]:
        drawn = [lab(rng, 1, length).inputs[0] for length in (30, 2, 3, 10, 60, 128, 30, 17)]
        return [[(float(index), float(value)) for index, value in each] for each in drawn]

    def posted(self, rng: np.random.Generator) -> Floats:
        found: Floats = lab(rng, 1, int(rng.integers(3, 100))).inputs[0]
        return found


class Memory(OfPairs):
    """LAB 10-2 with sequences of many lengths."""

    name = "memory"
    description = (
        "fresh [index, value] pairs in every batch, values from a sine as in LAB 10-2; the mean so far as the "
        "target at every timestep"
    )
    lengths = LENGTHS

    @property
    def about(self) -> str:
        return (
            "Reads [index, value] pairs with raw whole-number indices 0..5 and answers the mean of the values whose "
            "index is even. Nothing is scaled: the network learns which indices count, to sum, to count, and to divide."
        )

    def recipes(self) -> list[Recipe]:
        # On short sequences an index shows its effect at once; later stages lengthen the memory.
        stages = (
            Stage(1000, 512, 5e-3, 2e-3, 20, timesteps=4),
            Stage(1000, 256, 3e-3, 2e-3, 20, timesteps=16),
            Stage(2000, 256, 3e-3, 2e-3, 20, timesteps=40),
            Stage(8000, 128, 2e-3, 1e-5, 20, timesteps=128),
        )
        return [
            Recipe(
                f"memory-{cell}", "memory", cell, self.name, (32,), stages,
                before=(16,), after=(16,), reading=self.reading,
            )
            for cell in CELLS
        ]  # fmt: skip

    def batches(self, rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
        return running_means(rng, sequences, stage.timesteps)

    def test_sets(self, rng: np.random.Generator, count: int) -> list[TestSet]:
        return [
            window_set(
                f"length {length}",
                f"{length} [index, value] pairs, indices 0..5, values from a sine over the range of LAB 10-2, "
                "shift N(0, 1)",
                lab(rng, count, length),
            )
            for length in TESTED
        ]


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
