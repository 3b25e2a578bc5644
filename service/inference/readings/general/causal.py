"""What the general models' network sees at each step of a series: from values and seasons to causal features.

Everything at step t comes from the steps up to t only, and every value in it is a difference of values divided by s_t,
the mean absolute difference so far, as in :mod:`service.inference.scaling`. So one pass of the network serves every
origin, and offset and unit of a series change nothing. Sums are running sums: the cost grows with the length alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

STEP_FEATURES = 16
# Differences that the recent scale looks back over, and seasons whose means are compared.
_RECENT = 8
# A season of one step has no mean of its own: these many last values stand for it.
_NO_SEASON = 4


class Told(NamedTuple):
    """Series side by side, float64 [series, steps], each padded to the right with anything finite.

    ``values`` hold the last seen value where ``seen`` is False (a gap); ``lengths`` [series] are the numbers of steps;
    ``season`` and ``second`` [series] the seasons, 1 and 0 where there is none.
    """

    values: Floats
    seen: Flags
    lengths: Counts
    season: Counts
    second: Counts


class Causal(NamedTuple):
    """What is known after each step [series, steps]: values from the first one on, scales, running sums, features.

    ``moved`` is each value minus the first, ``scale`` is s_t, ``sums`` [series, steps + 1] the running sums of
    ``moved``; ``features`` float32 [series, steps, STEP_FEATURES]; ``seasonal`` the mean absolute seasonal difference.
    """

    told: Told
    moved: Floats
    scale: Floats
    seasonal: Floats
    pairs: Floats
    sums: Floats
    features: NDArray[np.float32]

    def at(self, row: Counts, step: Counts) -> tuple[Floats, Flags]:
        """``moved`` at ``step`` of series ``row`` (shapes broadcast), and where that step exists and was seen."""
        steps = self.moved.shape[1]
        place = row * steps + np.minimum(np.maximum(step, 0), steps - 1)
        known = step >= 0
        return self.moved.ravel()[place], known if self.told.seen.all() else known & self.told.seen.ravel()[place]


def squashed(values: Floats) -> Floats:
    """Sign times log(1 + size): large numbers of scales, made fit for a network."""
    return np.copysign(np.log1p(np.abs(values)), values)


def causal(told: Told) -> Causal:
    """Read ``told``: see :class:`Causal`."""
    count, steps = told.values.shape
    step = np.arange(steps)
    moved = told.values - told.values[:, :1]
    change = np.diff(moved, axis=1, prepend=0.0)
    # A gap and the first value bring no change; the value after a gap brings the change over it.
    brings = told.seen & (np.cumsum(told.seen, axis=1) > 1)
    size = np.where(brings, np.abs(change), 0.0)
    total, number = np.cumsum(size, axis=1), np.cumsum(brings, axis=1, dtype=np.float64)
    scale = total / np.maximum(number, 1)
    unit = np.where(scale > 0.0, scale, 1.0)
    before = np.concatenate((np.zeros((count, 1)), scale[:, :-1]), axis=1)
    recent = _over_last(total, _RECENT) / np.maximum(_over_last(number, _RECENT), 1)

    row = np.arange(count)[:, None] * steps
    flat, seen = moved.ravel(), told.seen.ravel()
    season, has = told.season[:, None], (told.season > 1)[:, None]

    def back(steps_back: Counts) -> tuple[Floats, Flags]:
        place = step - steps_back
        found = row + np.maximum(place, 0)
        return flat[found], (place >= 0) & seen[found]

    once, once_seen = back(season)
    after, _ = back(season - 1)
    previous, previous_seen = back(season + 1)
    once_seen, previous_seen = once_seen & has, previous_seen & has
    twice, twice_seen = back(told.second[:, None])
    twice_after, _ = back(np.maximum(told.second[:, None] - 1, 0))
    twice_seen &= told.second[:, None] > 0
    apart = np.where(once_seen & told.seen, np.abs(moved - once), 0.0)
    pairs = np.cumsum(once_seen & told.seen, axis=1)
    seasonal = np.cumsum(apart, axis=1) / np.maximum(pairs, 1)

    sums = np.concatenate((np.zeros((count, 1)), np.cumsum(moved, axis=1)), axis=1)
    width = np.where(told.season > 1, told.season, _NO_SEASON)[:, None]
    latest, earlier = _mean_over(sums, step, width, 0), _mean_over(sums, step, width, 1)

    def relative(values: Floats, where: Flags | bool = True) -> Floats:
        return np.where(where, squashed(values / unit), 0.0)

    features = np.empty((count, steps, STEP_FEATURES), np.float32)
    for place, feature in enumerate(
        (
            relative(change, brings),
            before / unit,
            relative(recent),
            relative(moved - once, once_seen),
            relative(after - once, once_seen),
            relative(change - (once - previous), previous_seen),
            once_seen,
            relative(twice_after - twice, twice_seen),
            relative(moved - twice, twice_seen),
            twice_seen,
            relative(seasonal, pairs > 0),
            np.log(season) / 4.0,
            np.log1p(number) / 5.0,
            told.seen,
            relative(moved - latest),
            relative(latest - earlier, step >= width),
        )
    ):
        features[..., place] = feature
    return Causal(told, moved, scale, seasonal, pairs.astype(np.float64), sums, features)


def _over_last(running: Floats, steps: int) -> Floats:
    """What ``running`` sums grew by over the last ``steps`` steps."""
    grown = running.copy()
    grown[:, steps:] -= running[:, :-steps]
    return grown


def _mean_over(sums: Floats, step: Counts, width: Counts, windows_back: int) -> Floats:
    """The mean of the ``width`` values that end ``windows_back`` windows before each step; of as many as there are."""
    end = np.maximum(step + 1 - width * windows_back, 1)
    start = np.maximum(end - width, 0)
    mean: Floats = (np.take_along_axis(sums, end, axis=1) - np.take_along_axis(sums, start, axis=1)) / (end - start)
    return mean
