"""How far the exported form's answers are from those of the saved Keras model, and both from float64 (S10)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.inference import scaling
from service.inference.network import OnnxNetwork
from training import architectures, evaluation
from training.recipes import Recipe
from training.tasks import memory
from training.tasks.base import Floats, generator, padded

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
    inputs, lengths = sequences(recipe, generator("test", 10), COUNT)
    rows, last = np.arange(COUNT), lengths - 1
    served = evaluation.answers(recipe, OnnxNetwork(onnx, recipe.features), inputs, lengths)
    values = inputs[..., -1]
    scaled = scaling.causal(values)
    features = read(recipe, inputs)

    def answered(network: Any) -> Floats:
        outputs: Any = np.asarray(network(features))[..., 0]
        steps = scaling.answers(values, scaled.scale, outputs) if recipe.causal else outputs.astype(np.float64)
        answers: Floats = steps[rows, last]
        return answers

    double = architectures.build_float64(recipe)
    double.set_weights([weight.astype(np.float64) for weight in model.get_weights()])
    reference, exact = answered(model), answered(double)
    scale = np.maximum(np.abs(reference), scaled.scale[rows, last])
    difference = np.abs(served - reference)
    return Differences(
        of_scale=float(np.max(difference / scale)),
        of_values=float(np.max(difference / np.abs(values).max(axis=1))),
        above=int(np.sum(difference / scale > GOAL)),
        sequences=COUNT,
        served_exact=float(np.max(np.abs(served - exact) / scale)),
        keras_exact=float(np.max(np.abs(reference - exact) / scale)),
    )


def sequences(recipe: Recipe, rng: np.random.Generator, count: int) -> tuple[Floats, NDArray[np.int32]]:
    """Random raw sequences [count, timesteps, 1 or 2] of 3 to 99 timesteps, padded, and their lengths [count].

    Random walks of many units and offsets for series models, pairs for memory models.
    """
    return padded([_sequence(recipe, rng) for _ in range(count)])


def read(recipe: Recipe, inputs: Floats) -> NDArray[np.float32]:
    """What the network reads of raw ``inputs``, float32 [sequences, timesteps, features]."""
    return scaling.causal(inputs[..., 0]).features if recipe.causal else inputs.astype(np.float32)


def _sequence(recipe: Recipe, rng: np.random.Generator) -> Floats:
    length = int(rng.integers(3, 100))
    if recipe.pairs:
        pairs: Floats = memory.lab(rng, 1, length).inputs[0]
        return pairs
    walk = np.cumsum(rng.standard_normal(length))
    if recipe.causal:
        walk = 10.0 ** rng.uniform(-6, 6) * (walk + 100.0 * rng.standard_normal())
    return walk[:, None]
