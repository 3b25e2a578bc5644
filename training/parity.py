"""How far the exported form's answers are from those of the saved Keras model (S10)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from service.inference import scaling
from service.inference.network import OnnxNetwork
from training import evaluation
from training.recipes import Recipe
from training.tasks import memory
from training.tasks.base import Floats, generator, padded

COUNT = 1_000


class Differences(NamedTuple):
    """The largest difference over max(abs(answer), mean absolute difference), and over the window's largest value."""

    of_scale: float
    of_values: float


def largest_differences(recipe: Recipe, onnx: bytes, model: Any) -> Differences:
    """Both forms on ``COUNT`` random sequences of mixed lengths.

    Random walks of many units and offsets for series models, pairs for memory models.
    """
    rng = generator("test", 10)
    inputs, lengths = padded([_sequence(recipe, rng) for _ in range(COUNT)])
    served = evaluation.answers(recipe, OnnxNetwork(onnx, recipe.features), inputs, lengths)
    rows, last = np.arange(COUNT), lengths - 1
    values = inputs[..., -1]
    if recipe.causal:
        features, scale = scaling.causal(values)
        steps = scaling.answers(values, scale, np.asarray(model(features))[..., 0])
    else:
        steps = np.asarray(model(inputs.astype(np.float32)), np.float64)[..., 0]
    unit = scaling.causal(values).scale[rows, last]
    reference = steps[rows, last]
    difference = np.abs(served - reference)
    return Differences(
        float(np.max(difference / np.maximum(np.abs(reference), unit))),
        float(np.max(difference / np.abs(values).max(axis=1))),
    )


def _sequence(recipe: Recipe, rng: np.random.Generator) -> Floats:
    length = int(rng.integers(3, 100))
    if recipe.pairs:
        pairs: Floats = memory.lab(rng, 1, length).inputs[0]
        return pairs
    walk = np.cumsum(rng.standard_normal(length))
    if recipe.causal:
        walk = 10.0 ** rng.uniform(-6, 6) * (walk + 100.0 * rng.standard_normal())
    return walk[:, None]
