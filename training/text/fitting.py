"""Trains a model that writes by teacher forcing: at each symbol it is told the right ones before (Williams 1989)."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from numpy.typing import NDArray

from service.inference.padding import batches
from training.progress import Progress, Report, untold
from training.tasks.base import generator
from training.tasks.written import Examples, WritingTask
from training.text import flow
from training.text.network import build
from training.text.recipes import WritingRecipe

# Updates between two looks at how many answers are right by now, the examples that are looked at, and those along which
# the gradient is followed back.
LOOK, _LOOKED_AT, _FOLLOWED = 50, 400, 100


@dataclass(slots=True)
class Fitted:
    """A trained network and how it came to be.

    ``losses`` are mean cross-entropies of a symbol and ``exact`` the shares of unseen texts that were answered without
    a fault, by the name of what was looked at, both one for each look. ``flow`` has by the updates done how much of the
    loss's gradient came back to each step (:mod:`training.text.flow`), where the task says along what.
    """

    network: Any
    updates: int = 0
    seconds: float = 0.0
    data_sha256: str = ""
    losses: list[float] = field(default_factory=list)
    exact: dict[str, list[float]] = field(default_factory=dict)
    flow: dict[int, list[float]] = field(default_factory=dict)


class Arrays(NamedTuple):
    """Examples as the network takes them, float32: ``sequence``, ``written`` and ``answer`` are one symbol a step.

    ``counts`` [texts, symbols] is one where a symbol belongs to an answer.
    """

    sequence: NDArray[np.float32]
    written: NDArray[np.float32]
    answer: NDArray[np.float32]
    counts: NDArray[np.float32]


def fit(
    recipe: WritingRecipe,
    seed: int,
    report: Report = untold,
) -> Fitted:
    """Train ``recipe`` from ``seed``."""
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    plan, task = recipe.plan, recipe.source
    network = build(recipe)
    rate = keras.optimizers.schedules.CosineDecay(plan.rate, plan.updates)
    learner = keras.Model(network.inputs, network.outputs)  # whose optimizer is not saved with the network
    learner.compile(
        keras.optimizers.Adam(rate, global_clipnorm=1.0),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile=True,
    )
    fitted, rng, sha = Fitted(network), generator("training", seed), hashlib.sha256()
    looked_at = {name: arrays(task, known) for name, known in task.chosen_by(_LOOKED_AT).items()}
    followed = task.followed(_FOLLOWED)
    along = None if followed is None else arrays(task, followed)

    def follow_back() -> None:
        if along is not None and fitted.updates in {round(share * plan.updates) for share in flow.MOMENTS}:
            fitted.flow[fitted.updates] = flow.flow(network, *along)

    follow_back()
    since: list[float] = []
    while fitted.updates < plan.updates:
        drawn = arrays(task, task.draw(rng, plan.batch))
        sha.update(drawn.sequence.tobytes())
        since.append(float(learner.train_on_batch(drawn[:2], drawn.answer, sample_weight=drawn.counts)))
        learner.reset_metrics()
        fitted.updates += 1
        follow_back()
        if fitted.updates % LOOK == 0 or fitted.updates == plan.updates:
            fitted.losses.append(float(np.mean(since)))
            for name, known in looked_at.items():
                fitted.exact.setdefault(name, []).append(exact(network, known))
            since.clear()
            report(Progress(fitted.updates, plan.updates, fitted.losses[-1]))
    fitted.seconds, fitted.data_sha256 = time.perf_counter() - started, sha.hexdigest()
    return fitted


def exact(network: Any, known: Arrays) -> float:
    """The share of answers without a fault.

    A text that is written with the likeliest symbol each time is the right one where each symbol is, told the right
    ones before; so nothing is written.
    """
    said = np.asarray(network(list(known[:2]))).argmax(axis=-1)
    right = (said == known.answer.argmax(axis=-1)) | (known.counts == 0.0)
    return float(right.all(axis=1).mean())


def arrays(task: WritingTask, examples: Examples) -> Arrays:
    """``examples`` in arrays of the least of the task's sizes that holds them all."""
    reading, count = task.reading, len(examples.inputs)
    seen = [(batch.rows, reading.seen(reading.taken(batch))) for batch in batches([*examples.inputs])]
    longest = max(part.shape[1] for _, part in seen)
    steps = min((size for size in task.sizes if size >= longest), default=longest)
    sequence = np.zeros((count, steps, reading.width), np.float32)
    for rows, part in seen:
        sequence[rows, : part.shape[1]] = part
    answer = np.zeros((count, reading.longest + 1, task.symbols), np.float32)
    for row, text in enumerate(examples.answers):
        numbers = reading.symbols_of(text)
        answer[row, np.arange(len(numbers)), numbers] = 1.0
    written = np.zeros_like(answer)
    written[:, 1:] = answer[:, :-1]
    return Arrays(sequence, written, answer, answer.sum(axis=-1))
