"""From made-up series to what the network learns from: its inputs, and for each question the answer and its weight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.inference.gaps import filled
from service.inference.readings.general.asked import asked
from service.inference.readings.general.causal import Told, causal
from training.tasks.series.draw import Group
from training.tasks.series.noise import Counts, Rng, column

HORIZON, FAR_HORIZON, _FAR_SHARE = 48, 192, 0.12
# Answers further than so many scales from the origin teach nothing.
_FURTHEST = 200.0
_LEAST_PAIRS = 4


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


def questions(rng: Rng, group: Group, origins: int, horizons: int) -> Questions:
    """``origins`` x ``horizons`` questions about each series of ``group``, at random; the first horizon is always 1."""
    count = len(group.values)
    last = column(group.lengths) - 2
    first = np.minimum(2, last)
    # Spread over the series: one origin in each stretch of it.
    spread = (np.arange(origins) + rng.random((count, origins))) / origins
    origin = np.minimum(first + (spread * (last - first + 1)).astype(np.int64), last)
    furthest = column(np.where(rng.random(count) < _FAR_SHARE, FAR_HORIZON, HORIZON))
    most = np.minimum(furthest, column(group.lengths) - 1 - origin)[..., None]
    ahead = 1 + (rng.random((count, origins, horizons)) ** 1.5 * most).astype(np.int64)
    ahead[..., 0] = 1
    return posed(group, origin, np.minimum(ahead, most))


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
