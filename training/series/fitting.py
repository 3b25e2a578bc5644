"""Trains one candidate's members, from several seeds, and makes one network of them; judges on no hold-out.

After every chunk of updates a member runs free from each validation origin, in the form that is served; the weights
that did best there are kept. Then each member is trained once more on training and validation parts together, with as
many updates as did best before. The one-step error at every timestep and the error of a free-running forecast share
the loss evenly. All members share one compiled program: compiling takes longer than training a small network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from service.arrays import Floats
from service.inference.network import OnnxNetwork
from service.inference.readings.series import Series
from training import architectures, onnx_form, trainer
from training.progress import Progress, Report, untold
from training.recipes import Recipe
from training.series import storing
from training.series.candidates import Candidate
from training.series.merging import Weights, merged
from training.series.panel import Panel, SeriesError
from training.series.splits import Origins, Split, origins
from training.series.validating import chosen_by, errors, validation
from training.series.windows import Windows
from training.soap import Soap
from training.tasks.base import generator

FREE_SHARE = 1.0
# Chunks without a better validation score after which training stops, and origins that are scored after each.
PATIENCE, SCORED = 16, 100
_KEPT = ("score", "scores", "updates", "losses", "seconds", "errors")


@dataclass(frozen=True, slots=True)
class Team:
    """A candidate's members as one network's ``weights``.

    ``score`` is the MASE on the validation origins of the members before they were trained on those too; ``scores``
    and ``updates`` [members] are each one's own. ``losses`` are the first member's, and ``errors`` what each of the
    validation origins adds to the ``score``.
    """

    weights: Weights
    score: float
    scores: list[float]
    updates: list[int]
    losses: list[float]
    seconds: float
    errors: list[float]

    def save(self, path: Path) -> None:
        """Write everything, whole or not at all."""
        storing.save(path, self.weights, {name: getattr(self, name) for name in _KEPT})

    @classmethod
    def load(cls, path: Path) -> Team:
        """Read what :meth:`save` wrote."""
        weights, record = storing.load(path)
        return cls(weights, **record)


def fit(
    recipe: Recipe,
    candidate: Candidate,
    seeds: list[int],
    panel: Panel,
    split: Split,
    season: int | None,
    report: Report = untold,
    parts: storing.Parts = storing.Parts(),  # noqa: B008  # frozen, and keeps nothing
) -> Team:
    """Train a member of ``candidate`` from each seed; ``recipe`` is that of one member.

    Members that are ready are kept in ``parts``, and those that they have are not trained again. The same seeds give
    the same weights on one machine.

    Raises:
        SeriesError: no window can be drawn, or a network's forecasts are never finite.
    """
    started = time.perf_counter()
    training = _Training(recipe, candidate, panel, split, season)
    (stage,) = recipe.stages
    chosen, again, scores, updates = [], [], [], []
    losses: list[float] = []
    for member, seed in enumerate(seeds):

        def tell(done: int, loss: float, before: int = member * stage.steps) -> None:
            report(Progress(before + done, len(seeds) * stage.steps, loss))

        if (kept := parts.get(f"member-{member}")) is None:
            weights, score, done, curve = training.until_best(seed, tell)
            if not np.isfinite(score):
                raise SeriesError(f"{candidate.key} did not learn: its forecasts are not finite")
            kept = [*weights, *training.again(seed, done)], {"score": score, "updates": done, "losses": curve}
            parts.put(f"member-{member}", *kept)
        both, record = kept
        chosen.append(both[: len(both) // 2])
        again.append(both[len(both) // 2 :])
        scores.append(record["score"])
        updates.append(record["updates"])
        losses = losses or record["losses"]
    report(Progress(len(seeds) * stage.steps, len(seeds) * stage.steps, losses[-1]))
    found = training.errors_of(merged(chosen), len(seeds), chosen_by(panel, split))
    seconds = time.perf_counter() - started
    return Team(merged(again), float(found.mean()), scores, updates, losses, seconds, found.tolist())


class _Training:
    """One model, its optimizer and the compiled loop over them, started afresh for each member."""

    def __init__(self, recipe: Recipe, candidate: Candidate, panel: Panel, split: Split, season: int | None) -> None:
        (self._stage,) = recipe.stages
        self._recipe = recipe
        self._model = architectures.build(recipe)
        self._optimizer = Soap(self._stage.rate, global_clipnorm=recipe.clipnorm)
        self._optimizer.build(self._model.trainable_variables)
        self._loop = trainer.compiled_loop(self._model, self._optimizer, FREE_SHARE)
        self._windows = [Windows(panel, split, candidate.length, again=again) for again in (False, True)]
        self._about = (Series(), candidate.length, panel, split, season)
        self._validated = validation(*self._about, origins(panel, split, "validation", SCORED))

    def until_best(self, seed: int, tell: Callable[[int, float], None]) -> tuple[Weights, float, int, list[float]]:
        """Weights that did best on the validation origins, their score, the updates to them, and all losses."""
        best, losses = (self._model.get_weights(), np.inf, 0), []
        for done, loss in self._chunks(seed, self._windows[0], self._stage.steps):
            losses.append(loss)
            score = self._validated(network_of(self._model))
            if score < best[1]:  # never true of NaN
                best = (self._model.get_weights(), score, done)
            tell(done, loss)
            if done - best[2] >= PATIENCE * self._stage.chunk:
                break
        return *best, losses

    def again(self, seed: int, updates: int) -> Weights:
        """Weights after so many updates on training and validation parts."""
        for _ in self._chunks(seed, self._windows[1], updates):
            pass
        weights: Weights = self._model.get_weights()
        return weights

    def errors_of(self, weights: Weights, members: int, chosen: Origins) -> Floats:
        """What each of the ``chosen`` origins adds to the score of a merged network."""
        (units,) = self._recipe.units
        whole = architectures.build(
            Recipe("merged", "own", self._recipe.cell, "own", (members * units,), self._recipe.stages)
        )
        whole.set_weights(weights)
        return errors(*self._about, chosen)(network_of(whole))

    def _chunks(self, seed: int, windows: Windows, updates: int) -> Iterator[tuple[int, float]]:
        keras.utils.set_random_seed(seed)
        self._model.set_weights(architectures.build(self._recipe).get_weights())
        self._optimizer.reset()
        rng, stage = generator("training", seed), self._stage
        for start in range(0, updates, stage.chunk):
            self._optimizer.learning_rate = trainer.rate_at(stage, start / stage.steps)
            errors = self._loop(windows.draw(rng, stage))
            self._optimizer.turn()
            yield start + stage.chunk, float(errors[:, 0].sum(dtype=np.float64) / errors[:, 1].sum(dtype=np.float64))


def network_of(model: Any) -> OnnxNetwork:
    """The served form of a Keras model."""
    network: OnnxNetwork = Series().load(onnx_form.to_onnx(model))
    return network
