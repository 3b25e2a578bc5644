"""One run of a published task: until 2,000 sequences in a row are right, or until its sequences are used up."""

from __future__ import annotations

import os
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from training.architectures import CELLS
from training.classic.settings import Addition, Ran, Setting
from training.classic.tasks import Classic
from training.progress import Progress, Report, untold
from training.tasks import addition
from training.tasks.base import generator
from training.text import fitting
from training.text.network import remember
from training.text.recipes import Plan, WritingRecipe

# Right ones in a row that end a run, and fresh ones that it is tested on, as in Hochreiter and Schmidhuber (1997).
IN_A_ROW, TESTED = 2000, 2560
# Sums in a batch, and the share of right ones that counts as learnt.
_EXAMPLES, _ENOUGH = 64, 0.99


def build(setting: Setting) -> Any:
    """One recurrent layer, whose gates begin with memories as long as the sequences, and its answers by the task."""
    task = setting.task
    layer = CELLS[setting.cell].layer(setting.units, return_sequences=task.every_step)
    activation = "softmax" if task.classes else None
    network = keras.Sequential(
        [keras.Input((None, task.features)), layer, keras.layers.Dense(task.answers, activation)]
    )
    remember(layer, setting.cell, task.length)
    return network


def run(label: str, setting: Setting | Addition, seed: int, report: Report = untold) -> Ran:
    """Train ``setting`` of the row called ``label`` from ``seed``."""
    if isinstance(setting, Addition):
        return _added(label, setting, seed, report)
    return _classic(label, setting, seed, report)


def _classic(label: str, setting: Setting, seed: int, report: Report) -> Ran:
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    task, network, rng = setting.task, build(setting), generator("training", seed)
    updates = setting.sequences // setting.batch
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(setting.rate, updates), global_clipnorm=1.0
    )
    optimizer.build(network.trainable_variables)

    # XLA copies what a layer has answered so far at every step: five times the time with 1,000 of them.
    @tf.function(jit_compile=not task.every_step)  # type: ignore[untyped-decorator]
    def update(inputs: Any, targets: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            answers = network(inputs, training=True)
            loss = _loss(task, targets, answers)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss, answers

    in_a_row, needed, losses = 0, None, []
    for done in range(setting.batch, updates * setting.batch + 1, setting.batch):
        inputs, targets = task.draw(rng, setting.batch)
        loss, answers = update(inputs, targets)
        losses.append(float(loss))
        right = task.right(answers.numpy(), targets)
        in_a_row = in_a_row + len(right) if right.all() else int(np.argmin(right[::-1]))
        if in_a_row >= IN_A_ROW and needed is None:
            needed = done
            if setting.until_right:
                break
        if done % 2000 == 0:
            report(Progress(done, updates * setting.batch, float(np.mean(losses))))
            losses.clear()
    tested = [task.draw(generator("test", seed * 1000 + part), TESTED // 10) for part in range(10)]
    answered = [np.asarray(network(inputs)) for inputs, _ in tested]
    wrong = sum(int((~task.right(given, part.targets)).sum()) for given, part in zip(answered, tested, strict=True))
    left = [float(_loss(task, part.targets, given)) for given, part in zip(answered, tested, strict=True)]
    return Ran(
        label, setting.cell, setting.units, seed, needed, TESTED, wrong, float(np.mean(left)), network.count_params(),
        round(time.perf_counter() - started, 1),
    )  # fmt: skip


def _loss(task: Classic, targets: Any, answers: Any) -> Any:
    """The mean squared error, or the mean cross-entropy of a step."""
    if task.classes:
        return tf.reduce_mean(keras.losses.categorical_crossentropy(targets, answers))
    return tf.reduce_mean((answers - targets) ** 2)


def _added(label: str, setting: Addition, seed: int, report: Report) -> Ran:
    """Right is what is right of 99 % of the sums that are looked at now and then, as in the example's own words."""
    started = time.perf_counter()
    plan = Plan(setting.sequences // _EXAMPLES, 5e-3, _EXAMPLES)
    recipe = WritingRecipe(addition.NAME, addition.Addition(setting.digits), setting.cell, setting.units, plan)
    fitted = fitting.fit(recipe, seed, report)
    (curve,) = fitted.exact.values()
    enough = [place for place, share in enumerate(curve, start=1) if share >= _ENOUGH]
    needed = min(enough[0] * fitting.LOOK * plan.batch, setting.sequences) if enough else None
    (test,) = recipe.source.test_sets(TESTED)
    wrong = round(TESTED * (1.0 - fitting.exact(fitted.network, fitting.arrays(recipe.source, test.examples))))
    weights, seconds = fitted.network.count_params(), round(time.perf_counter() - started, 1)
    return Ran(label, setting.cell, setting.units, seed, needed, TESTED, wrong, None, weights, seconds)
