"""What covariates that are known up to an origin, or of a whole series, add to each step ahead. Trains no network.

What the standing network misses from origins of the training part, in the scale that effects are measured in, is
regressed on what was known at each origin: a ridge of its own for each step ahead, in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.arrays import Floats
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.effects import NUMBER_FEATURES
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.general.network import GeneralNetwork
from training.answers import served_batches
from training.series.covariates import beside
from training.series.panel import Panel
from training.series.splits import Origins, Split, Stretch, origins

# Origins of a stretch that are learnt from, and how many times its usual size an error counts at the most.
_MOST, _GROSS = 500, 3.0


class Lesson:
    """What a network missed from origins of some stretches, beside what was known there."""

    def __init__(
        self,
        reading: WithCovariates,
        network: GeneralNetwork,
        panel: Panel,
        split: Split,
        stretches: Sequence[Stretch],
    ) -> None:
        """``reading`` has the effects of what is known ahead, and none for steps ahead."""
        self._effects = reading.effects
        parts = [self._of(reading, network, panel, split, each) for each in stretches]
        self._missed, self._features = (np.concatenate(each) for each in zip(*parts, strict=True))

    def solved(self, strength: float) -> Effects:
        """The effects with those for steps ahead, drawn to zero by a ridge of that ``strength``."""
        columns, count = self._features, self._features.shape[1]
        steps = []
        for missed in self._missed.T:
            known = ~np.isnan(missed)
            truth, turned = missed[known], columns[known].T / max(int(known.sum()), 1)
            usual = _GROSS * max(float(np.median(np.abs(truth))) if len(truth) else 0.0, 1e-12) / 0.6745
            truth = np.clip(truth, -usual, usual)
            gram = turned @ columns[known]
            ridge = strength * max(float(np.trace(gram)) / count, 1e-12) * np.eye(count)
            steps.append(np.linalg.solve(gram + ridge, turned @ truth))
        solved, first, blocks = np.array(steps), 0, []
        for each in (*self._effects.past, *self._effects.static):
            width = self._width(each.categories)
            part = solved[:, first : first + width]
            blocks.append(each.model_copy(update={"steps": tuple(map(tuple, part.tolist()))}))
            first += width
        past = len(self._effects.past)
        return self._effects.model_copy(update={"past": tuple(blocks[:past]), "static": tuple(blocks[past:])})

    def _of(
        self,
        reading: WithCovariates,
        network: GeneralNetwork,
        panel: Panel,
        split: Split,
        stretch: Stretch,
    ) -> tuple[Floats, Floats]:
        chosen: Origins = origins(panel, split, stretch, _MOST)
        values, lengths = chosen.contexts(panel, reading.context)
        stands = beside(panel, chosen, reading.context, split.horizon)
        missed = np.empty_like(chosen.truth)
        number = len(reading.effects.past) + len(reading.effects.static)
        features: Floats = np.empty((len(missed), sum(self._widths)))
        for batch in served_batches(values, lengths, stands):
            said = reading.forecast(network, batch, split.horizon)
            applied, rows = reading.effects.of(batch, split.horizon), np.arange(len(batch.rows))
            if reading.effects.form == "multiplied":
                with np.errstate(divide="ignore", invalid="ignore"):
                    off = np.log(chosen.truth[batch.rows] / said)
                missed[batch.rows] = np.where(np.isfinite(off), off, np.nan)
            else:
                scale = np.where(applied.scale > 0.0, applied.scale, np.nan)
                missed[batch.rows] = (chosen.truth[batch.rows] - said) / scale[:, None]
            known = [applied.features(place, rows, batch.lengths) for place in range(number)]
            features[batch.rows] = np.concatenate(known, axis=1)
        return missed, features

    @property
    def _widths(self) -> list[int]:
        return [self._width(each.categories) for each in (*self._effects.past, *self._effects.static)]

    @staticmethod
    def _width(categories: Sequence[str]) -> int:
        return len(categories) or NUMBER_FEATURES
