"""Trains a published general network on for own series in several ways, and keeps what does best on validation origins.

The untouched network is one of the ways, so nothing worse is ever kept. Ways that start from the same weights may be
averaged weight by weight, one after the other as long as that helps (Wortsman et al. 2022, "Model soups"): what comes
out is a network of the same size, which the service reads like the general ones. Then each way is gone once more on the
training and validation parts together, with as many updates as did best before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from service.inference.finetuning import correction
from service.inference.finetuning.excerpts import BATCH, HORIZONS, ORIGINS, Excerpts
from service.inference.finetuning.frozen import Frozen, Said
from service.inference.finetuning.questions import Questions
from service.inference.readings.averaged.reading import Averaged
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from training.general import fitting, graph
from training.general.export import CONTEXT
from training.general.fitting import Progress
from training.general.recipes import RECIPES, Plan, SeriesRecipe
from training.general.tuning import Begun, Drawn, Part, Tuning
from training.series import averaging, regression, storing, validating
from training.series.candidates import Start
from training.series.effects import left_of
from training.series.excerpts import excerpts as excerpts_of
from training.series.merging import Weights
from training.series.panel import Panel
from training.series.splits import Split
from training.series.validating import chosen_by, validation
from training.tasks.base import Floats

# Updates and the peak rate of each part, and updates between two looks at the validation origins.
PLANS: Mapping[Part, Plan] = {
    "head": Plan(300, rate=3e-3, batch=BATCH, origins=ORIGINS, horizons=HORIZONS, warmup=0.05),
    "whole": Plan(600, rate=3e-3, batch=BATCH, origins=ORIGINS, horizons=HORIZONS, warmup=0.05),
}
EVERY = 100
# Batches that a correction is solved on, and the strengths of its ridge.
EXERCISES, STRENGTHS = 50, correction.STRENGTHS
UNTOUCHED, CORRECTION, AVERAGE = "untouched", "correction", "average"
AUTOREGRESSION = "with an autoregression"
# What layer a correction changes.
_LAST = "answer"


@dataclass(frozen=True, slots=True)
class Tuned:
    """The network that did best for own series.

    ``score`` is its MASE on the validation origins before it was trained on those too, ``scores`` that of every way;
    ``ways`` are those that it is the average of, and ``updates`` what they took. ``losses`` are those of the whole
    network between looks at the origins. ``effects`` are those of covariates, as a card has them, in the ``manner`` and
    by the ridge of :class:`training.series.regression.Found`; ``manners`` are the MASE of all that were tried.
    ``averaged`` is what :meth:`training.series.averaging.Found.kept` keeps, and ``errors`` what each of the validation
    origins adds to the ``score``.
    """

    weights: Weights
    score: float
    scores: dict[str, float]
    ways: list[str]
    updates: dict[str, int]
    losses: list[float]
    seconds: float
    effects: dict[str, Any] | None = None
    manner: tuple[str, bool, float, float | None] | None = None
    manners: dict[str, float] = field(default_factory=dict)
    averaged: dict[str, Any] | None = None
    errors: list[float] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write everything, whole or not at all."""
        storing.save(path, self.weights, {name: getattr(self, name) for name in _KEPT})

    @classmethod
    def load(cls, path: Path) -> Tuned:
        """Read what :meth:`save` wrote."""
        weights, record = storing.load(path)
        return cls(weights, **record)


_KEPT = (
    "score",
    "scores",
    "ways",
    "updates",
    "losses",
    "seconds",
    "effects",
    "manner",
    "manners",
    "averaged",
    "errors",
)


class Way(NamedTuple):
    """What a way led to on the training part, its ``score``, its ``updates``, and how to go it on other excerpts."""

    weights: Weights
    score: float
    updates: int
    again: Callable[[Excerpts], Weights]


def recipe_of(start: Start) -> SeriesRecipe:
    """The recipe of the published network that ``start`` names."""
    return RECIPES[start.published]


def reading_of(
    start: Start, season: int | None, effects: Effects | None = None, averaged: dict[str, Any] | None = None
) -> General:
    """How a network that was tuned for series of that ``season`` reads.

    With the ``effects`` of covariates, or ``averaged`` with an autoregression, if any.
    """
    plain = General(quantiles=recipe_of(start).shape.quantiles, context=CONTEXT, season=season)
    if averaged is not None:
        return Averaged.model_validate({**plain.spec(), "kind": "averaged", **averaged})
    return plain if effects is None else WithCovariates.of(plain, effects)


def network_of(start: Start) -> Any:
    """The published network as Keras has it, with the weights that the package brings along."""
    kept = Path(str(files("training.general"))) / "trained" / f"{start.published}.npz"
    return fitting.fit(recipe_of(start), 0, kept).network


