"""Golden answers: sequences as a client would send them and what the Keras model, so read, says to each.

The service replays them when it starts. Awkward ones are among them: large offsets, tiny and huge scales, one value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from service.cards import GoldenCase
from service.inference.sequences import batches
from training.answers import KerasSteps
from training.recipes import Recipe
from training.tasks import memory
from training.tasks.base import generator
from training.testsets import held_out


def golden_cases(recipe: Recipe, model: Any) -> list[GoldenCase]:
    """Sequences as a client would send them and what Keras, so read, answers."""
    return [GoldenCase(sequence=sequence, value=keras_answer(recipe, model, sequence)) for sequence in _golden(recipe)]


def keras_answer(recipe: Recipe, model: Any, sequence: Any) -> float:
    """The answer to one client's sequence by the Keras model."""
    return float(recipe.reading.answer(KerasSteps(model), next(batches([sequence])))[0].item())


def _golden(recipe: Recipe) -> list[Any]:
    rng = generator("golden", 1)
    if recipe.task == "memory":
        lengths = (30, 2, 3, 10, 60, 128, 30, 17)
        drawn = [memory.lab(rng, 1, length).inputs[0] for length in lengths]
        return [[(int(index), float(value)) for index, value in pairs] for pairs in drawn]
    if recipe.family == "textbook":
        test = held_out(recipe, 8)[0]
        return [row.tolist() for row in test.inputs[..., 0]]
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
