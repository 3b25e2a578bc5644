"""The named data sources of recipes: what feeds the trainer, chunk by chunk; knows no network.

A fixed source is one set of windows that is shuffled every epoch; a fresh source draws new sequences for every
batch, so that nothing can be learnt by heart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from training import plugins
from training.recipes import Recipe, Stage
from training.tasks import linear, memory, sine
from training.tasks.base import Batch, Floats, Windows, generator, last_step, log_uniform, next_values

# Sequences without noise, and the noise of the others in amplitudes (or steps): log-uniform.
CLEAN_SHARE = 0.4
NOISE = (0.003, 0.30)


def windows(recipe: Recipe, seed: int) -> Windows | None:
    """The fixed training windows of a recipe of the slides; None where every batch is fresh."""
    return FIXED[recipe.data](generator("training", seed)) if recipe.data in FIXED else None


def feed(recipe: Recipe, stage: Stage, seed: int, rng: np.random.Generator) -> Iterator[Batch]:
    """The chunks of one stage, each a batch of [updates, batch, timesteps, ...] arrays."""
    fixed = windows(recipe, seed)
    for _ in range(stage.steps // stage.chunk):
        if fixed is not None:
            yield shuffled_epochs(last_step(fixed), stage.chunk, stage.batch, rng)
        else:
            drawn = _fresh(recipe)(rng, stage.chunk * stage.batch, stage)
            yield _map(drawn, lambda array: array.reshape(stage.chunk, stage.batch, *array.shape[1:]))


def shuffled_epochs(data: Batch, epochs: int, batch: int, rng: np.random.Generator | None) -> Batch:
    """Whole epochs cut into batches; the last batch of an epoch is filled up with weights of zero, as in Keras."""
    count = len(data.inputs)
    steps = math.ceil(count / batch)
    missing = steps * batch - count
    orders = [np.arange(count) if rng is None else rng.permutation(count) for _ in range(epochs)]
    rows = np.stack([np.concatenate((order, np.zeros(missing, np.intp))) for order in orders])
    chunk = _map(data, lambda array: array[rows].reshape(epochs * steps, batch, *array.shape[1:]))
    chunk.weights.reshape(epochs, steps * batch, -1)[:, count:] = 0.0
    return chunk


def updates(recipe: Recipe, stage: Stage, seed: int) -> int:
    """Number of weight updates of a stage."""
    fixed = windows(recipe, seed)
    return stage.steps if fixed is None else stage.steps * math.ceil(len(fixed.inputs) / stage.batch)


def noise(rng: np.random.Generator, sequences: int) -> Floats:
    """Standard deviations of the noise to train with, [sequences]."""
    spread = log_uniform(rng, NOISE, sequences)
    return np.where(rng.random(sequences) < CLEAN_SHARE, 0.0, spread)


def description(recipe: Recipe) -> str:
    """What a recipe is trained on, in words."""
    published = DESCRIPTIONS.get(recipe.data)
    return f"fresh in every batch: {plugins.tasks()[recipe.data].description}" if published is None else published


def _fresh(recipe: Recipe) -> Callable[[np.random.Generator, int, Stage], Batch]:
    published = FRESH.get(recipe.data)
    return plugins.tasks()[recipe.data].batches if published is None else published


def _linear(rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
    series = linear.draw(rng, sequences, stage.timesteps + max(stage.horizon, 1), noise(rng, sequences))
    return next_values(series, stage.timesteps, linear.importance(series.noise, stage.timesteps))


def _sine(rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
    angle = sine.angles(rng, sequences)
    series = sine.draw(rng, angle, stage.timesteps + max(stage.horizon, 1), noise(rng, sequences))
    return next_values(series, stage.timesteps, sine.importance(angle, series.noise, stage.timesteps))


def _memory(rng: np.random.Generator, sequences: int, stage: Stage) -> Batch:
    return memory.running_means(rng, sequences, stage.timesteps)


def _map(batch: Batch, change: Callable[[Any], Any]) -> Batch:
    return Batch._make(None if array is None else change(array) for array in batch)


FIXED: Mapping[str, Callable[[np.random.Generator], Windows]] = {
    "slide": lambda _: linear.slide(),
    "comparison": lambda _: linear.comparison(),
    "sine-lab": lambda rng: Windows(*(array[:80] for array in sine.lab(rng))),
    "memory-lab": lambda rng: Windows(*(array[:180] for array in memory.lab(rng))),
}
FRESH: Mapping[str, Callable[[np.random.Generator, int, Stage], Batch]] = {
    "linear": _linear,
    "sine": _sine,
    "memory": _memory,
}
DESCRIPTIONS: Mapping[str, str] = {
    "slide": "the slides' 100 windows [0.0, 0.1, 0.2] -> 0.3 ... [9.9, 10.0, 10.1] -> 10.2",
    "comparison": "the slides' 8 windows of length 16, step 0.1, starting at 0.0 ... 0.7",
    "sine-lab": "LAB 10-1: 80 windows of length 10 cut from a sine, step 0.25, shifts from N(0, 1)",
    "memory-lab": "LAB 10-2 with the mean: 180 windows of 30 [index, value] pairs, indices 0..5, shifts from N(0, 1)",
    "linear": "fresh arithmetic progressions in every batch, 40 % clean, else Gaussian noise of 0.3-30 % of the step; "
    "the clean next value as the target at every timestep",
    "sine": "fresh sinusoids in every batch, angular step 0.05-1.0, 40 % clean, else Gaussian noise of 0.3-30 % of "
    "the amplitude; the clean next value as the target at every timestep",
    "memory": "fresh [index, value] pairs in every batch, values from a sine as in LAB 10-2; the mean so far as the "
    "target at every timestep",
}