def fit(
    start: Start,
    panel: Panel,
    split: Split,
    season: int | None,
    steps: int | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    parts: storing.Parts = storing.Parts(),  # noqa: B008  # frozen, and keeps nothing
) -> Tuned:
    """Go every way from the published network; ``steps`` caps the updates of each, for a quick trial.

    What is ready is kept in ``parts``, and what they have is not done again.

    Raises:
        SeriesError: nothing can be drawn.
    """
    began = time.perf_counter()
    effects: regression.Found | None = None
    if start.covariates:
        network = GeneralNetwork(graph.to_onnx(network_of(start), recipe_of(start).shape))
        effects = regression.search(reading_of(start, season), network, panel, split, season)
    tuning = _Tuning(start, panel, split, season, steps, report, effects, parts)
    ways = tuning.ways()
    chosen, score = tuning.averaged(ways)
    scores = {name: way.score for name, way in ways.items()} | ({AVERAGE: score} if len(chosen) > 1 else {})
    averaged, best = None, _mean([ways[each].weights for each in chosen])
    if effects is None:
        beside = tuning.beside(best, ways[UNTOUCHED].score)
        errors = beside.errors
        if (averaged := beside.kept()) is not None:
            scores[AUTOREGRESSION] = score = beside.score
    else:
        errors = tuning.errors(best)
    left = panel if effects is None else left_of(panel, effects.again, split, again=True)
    excerpts = excerpts_of(left, split, season, CONTEXT, again=True)
    weights = _mean([ways[each].again(excerpts) for each in chosen])
    updates = {name: ways[name].updates for name in chosen}
    tuning.ended()
    seconds = time.perf_counter() - began
    rest = {"averaged": averaged, "errors": errors.tolist()}
    found = Tuned(weights, score, scores, chosen, updates, tuning.losses, seconds, **rest)
    if effects is None:
        return found
    told, manner = effects.again.model_dump(mode="json"), (*effects.manner, effects.ridge)
    return replace(found, effects=told, manner=manner, manners=effects.tried)


class _Tuning:
    """One published network, what it is trained on, and where it is validated."""

    def __init__(
        self,
        start: Start,
        panel: Panel,
        split: Split,
        season: int | None,
        steps: int | None,
        report: Callable[[Progress], None],
        effects: regression.Found | None,
        parts: storing.Parts,
    ) -> None:
        self._parts = parts
        self._network, self._shape, self._seed = network_of(start), recipe_of(start).shape, start.seed
        self._start: Weights = self._network.get_weights()
        left = panel if effects is None else left_of(panel, effects.trained, split)
        self._excerpts = excerpts_of(left, split, season, CONTEXT)
        reading = reading_of(start, season, None if effects is None else effects.trained)
        self._reading, self._about = reading, (panel, split, season, chosen_by(panel, split))
        self._validated = validation(reading, CONTEXT, *self._about)
        self._plans = {
            part: replace(plan, updates=min(steps or plan.updates, plan.updates)) for part, plan in PLANS.items()
        }
        self._exercise = min(steps or EXERCISES, EXERCISES)
        # Each part is trained twice at the most.
        self._total, self._done = 2 * sum(plan.updates for plan in self._plans.values()), 0
        self._report = report
        self._exercises: dict[Excerpts, Exercise] = {}
        self.losses: list[float] = []

    def ways(self) -> dict[str, Way]:
        """All ways by name, gone on the training part."""
        if (kept := self._parts.get(UNTOUCHED)) is None:
            kept = [], {"score": self._score(self._start)}
            self._parts.put(UNTOUCHED, *kept)
        found = {UNTOUCHED: Way(self._start, kept[1]["score"], 0, lambda _: self._start)}
        found[CORRECTION] = self._corrected()
        for part, plan in self._plans.items():
            found[part] = self._trained(part, plan)
        return found

    def averaged(self, ways: Mapping[str, Way]) -> tuple[list[str], float]:
        """The ways whose average does best, the best one first, and its score."""
        best, *others = sorted(ways, key=lambda name: ways[name].score)
        chosen, score = [best], ways[best].score
        for name in others:
            tried = self._score(_mean([ways[each].weights for each in (*chosen, name)]))
            if tried < score:
                chosen, score = [*chosen, name], tried
        return chosen, score

    def beside(self, weights: Weights, most: float) -> averaging.Found:
        """What an autoregression brings a network of these ``weights``, whose score may be ``most``."""
        return averaging.search(self._reading, self._served(self._start), self._served(weights), *self._about, most)

    def errors(self, weights: Weights) -> Floats:
        """What each of the validation origins adds to the MASE of a network of these ``weights``."""
        return validating.errors(self._reading, CONTEXT, *self._about)(self._served(weights))

    def ended(self) -> None:
        """Say that nothing is left to be done."""
        self._report(Progress(self._total, self._total, self.losses[-1]))

    def _score(self, weights: Weights) -> float:
        return self._validated(self._served(weights))

    def _served(self, weights: Weights) -> GeneralNetwork:
        self._network.set_weights(weights)
        return GeneralNetwork(graph.to_onnx(self._network, self._shape))

    def _corrected(self) -> Way:
        if (kept := self._parts.get(CORRECTION)) is None:
            tried = []
            for strength in STRENGTHS:
                weights = self._with_correction(self._frozen(self._excerpts), strength)
                tried.append((self._score(weights), strength, weights))
            score, strength, weights = min(tried, key=lambda each: each[0])
            kept = weights, {"score": score, "strength": strength}
            self._parts.put(CORRECTION, *kept)
        weights, found = kept
        score, strength = found["score"], found["strength"]
        return Way(weights, score, 0, lambda excerpts: self._with_correction(self._frozen(excerpts), strength))

    def _with_correction(self, frozen: Exercise, strength: float) -> Weights:
        lesson = correction.lesson(frozen.asked, frozen.said, self._reading.median)
        found = correction.correction(lesson, strength)
        self._network.set_weights(self._start)
        last = self._network.get_layer(_LAST)
        last.set_weights(found.applied(*last.get_weights()))
        weights: Weights = self._network.get_weights()
        return weights

    def _trained(self, part: Part, plan: Plan) -> Way:
        tuning = Tuning(self._network, self._shape, plan, part)
        best = self._gone(tuning, part, part, self._excerpts, plan.updates, lambda weights, _: self._score(weights))
        if part == "whole":
            self.losses = best.losses

        def again(excerpts: Excerpts) -> Weights:
            # With as many updates as did best, the latest is what is wanted.
            return self._gone(tuning, part, f"{part}-again", excerpts, best.updates, lambda _, done: -done).weights

        return Way(best.weights, best.score, best.updates, again)

    def _gone(
        self,
        tuning: Tuning,
        part: Part,
        name: str,
        excerpts: Excerpts,
        updates: int,
        score: Callable[[Weights, int], float],
    ) -> Gone:
        """Train a ``part`` for so many ``updates``, on from where it is kept under its ``name``; what scores best."""
        draw = excerpts_drawn(excerpts) if part == "whole" else self._frozen(excerpts).drawn
        gone = Gone.kept(self._parts.get(name), len(self._start)) or Gone(self._start, np.inf, 0, [], None)
        for each in tuning.steps(self._start, self._seed, draw, EVERY, updates, gone.begun):
            self._report(Progress(self._done + each.updates, self._total, each.loss))
            found = score(each.weights, each.updates)
            if found < gone.score:  # never true of NaN
                gone = gone._replace(weights=each.weights, score=found, updates=each.updates)
            begun = Begun(each.updates, each.drawn, tuning.state())
            gone = gone._replace(losses=[*gone.losses, each.loss], begun=begun)
            self._parts.put(name, *gone.to_keep())
        self._done += updates
        return gone

    def _frozen(self, excerpts: Excerpts) -> Exercise:
        """What the network that was begun with says of some questions from ``excerpts``, the same each time."""
        if excerpts not in self._exercises:
            rng = np.random.default_rng(np.random.SeedSequence([8, self._seed]))
            self._network.set_weights(self._start)
            frozen = Frozen(graph.to_onnx(self._network, self._shape))
            asked = [excerpts.draw(rng) for _ in range(self._exercise)]
            self._exercises[excerpts] = Exercise(asked, [frozen.said(each) for each in asked])
        return self._exercises[excerpts]


