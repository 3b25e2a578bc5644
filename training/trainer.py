"""Trains a recipe with one compiled loop; knows nothing of files, cards or scores.

A whole chunk of updates runs inside one XLA program (``tf.while_loop`` over batches that are already there), so
that Python is entered once a chunk: to report progress, to draw the next batches, and to notice Ctrl-C.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import architectures, data, free_running
from training.progress import Progress, Report, untold
from training.recipes import Recipe, Stage
from training.registry import task_of
from training.soap import Soap
from training.tasks.base import Batch, generator

# Weight of the free-running error in the loss: enough to straighten a forecast, too little to spoil the next value.
_FREE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained Keras model and how it came to be; ``losses`` has one mean per epoch or per chunk."""

    model: Any
    steps: int
    seconds: float
    data_sha256: str
    losses: list[float] = field(repr=False)


def use_one_thread() -> None:
    """Give TensorFlow one thread, before it starts: models are trained side by side, and sums keep their order."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def start() -> None:
    """Let TensorFlow find its devices now rather than at first use."""
    tf.config.list_logical_devices()


def train(recipe: Recipe, seed: int, report: Report = untold) -> Trained:
    """Train ``recipe`` from ``seed``; the same seed gives the same weights to the bit on one machine."""
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    task, model = task_of(recipe), architectures.build(recipe)
    # The stream that drew a fixed data set has been used up by it; what follows draws batches and shuffles.
    rng = generator("training", seed).spawn(1)[0]
    total = sum(data.updates(task, stage, seed) for stage in recipe.stages)
    losses: list[float] = []
    digest = hashlib.sha256()
    done = 0
    optimizer = optimizer_of(recipe, model)
    loop = compiled_loop(model, optimizer)
    for stage in recipe.stages:
        for number, chunk in enumerate(data.feed(task, stage, seed, rng)):
            optimizer.learning_rate = rate_at(stage, number * stage.chunk / stage.steps)
            digest.update(chunk.inputs.tobytes())
            errors = loop(_scaled(recipe, chunk))
            if isinstance(optimizer, Soap):
                optimizer.turn()
            losses += _means(errors, 1 if task.fixed(seed) is None else stage.chunk)
            done += len(errors)
            report(Progress(done, total, losses[-1]))
    if recipe.reading.while_learning is not None:
        architectures.fold_input_scaling(model, *recipe.reading.while_learning)
    return Trained(model, done, time.perf_counter() - started, digest.hexdigest(), losses)


def optimizer_of(recipe: Recipe, model: Any) -> Any:
    """The optimizer of a recipe, built for the weights of ``model``; its rate is set before every chunk."""
    kind = Soap if recipe.optimizer == "soap" else keras.optimizers.Adam
    optimizer = kind(recipe.stages[0].rate, global_clipnorm=recipe.clipnorm)
    optimizer.build(model.trainable_variables)
    return optimizer


def rate_at(stage: Stage, share: float) -> float:
    """The learning rate when ``share`` of a stage is done: half a cosine from its rate to its final rate."""
    return stage.final_rate + (stage.rate - stage.final_rate) * 0.5 * (1.0 + math.cos(math.pi * share))


def compiled_loop(
    model: Any, optimizer: Any, free_share: float = _FREE_SHARE
) -> Callable[[Batch], NDArray[np.float32]]:
    """A function that makes one update per batch of a chunk and gives each batch's loss.

    It takes a :class:`Batch` with a leading axis of updates and returns float32 [updates, 2]: the weighted sum
    of squared errors and the number of timesteps with a weight. Their quotient is the loss of a batch, which is
    Keras' mean squared error where all weights are 0 or 1; ``free_share`` of a free-running part is added to it if
    there is one.
    """

    def loss_of(inputs: Any, targets: Any, weights: Any, *ahead: Any) -> tuple[Any, Any]:
        outputs, states = free_running.observe(model, inputs)
        error = tf.reduce_sum(weights * tf.square(outputs - targets)[..., 0])
        count = tf.math.count_nonzero(weights, dtype=tf.float32)
        if ahead:
            error += free_share * count * free_running.error(model, outputs[:, -1, 0], states, *ahead)
        return error, count

    # Without autograph: the loops are written as loops of TensorFlow already.
    @tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
    def run(*chunk: Any) -> Any:
        updates = chunk[0].shape[0]

        def update(step: Any, errors: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                error, count = loss_of(*(array[step] for array in chunk))
                loss = error / count
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            return step + 1, errors.write(step, tf.stack((error, count)))

        errors = tf.TensorArray(tf.float32, updates, element_shape=(2,))
        _, errors = tf.while_loop(lambda step, _: step < updates, update, (0, errors), maximum_iterations=updates)
        return errors.stack()

    def loop(chunk: Batch) -> NDArray[np.float32]:
        result: NDArray[np.float32] = run(*(tf.constant(array) for array in chunk if array is not None)).numpy()
        return result

    return loop


def _means(errors: NDArray[np.float32], points: int) -> list[float]:
    sums = errors.astype(np.float64).reshape(points, -1, 2).sum(axis=1)
    means: list[float] = (sums[:, 0] / sums[:, 1]).tolist()
    return means


def _scaled(recipe: Recipe, chunk: Batch) -> Batch:
    if recipe.reading.while_learning is None:
        return chunk
    centre, scale = recipe.reading.while_learning
    inputs = (chunk.inputs - centre) / scale
    return chunk._replace(inputs=inputs.astype(np.float32))
