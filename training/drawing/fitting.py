"""Trains a model that draws: after each letter it is told the image that was meant."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from numpy.typing import NDArray

from service.inference.images import PIXELS
from training.architectures import CELLS
from training.drawing.recipes import DrawingRecipe
from training.progress import Progress, Report, untold
from training.tasks import drawing
from training.tasks.base import generator

# Updates between two looks at the loss.
_LOOK = 50
# Letters that every word is padded to while a network learns, so that there is one program.
_LONGEST = 7
# What an error counts before the word is at its end, beside one at its end: a word that is half typed means something.
_BEFORE = 0.2


@dataclass(slots=True)
class Fitted:
    """A trained network and how it came to be; ``losses`` are mean squared errors, one for each look."""

    network: Any
    updates: int = 0
    seconds: float = 0.0
    data_sha256: str = ""
    losses: list[float] = field(default_factory=list)


def build(recipe: DrawingRecipe) -> Any:
    """A Keras model from words [words, letters, alphabet] to images after each letter, [words, letters, pixels]."""
    layers = [
        keras.Input((None, len(drawing.ALPHABET))),
        CELLS[recipe.cell].layer(recipe.units, return_sequences=True),
        keras.layers.Dense(PIXELS),
    ]
    return keras.Sequential(layers, name=recipe.name)


def fit(recipe: DrawingRecipe, seed: int, report: Report = untold) -> Fitted:
    """Train ``recipe`` from ``seed``."""
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    plan, network = recipe.plan, build(recipe)
    learner = keras.Model(network.inputs, network.outputs)  # whose optimizer is not saved with the network
    rate = keras.optimizers.schedules.CosineDecay(plan.rate, plan.updates)
    learner.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), loss="mse", jit_compile=True)
    fitted, rng, sha = Fitted(network), generator("training", seed), hashlib.sha256()
    since: list[float] = []
    while fitted.updates < plan.updates:
        letters, images, counts = _arrays(drawing.draw(rng, plan.batch))
        sha.update(letters.tobytes())
        sha.update(images.tobytes())
        since.append(float(learner.train_on_batch(letters, images, sample_weight=counts)))
        learner.reset_metrics()
        fitted.updates += 1
        if fitted.updates % _LOOK == 0 or fitted.updates == plan.updates:
            fitted.losses.append(float(np.mean(since)))
            since.clear()
            report(Progress(fitted.updates, plan.updates, fitted.losses[-1]))
    fitted.seconds, fitted.data_sha256 = time.perf_counter() - started, sha.hexdigest()
    return fitted


def _arrays(typed: drawing.Typed) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Words one letter a step, the image of each at every step, and what an error counts there [words, letters]."""
    letters = np.zeros((len(typed.words), _LONGEST, len(drawing.ALPHABET)), np.float32)
    counts = np.zeros(letters.shape[:2], np.float32)
    for row, word in enumerate(typed.words):
        letters[row, np.arange(len(word)), list(map(drawing.ALPHABET.index, word))] = 1.0
        counts[row, : len(word) - 1], counts[row, len(word) - 1] = _BEFORE, 1.0
    images = np.repeat(typed.images.astype(np.float32)[:, None], _LONGEST, axis=1)
    return letters, images, counts
