"""Questions about series whose answers are known: what a general network is shown, and what it should have said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.gaps import filled
from service.inference.readings.general.asked import asked
from service.inference.readings.general.causal import Counts, Told, causal

# Answers further than so many scales from the origin teach nothing.
_FURTHEST = 200.0
_LEAST_PAIRS = 4


class Group(NamedTuple):
    """Series of like lengths: ``values`` [series, steps] with NaN at gaps and past ``lengths``, the seasons told."""

    values: Floats
    lengths: Counts
    season: Counts
    second: Counts

    def part(self, rows: slice) -> Group:
        """Those of ``rows``."""
        return Group(self.values[rows], self.lengths[rows], self.season[rows], self.second[rows])


class Questions(NamedTuple):
    """Float32 inputs of one batch, and ``truth`` [series, origins, horizons, 2]: the answer in scales, and its weight.

    ``sequence`` [series, steps, features], ``origins`` int32 [series, origins], ``asked`` and ``places`` [series,
    origins, horizons, ...]. The weight is the inverse of the series' own seasonal error, in scales; 0 leaves out.
    """

    sequence: NDArray[np.float32]
    origins: NDArray[np.int32]
    asked: NDArray[np.float32]
    places: NDArray[np.float32]
    truth: NDArray[np.float32]


def posed(group: Group, origin: Counts, ahead: Counts) -> Questions:
    """What is asked about each series of ``group``: ``ahead`` [series, origins, horizons] of ``origin`` [series, n].

    Origins are steps, counted from 0, after which forecasts start; horizons count from 1.
    """
    values, seen = filled(group.values)
    known = causal(Told(values, seen, group.lengths, group.season, group.second))
    features, places = asked(known, origin, ahead)
    scale, seasonal, pairs, start, value = (
        np.take_along_axis(each, origin, axis=1)[..., None]
        for each in (known.scale, known.seasonal, known.pairs, known.moved, values)
    )
    then, there = known.at(np.arange(len(values))[:, None, None], origin[..., None] + ahead)
    unit = np.where(scale > 0.0, scale, 1.0)
    answer = (then - start) / unit
    usable = there & (scale > 1e-7 * (1.0 + np.abs(value))) & (np.abs(answer) < _FURTHEST)
    has = (group.season > 1)[:, None, None] & (pairs >= _LEAST_PAIRS)
    error = np.where(has, np.maximum(seasonal / unit, 0.1), 1.0)
    truth = np.empty((*answer.shape, 2), np.float32)
    truth[..., 0] = np.where(usable, answer, 0.0)
    truth[..., 1] = usable / error
    return Questions(known.features, origin.astype(np.int32), features, places, truth)
