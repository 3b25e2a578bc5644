"""Which models may answer a series that came without a model's name: an index, kept while the same models are served.

The published next-value models are always tried. Of models of users' own series, of which there may be a thousand, a
few at most: those that were made from what looks like this series. What a model was made from its golden sequences
show, whose level, unit and roughness are compared with those of the posted one; so the look costs the same whatever the
models cost, and says nothing of how good they are: that the check does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import numpy as np

from service.arrays import Floats
from service.cards import Cell
from service.inference.batch import Batch
from service.inference.cumulative import cumulative_sum
from service.inference.model import Model

# Own models that are tried on one sequence: as many as one series has, of the three cells and from the general ones.
MOST_TRIED = 4
_CELLS = get_args(Cell)
# Fewest values that look like anything.
SHORTEST = 4
# Unit and roughness may differ by this factor, the level by so many times what the golden sequence spans.
_FACTOR, _SPANS = 2.0, 4.0
# Comparisons that are held in memory at once.
_PART = 250_000


def looks_of(batch: Batch) -> Floats:
    """Level, span, unit and roughness of each sequence of numbers, [4, sequences]; NaN where one is too short.

    The unit is S, the mean absolute difference; the roughness the mean absolute second difference in that unit: small
    where it moves smoothly, up to two where every move is followed by its opposite.
    """
    steps, lengths = batch.steps, batch.lengths
    if len(steps) < SHORTEST:
        return np.full((4, len(lengths)), np.nan)
    counts = np.where(lengths < SHORTEST, np.nan, lengths)
    level = batch.last(cumulative_sum(steps / counts))
    bends = np.abs(steps[2:] - 2.0 * steps[1:-1] + steps[:-2])
    with np.errstate(divide="ignore", invalid="ignore"):
        rough = batch.last(cumulative_sum(bends / (counts - 2.0))) / batch.unit
    return np.stack((level, steps.max(axis=0) - steps.min(axis=0), batch.unit, rough))


class Candidates:
    """Of some models, each the highest version of its name, those that may be chosen.

    ``always`` are tried on every series; of ``own`` those whose golden sequences look like it. An own model of which
    nobody knows yet whether it can be loaded answers by its name only. ``default`` answers unless another one does
    better: the general model, of several the GRU; None where none is served. The others answer by their names only.
    """

    def __init__(self, models: Iterable[Model]) -> None:
        able = [model for model in models if model.may_be_chosen]
        published = [model for model in able if model.card.family != "own"]
        general = [model for model in published if model.reading.general]
        self.default = max(general, key=lambda model: _CELLS.index(model.card.architecture), default=None)
        self.always = [model for model in published if model is self.default or not model.reading.general]
        tasks: dict[bytes, set[str]] = {}
        for model in able:
            for look in model.looks.T:
                tasks.setdefault(look.tobytes(), set()).add(model.card.task)
        # What models of several tasks look like says nothing: every model answers some common golden sequences.
        looks = [
            (model, [look for look in model.looks.T if len(tasks[look.tobytes()]) == 1])
            for model in able
            if model.card.family == "own" and model.tried
        ]
        self.own = [model for model, its in looks if its]
        counts = [len(its) for _, its in looks if its]
        self._starts = np.cumsum([0, *counts[:-1]])
        self._looks = np.array([look for _, its in looks for look in its]).T

    def __len__(self) -> int:
        return len(self.always) + len(self.own)

    def of(self, batch: Batch) -> list[tuple[Batch, list[Model]]]:
        """The sequences of numbers in ``batch``, put together by the models that are to be tried on them."""
        if batch.seen is None:
            return self._without_gaps(batch)
        whole = batch.seen.all(axis=1)
        found = [(batch.take(np.flatnonzero(~whole)), [model for model in self.always if model.reading.gaps])]
        return [*found, *self._without_gaps(batch.take(np.flatnonzero(whole)))] if whole.any() else found

    def _without_gaps(self, batch: Batch) -> list[tuple[Batch, list[Model]]]:
        alike = self._alike(batch) if self.own else {(): []}
        if len(alike) == 1:
            (found,) = alike
            return [(batch, [*self.always, *(self.own[place] for place in found)])]
        return [
            (batch.take(np.array(rows)), [*self.always, *(self.own[place] for place in found)])
            for found, rows in alike.items()
        ]

    def _alike(self, batch: Batch) -> dict[tuple[int, ...], list[int]]:
        """Rows of ``batch`` by the places of the own models that they look like, the nearest few."""
        looks, rows = looks_of(batch), len(batch.lengths)
        found: dict[tuple[int, ...], list[int]] = {}
        part = max(1, _PART // self._looks.shape[1])
        for start in range(0, rows, part):
            distances = self._distances(looks[:, start : start + part])
            near = set(np.flatnonzero(np.isfinite(distances).any(axis=1)).tolist())
            for row in range(len(distances)):
                places: tuple[int, ...] = ()
                if row in near:
                    nearest = distances[row].argsort(kind="stable")[:MOST_TRIED]
                    places = tuple(sorted(nearest[np.isfinite(distances[row, nearest])].tolist()))
                found.setdefault(places, []).append(start + row)
        return found

    def _distances(self, looks: Floats) -> Floats:
        """How far each sequence is from each own model [sequences, models]; infinite where it does not look alike."""
        level, span, unit, rough = self._looks
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio, bend = looks[2][:, None] / unit, looks[3][:, None] / rough
            ratio, bend = np.maximum(ratio, 1.0 / ratio), np.maximum(bend, 1.0 / bend)
            away = np.abs(looks[0][:, None] - level) / span
            far = ~((ratio <= _FACTOR) & (bend <= _FACTOR) & (away <= _SPANS))
            distances = ratio + bend + away
        distances[far] = np.inf
        nearest: Floats = np.minimum.reduceat(distances, self._starts, axis=1)
        return nearest
