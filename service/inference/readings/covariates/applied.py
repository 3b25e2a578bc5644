"""The effects on the sequences of one batch: taken off what is read, and put back on what is forecast. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.batch import Batch
from service.inference.check import FIRST
from service.inference.gaps import filled

if TYPE_CHECKING:  # whose effects these are
    from service.inference.readings.covariates.beside import Effects


class Applied:
    """The effects on the sequences of one batch, ``adds`` [sequences, steps + horizon], and what hangs on an origin.

    ``later`` has for each sequence the features after each of its steps, first of past covariates, then of static ones.
    """

    def __init__(self, effects: Effects, batch: Batch, adds: Floats, later: list[list[Floats]]) -> None:
        self.adds = adds
        self._effects, self._batch, self._later = effects, batch, later

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Those of the sequences."""
        return self._batch.lengths

    @cached_property
    def scale(self) -> Floats:
        """What added effects are measured in [sequences].

        The mean absolute difference of what the first forecast that is checked knows, so that all of a sequence's have
        the same.
        """
        batch = self._batch
        if self._effects.unit is not None:
            return np.full(len(batch.lengths), self._effects.unit)
        first = np.minimum(np.maximum(batch.lengths - batch.lengths // 2, FIRST), batch.lengths)
        found: Floats = batch.scaled.scale[np.arange(len(first)), first - 1]
        return found

    @cached_property
    def left(self) -> Batch:
        """The batch without the effects."""
        batch = self._batch
        place = np.minimum(np.arange(batch.values.shape[1]), batch.lengths[:, None] - 1)
        adds = np.take_along_axis(self.adds, place, axis=1)
        if self._effects.form == "added":
            values = batch.gapped - self.scale[:, None] * adds
        else:
            values = batch.gapped * np.exp(-adds)
        return replace(batch, values=np.asfortranarray(filled(values)[0]), covariates=None)

    def back(self, quantiles: Floats, rows: NDArray[np.intp], origins: NDArray[np.signedinteger]) -> Floats:
        """Forecasts [n, horizon, levels] of what is left of sequences ``rows`` [n] after ``origins`` [n] values, with
        the effects. Where a sequence was never negative up to an origin, no quantile is.
        """
        horizon = quantiles.shape[1]
        place = np.minimum(origins[:, None] + np.arange(horizon), self.adds.shape[1] - 1)
        adds = self._effects.bounded(self.adds[rows[:, None], place] + self._ahead(rows, origins, horizon))
        if self._effects.form == "multiplied":
            found: Floats = quantiles * np.exp(adds)[..., None]
            return found
        found = quantiles + (self.scale[rows, None] * adds)[..., None]
        lowest = np.minimum.accumulate(self._batch.values, axis=1)[rows, np.maximum(origins - 1, 0)]
        return np.where((lowest >= 0.0)[:, None, None], np.maximum(found, 0.0), found)

    def _ahead(self, rows: NDArray[np.intp], origins: NDArray[np.signedinteger], horizon: int) -> Floats:
        """What past and static covariates add [n, horizon]."""
        found = np.zeros((len(rows), horizon))
        for number, each in enumerate((*self._effects.past, *self._effects.static)):
            if each.steps:
                found += each.effect(self.features(number, rows, origins), horizon)
        return found

    def features(self, number: int, rows: NDArray[np.intp], origins: NDArray[np.signedinteger]) -> Floats:
        """What is known [n, features] after ``origins`` values of the covariate at that place: past, then static."""
        known = (self._later[row][number] for row in rows.tolist())
        return np.stack([its[min(at, len(its)) - 1] for its, at in zip(known, origins.tolist(), strict=True)])
