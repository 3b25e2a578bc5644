"""The ways in which a published general network is taken further for own series, each to what scored best on the way.

It may stay untouched, have its last layer corrected in closed form, or its head or the whole of it trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from service.inference.finetuning import correction
from service.inference.finetuning.excerpts import BATCH, HORIZONS, ORIGINS, Excerpts
from training.general.recipes import Plan
from training.general.tuning import Part, Tuning
from training.progress import Progress, Report
from training.series.checkpoints import Checkpoint
from training.series.exercises import Exercise, for_the_whole
from training.series.merging import Weights
from training.series.published import Published
from training.series.storing import Parts

# Updates and the peak rate of each part, and updates between two looks at the validation origins.
PLANS: Mapping[Part, Plan] = {
    "head": Plan(300, rate=3e-3, batch=BATCH, origins=ORIGINS, horizons=HORIZONS, warmup=0.05),
    "whole": Plan(600, rate=3e-3, batch=BATCH, origins=ORIGINS, horizons=HORIZONS, warmup=0.05),
}
EVERY = 100
# Batches that a correction is solved on, and the strengths of its ridge.
EXERCISES, STRENGTHS = 50, correction.STRENGTHS
UNTOUCHED, CORRECTION = "untouched", "correction"
# What layer a correction changes.
_LAST = "answer"


class Way(NamedTuple):
    """What a way led to, its ``score``, its ``updates``, and how to go it on other excerpts."""

    weights: Weights
    score: float
    updates: int
    again: Callable[[Excerpts], Weights]


class Ways:
    """All ways from the ``published`` network.

    ``score`` chooses how far each is gone; ``steps`` caps the updates of each. What is ready is kept in ``parts``, and
    what they have is not done again. ``losses`` are those of the whole network between looks.
    """

    def __init__(
        self,
        published: Published,
        seed: int,
        score: Callable[[Weights], float],
        steps: int | None,
        report: Report,
        parts: Parts,
    ) -> None:
        self._published, self._seed, self._score, self._parts = published, seed, score, parts
        self._plans = {
            part: replace(plan, updates=min(steps or plan.updates, plan.updates)) for part, plan in PLANS.items()
        }
        self._batches = min(steps or EXERCISES, EXERCISES)
        # Each part is trained twice at the most.
        self._total, self._done = 2 * sum(plan.updates for plan in self._plans.values()), 0
        self._report = report
        self._exercises: dict[Excerpts, Exercise] = {}
        self.losses: list[float] = []

    def gone(self, excerpts: Excerpts) -> dict[str, Way]:
        """All of them by name, gone on ``excerpts``."""
        found = {UNTOUCHED: self._untouched(), CORRECTION: self._corrected(excerpts)}
        for part, plan in self._plans.items():
            found[part] = self._trained(part, plan, excerpts)
        return found

    def ended(self) -> None:
        """Say that nothing is left to be done."""
        self._report(Progress(self._total, self._total, self.losses[-1]))

    def _untouched(self) -> Way:
        start = self._published.weights
        if (kept := self._parts.get(UNTOUCHED)) is None:
            kept = [], {"score": self._score(start)}
            self._parts.put(UNTOUCHED, *kept)
        return Way(start, kept[1]["score"], 0, lambda _: start)

    def _corrected(self, excerpts: Excerpts) -> Way:
        if (kept := self._parts.get(CORRECTION)) is None:
            tried = []
            for strength in STRENGTHS:
                weights = self._with_correction(excerpts, strength)
                tried.append((self._score(weights), strength, weights))
            score, strength, weights = min(tried, key=lambda each: each[0])
            kept = weights, {"score": score, "strength": strength}
            self._parts.put(CORRECTION, *kept)
        weights, found = kept
        return Way(weights, found["score"], 0, lambda others: self._with_correction(others, found["strength"]))

    def _with_correction(self, excerpts: Excerpts, strength: float) -> Weights:
        exercise, model = self._exercise(excerpts), self._published.model
        lesson = correction.lesson(exercise.asked, exercise.said, self._published.reading(None).median)
        found = correction.correction(lesson, strength)
        model.set_weights(self._published.weights)
        last = model.get_layer(_LAST)
        last.set_weights(found.applied(*last.get_weights()))
        weights: Weights = model.get_weights()
        return weights

    def _trained(self, part: Part, plan: Plan, excerpts: Excerpts) -> Way:
        tuning = Tuning(self._published.model, self._published.shape, plan, part)
        best = self._train(tuning, part, part, excerpts, plan.updates, lambda weights, _: self._score(weights))
        if part == "whole":
            self.losses = best.losses

        def again(others: Excerpts) -> Weights:
            # With as many updates as did best, the latest is what is wanted.
            return self._train(tuning, part, f"{part}-again", others, best.updates, lambda _, done: -done).weights

        return Way(best.weights, best.score, best.updates, again)

    def _train(
        self,
        tuning: Tuning,
        part: Part,
        name: str,
        excerpts: Excerpts,
        updates: int,
        score: Callable[[Weights, int], float],
    ) -> Checkpoint:
        """Train a ``part`` for so many ``updates``, on from where it is kept under its ``name``."""
        draw = for_the_whole(excerpts) if part == "whole" else self._exercise(excerpts).for_the_head
        start = self._published.weights
        reached = Checkpoint.last(self._parts, name, start)
        for step in tuning.steps(start, self._seed, draw, EVERY, updates, reached.begun):
            self._report(Progress(self._done + step.updates, self._total, step.loss))
            reached = reached.after(step, score(step.weights, step.updates), tuning.state())
            reached.keep(self._parts, name)
        self._done += updates
        return reached

    def _exercise(self, excerpts: Excerpts) -> Exercise:
        """Questions from some ``excerpts`` for the published network, the same each time."""
        if excerpts not in self._exercises:
            network = self._published.exported(self._published.weights)
            self._exercises[excerpts] = Exercise.of(network, excerpts, self._batches, self._seed)
        return self._exercises[excerpts]
