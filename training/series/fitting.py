"""Trains one candidate and keeps the weights that did best on the validation origins; trains the chosen once more.

After every chunk of updates the network runs free from each validation origin, in the form that is served. The
one-step error at every timestep and the error of a free-running forecast share the loss evenly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from service.inference.network import OnnxNetwork
from training import architectures, onnx_form, trainer
from training.forecast import free_run_all
from training.recipes import Recipe
from training.series.candidates import Candidate
from training.series.measures import mase, scales
from training.series.panel import Panel, SeriesError
from training.series.splits import Split, origins
from training.series.windows import Windows
from training.soap import Soap
from training.tasks.base import generator
from training.trainer import Progress

FREE_SHARE = 1.0
# Chunks without a better validation score after which training stops, and origins that are scored after each.
PATIENCE, SCORED = 16, 100


@dataclass(frozen=True, slots=True)
class Fitted:
    """A candidate's best weights, their validation ``score`` (MASE) and the updates that led to them."""

    candidate: Candidate
    weights: list[np.ndarray[Any, Any]]
    score: float
    updates: int
    losses: list[float]
    seconds: float

    def save(self, path: Path) -> None:
        """Write everything but the candidate, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f".{path.name}")
        numbers = np.array([self.score, self.updates, self.seconds])
        with making.open("wb") as file:
            np.savez(file, *self.weights, numbers=numbers, losses=np.array(self.losses))
        making.rename(path)

    @classmethod
    def load(cls, path: Path, candidate: Candidate) -> Fitted:
        """Read what :meth:`save` wrote for ``candidate``."""
        with np.load(path, allow_pickle=False) as stored:
            weights = [stored[f"arr_{index}"] for index in range(len(stored.files) - 2)]
            score, updates, seconds = stored["numbers"].tolist()
            return cls(candidate, weights, score, int(updates), stored["losses"].tolist(), seconds)


def fit(
    recipe: Recipe,
    candidate: Candidate,
    panel: Panel,
    split: Split,
    season: int | None,
    report: Callable[[Progress], None] = lambda _: None,
    chosen: Fitted | None = None,
) -> Fitted:
    """Train ``candidate``; the same seed gives the same weights on one machine.

    Once it is ``chosen``, it is trained again on training and validation parts together, with as many updates as did
    best before.

    Raises:
        SeriesError: no window can be drawn, or the network's forecasts are never finite.
    """
    started = time.perf_counter()
    keras.utils.set_random_seed(candidate.seed)
    model = architectures.build(recipe)
    optimizer = trainer.optimizer_of(recipe, model)
    loop = trainer.compiled_loop(model, optimizer, FREE_SHARE)
    (stage,) = recipe.stages
    windows = Windows(panel, split, candidate.length, again=chosen is not None)
    rng = generator("training", candidate.seed)
    validated = validation(candidate.length, panel, split, season)
    last = stage.steps if chosen is None else chosen.updates
    best: tuple[float, int, list[np.ndarray[Any, Any]]] = (np.inf, 0, model.get_weights())
    losses: list[float] = []
    chunks = stage.steps // stage.chunk
    for done in range(1, last // stage.chunk + 1):
        optimizer.learning_rate = trainer.rate_at(stage, (done - 1) / chunks)
        errors = loop(windows.draw(rng, stage))
        if isinstance(optimizer, Soap):
            optimizer.turn()
        losses.append(float(errors[:, 0].sum(dtype=np.float64) / errors[:, 1].sum(dtype=np.float64)))
        score = validated(network_of(model)) if chosen is None else chosen.score
        if chosen is not None or score < best[0]:  # never true of NaN
            best = (score, done, model.get_weights())
        waited = done - best[1]
        report(Progress(done * stage.chunk, last, losses[-1]))
        if waited >= PATIENCE:
            break
    if not np.isfinite(best[0]):
        raise SeriesError(f"{candidate.key} did not learn: its forecasts are not finite")
    report(Progress(last, last, losses[-1]))
    return Fitted(candidate, best[2], best[0], best[1] * stage.chunk, losses, time.perf_counter() - started)


def validation(length: int, panel: Panel, split: Split, season: int | None) -> Callable[[OnnxNetwork], float]:
    """A function that gives a network's MASE on the validation origins."""
    chosen = origins(panel, split, "validation", SCORED)
    contexts, scale = chosen.contexts(panel, length), scales(panel, split, season)
    return lambda network: mase(free_run_all(network, *contexts, split.horizon), chosen, scale)


def network_of(model: Any) -> OnnxNetwork:
    """The served form of a Keras model."""
    return OnnxNetwork(onnx_form.to_onnx(model), 2)
