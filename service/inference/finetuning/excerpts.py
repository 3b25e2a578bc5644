"""Questions about stretches of own series, drawn at random: what a general network is trained on; knows no network.

A stretch is read as the service reads it: as it is or with its sign turned, in logarithms too where it has a season and
is positive; under the season told or the one among its multiples and divisors that repeats best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.errors import InvalidInput
from service.inference.finetuning.questions import Group, Questions, posed
from service.inference.readings.general import mixture

# Stretches of a batch, and questions about each: origins and horizons.
BATCH, ORIGINS, HORIZONS = 32, 8, 12
# Values before the first origin of a stretch that is long enough.
_LEAST = 8
# Share of stretches that end where the training part does, and those that are told the season that repeats best.
_LATEST, _REPEATS = 0.3, 0.5


class Excerpts:
    """Draws stretches of series, each series as often as any other."""

    def __init__(self, parts: Sequence[Floats], horizon: int, season: int, width: int) -> None:
        """``parts`` of series are float64 [values], NaN at gaps; ``season`` is 1 where there is none.

        Stretches are of ``width`` values at most, and asked about up to ``horizon`` steps ahead.

        Raises:
            InvalidInput: no series moves.
        """
        self._horizon, self._season, self._width = horizon, season, width
        told, moving = [*mixture.priors((season,))], []
        for place, part in enumerate(parts):
            if np.nanmax(part) > np.nanmin(part):
                moving.append((place, self._repeating(part, told), season > 1 and np.nanmin(part) > 0.0))
        if not moving:
            raise InvalidInput("no series moves: there is nothing to learn", code="stands_still")
        # The parts themselves may be in a file: nothing but these is held of each.
        self._parts, (self._moving, self._best, self._positive) = parts, np.array(moving).T

    def draw(self, rng: np.random.Generator, count: int = BATCH) -> Questions:
        """Questions about ``count`` stretches."""
        values = np.full((count, self._width), np.nan)
        lengths, season = np.empty(count, np.int64), np.empty(count, np.int64)
        for row, place in enumerate(rng.integers(0, len(self._moving), count).tolist()):
            part = self._parts[int(self._moving[place])]
            stop = len(part)
            if rng.random() >= _LATEST:
                stop = int(rng.integers(min(stop, max(stop // 2, self._horizon + _LEAST)), stop + 1))
            stretch = part[max(0, stop - self._width) : stop]
            if self._positive[place] and rng.random() < 0.5:
                stretch = np.log(stretch)
            values[row, : len(stretch)] = stretch if rng.random() < 0.5 else -stretch
            lengths[row] = len(stretch)
            season[row] = self._best[place] if rng.random() < _REPEATS else self._season
        group = Group(values, lengths, season, np.zeros(count, np.int64))
        return posed(group, *self._places(rng, lengths))

    def _places(self, rng: np.random.Generator, lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Origins in the later part of each stretch, one in each stretch of that, and horizons as far as it goes."""
        count, last = len(lengths), np.maximum(lengths - 2, 0)[:, None]
        first = np.minimum(np.maximum(lengths // 3, _LEAST)[:, None], last)
        spread = (np.arange(ORIGINS) + rng.random((count, ORIGINS))) / ORIGINS
        origin = np.minimum(first + (spread * (last - first + 1)).astype(np.int64), last)
        most = np.clip(lengths[:, None] - 1 - origin, 1, self._horizon)[..., None]
        ahead = 1 + (rng.random((count, ORIGINS, HORIZONS)) * most).astype(np.int64)
        return origin, np.minimum(ahead, most)

    def _repeating(self, part: Floats, seasons: list[int]) -> int:
        """The one of ``seasons`` whose seasonal naive rule does best over the horizon; the first if none is known."""
        errors = [self._naive_error(part, season) for season in seasons]
        return seasons[int(np.argmin(errors))] if np.isfinite(errors).any() else seasons[0]

    def _naive_error(self, part: Floats, season: int) -> float:
        reach = np.arange(1, mixture.reach(self._horizon) + 1)
        lags, times = np.unique(season * -(-reach // season), return_counts=True)
        # As the service: what is not shown twice is no season.
        if 2 * season > len(part) or lags[-1] >= len(part):
            return np.inf
        misses = [np.nanmean(np.abs(part[lag:] - part[:-lag])) for lag in lags]
        return float(np.average(misses, weights=times))
