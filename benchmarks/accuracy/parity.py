"""How far the exported form's answers are from those of the saved Keras model, and both from float64 (S10)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from service.inference.scaling import causal
from training import architectures
from training.answers import KerasSteps, answers
from training.recipes import Recipe
from training.registry import task_of
from training.tasks.base import generator, padded

COUNT = 1_000
GOAL = 1e-5


class Differences(NamedTuple):
    """Largest differences of the served answer from Keras', and how many of the ``sequences`` are above ``GOAL``.

    ``of_scale`` is over max(abs(answer), mean absolute difference), ``of_values`` over the window's largest value.
    ``served_exact`` and ``keras_exact`` are those of either form from the same weights evaluated in float64, over
    the scale: what float32 itself costs.
    """

    of_scale: float
    of_values: float
    above: int
    sequences: int
    served_exact: float
    keras_exact: float


def largest_differences(recipe: Recipe, onnx: bytes, model: Any) -> Differences:
    """Both forms on ``COUNT`` random sequences of mixed lengths."""
    task, rng = task_of(recipe), generator("test", 10)
    inputs, lengths = padded([task.posted(rng) for _ in range(COUNT)])
    served = answers(recipe.reading, recipe.reading.load(onnx), inputs, lengths)
    double = architectures.build_float64(recipe)
    double.set_weights([weight.astype(np.float64) for weight in model.get_weights()])
    reference, exact = (answers(recipe.reading, KerasSteps(each), inputs, lengths) for each in (model, double))
    values = inputs[..., -1]
    scale = np.maximum(np.abs(reference), causal(values).scale[np.arange(COUNT), lengths - 1])
    difference = np.abs(served - reference)
    return Differences(
        of_scale=float(np.max(difference / scale)),
        of_values=float(np.max(difference / np.abs(values).max(axis=1))),
        above=int(np.sum(difference / scale > GOAL)),
        sequences=COUNT,
        served_exact=float(np.max(np.abs(served - exact) / scale)),
        keras_exact=float(np.max(np.abs(reference - exact) / scale)),
    )
