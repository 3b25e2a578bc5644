"""What feeds the trainer, chunk by chunk: one set of windows, shuffled every epoch, or fresh sequences in every batch.

Fresh ones cannot be learnt by heart. Knows no network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from training.recipes import Stage
from training.tasks.base import Batch, last_step
from training.tasks.task import Task


def feed(task: Task, stage: Stage, seed: int, rng: np.random.Generator) -> Iterator[Batch]:
    """The chunks of one stage, each a batch of [updates, batch, timesteps, ...] arrays."""
    fixed = task.fixed(seed)
    for _ in range(stage.steps // stage.chunk):
        if fixed is not None:
            yield shuffled_epochs(last_step(fixed), stage.chunk, stage.batch, rng)
        else:
            drawn = task.batches(rng, stage.chunk * stage.batch, stage)
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


def updates(task: Task, stage: Stage, seed: int) -> int:
    """Number of weight updates of a stage."""
    fixed = task.fixed(seed)
    return stage.steps if fixed is None else stage.steps * math.ceil(len(fixed.inputs) / stage.batch)


def _map(batch: Batch, change: Callable[[Any], Any]) -> Batch:
    return Batch._make(None if array is None else change(array) for array in batch)
