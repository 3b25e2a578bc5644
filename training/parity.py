"""Random raw input on which the exported form must answer as the Keras model that it was made from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.recipes import Recipe
from training.tasks import memory
from training.tasks.base import Floats, padded


def sequences(recipe: Recipe, rng: np.random.Generator, count: int) -> tuple[Floats, NDArray[np.int32]]:
    """Random raw sequences [count, timesteps, 1 or 2] of 3 to 99 timesteps, padded, and their lengths [count].

    Random walks of many units and offsets for series models, pairs for memory models.
    """
    return padded([_sequence(recipe, rng) for _ in range(count)])


def _sequence(recipe: Recipe, rng: np.random.Generator) -> Floats:
    length = int(rng.integers(max(3, recipe.reading.shortest), 100))
    if recipe.task == "memory":
        pairs: Floats = memory.lab(rng, 1, length).inputs[0]
        return pairs
    walk = np.cumsum(rng.standard_normal(length))
    if recipe.reading.any_series:
        walk = 10.0 ** rng.uniform(-6, 6) * (walk + 100.0 * rng.standard_normal())
    return walk[:, None]
