"""Trains the general series model by updates, with checkpoints to go on from; on any backend of Keras.

What is drawn depends on the seed and on the number of the pool alone, so that a run that was cut off and goes on gives
what it would have given at one go.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops

from service.inference.finetuning.questions import Questions
from training.general import checkpoints
from training.general.network import Learner, build
from training.general.recipes import Plan, SeriesRecipe
from training.progress import Progress, Report, untold
from training.soap import Soap
from training.tasks.series.draw import pool
from training.tasks.series.questions import questions

# Series drawn at a time, and how many such pools lie between two checkpoints: a minute or so.
_POOL = 2048
_CHECKPOINT = 10
# Updates from one turn of the optimizer's bases to the next.
TURN = 10
# A question's loss beyond this many of its series' own errors counts as this much.
_MOST = 50.0


@dataclass(slots=True)
class Fitted:
    """A trained network, how far it is, the seconds that all its runs took, and its mean loss over each pool."""

    network: Any
    updates: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


def fit(
    recipe: SeriesRecipe,
    seed: int,
    checkpoint: Path | None = None,
    report: Report = untold,
) -> Fitted:
    """Train ``recipe`` from ``seed``, going on from ``checkpoint`` where that file exists, and writing it meanwhile.

    Raises:
        CheckpointError: the file is no checkpoint, or one of another recipe or seed.
    """
    shape, plan = recipe.shape, recipe.plan
    keras.utils.set_random_seed(seed)
    learner = Learner(build(shape, recipe.name), shape)
    optimizer = optimizer_of(plan, learner)
    learner.compile(optimizer, loss=pinball(shape.quantiles), jit_compile=True)
    fitted = Fitted(learner.network)
    variables = [*learner.trainable_variables, *optimizer.variables]
    if checkpoint is not None and checkpoint.exists():
        fitted.updates, fitted.seconds, fitted.losses = checkpoints.load(checkpoint, recipe, seed, variables)
    while fitted.updates < plan.updates:
        started = time.perf_counter()
        losses = []
        for each in batches(plan, seed, len(fitted.losses))[: plan.updates - fitted.updates]:
            inputs = (each.sequence, each.origins, each.asked, each.places)
            losses.append(float(learner.train_on_batch(inputs, each.truth)))
            if len(losses) % TURN == 0:
                optimizer.turn()
        fitted.updates += len(losses)
        fitted.losses.append(float(np.mean(losses)))
        fitted.seconds += time.perf_counter() - started
        ended = fitted.updates == plan.updates
        if checkpoint is not None and (len(fitted.losses) % _CHECKPOINT == 0 or ended):
            state = (fitted.updates, fitted.seconds, fitted.losses)
            # Whoever is done needs the weights alone.
            kept = learner.trainable_variables if ended else variables
            checkpoints.save(checkpoint, recipe, seed, kept, state)
        report(Progress(fitted.updates, plan.updates, fitted.losses[-1]))
    return fitted


def optimizer_of(plan: Plan, learner: Any) -> Soap:
    """The optimizer of a plan, built for the weights of ``learner``."""
    warmup = max(1, int(plan.warmup * plan.updates))
    rate = keras.optimizers.schedules.CosineDecay(0.0, plan.updates, warmup_target=plan.rate, warmup_steps=warmup)
    optimizer = Soap(rate, weight_decay=1e-4, global_clipnorm=1.0)
    optimizer.build(learner.trainable_variables)
    return optimizer


def batches(plan: Plan, seed: int, number: int) -> list[Questions]:
    """The batches of the pool ``number``, each of series of like lengths; what does not fill one is left out."""
    rng = np.random.default_rng(np.random.SeedSequence([6, seed, number]))
    ready = []
    for group in pool(seed, number, _POOL):
        for first in range(0, len(group.lengths) - plan.batch + 1, plan.batch):
            part = group.part(slice(first, first + plan.batch))
            ready.append(questions(rng, part, plan.origins, plan.horizons))
    return [ready[place] for place in rng.permutation(len(ready))]


def pinball(quantiles: tuple[float, ...]) -> Callable[[Any, Any], Any]:
    """Twice the mean pinball loss of all questions that have a weight, in the weight's unit.

    It takes ``truth`` of :class:`Questions` and the quantiles answered.
    """
    levels = np.array(quantiles, np.float32)

    def loss(truth: Any, answered: Any) -> Any:
        weight = truth[..., 1]
        short = truth[..., :1] - answered
        each = 2.0 * ops.mean(ops.maximum(levels * short, (levels - 1.0) * short), axis=-1)
        counted = ops.sum(ops.cast(weight > 0.0, "float32"))
        return ops.sum(ops.minimum(each * weight, _MOST)) / ops.maximum(counted, 1.0)

    return loss