class Gone(NamedTuple):
    """How far a part of a network was trained: what scored best yet, after how many ``updates``, and where to go on.

    ``losses`` are those between two looks.
    """

    weights: Weights
    score: float
    updates: int
    losses: list[float]
    begun: Begun | None

    def to_keep(self) -> tuple[Weights, dict[str, Any]]:
        """All of it as arrays, the best weights first, and what JSON knows."""
        assert self.begun is not None  # noqa: S101  # nobody keeps what has not begun
        record = {"score": self.score, "updates": self.updates, "losses": self.losses}
        record |= {"done": self.begun.updates, "drawn": self.begun.drawn}
        return [*self.weights, *self.begun.state], record

    @classmethod
    def kept(cls, found: tuple[Weights, dict[str, Any]] | None, number: int) -> Gone | None:
        """What :meth:`to_keep` gave of a network of that ``number`` of weights."""
        if found is None:
            return None
        arrays, record = found
        begun = Begun(record["done"], record["drawn"], arrays[number:])
        return cls(arrays[:number], record["score"], record["updates"], record["losses"], begun)


class Exercise(NamedTuple):
    """Questions, batch by batch, and what the network that stands still says of them."""

    asked: list[Questions]
    said: list[Said]

    def drawn(self, rng: np.random.Generator) -> Drawn:
        """One of the batches, for the head."""
        place = int(rng.integers(0, len(self.asked)))
        each = self.asked[place]
        return Drawn((self.said[place].states, each.asked, each.places), each.truth)


def excerpts_drawn(excerpts: Excerpts) -> Callable[[np.random.Generator], Drawn]:
    """Batches for the whole network, each drawn afresh."""

    def drawn(rng: np.random.Generator) -> Drawn:
        each = excerpts.draw(rng)
        return Drawn((each.sequence, each.origins, each.asked, each.places), each.truth)

    return drawn


def _mean(several: list[Weights]) -> Weights:
    return [np.mean(each, axis=0) for each in zip(*several, strict=True)]
