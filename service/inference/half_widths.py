"""How far an interval of any level reaches, at any number of steps ahead, in units of the error scale. Pure.

A level enters as z, the normal quantile that it has on either side (95 %: 1.96). In z the half-widths of normal errors
are a straight line, and those of others nearly so: between two calibrated levels they are interpolated linearly in z,
and below the lowest from zero at z = 0; beyond the highest they go on in the steeper of two lines, the last piece and
the one through zero. They never shrink as the level rises, so no interval crosses another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.cards import Intervals

_NORMAL = NormalDist()
# The fastest that extrapolated intervals grow, as a power of the steps ahead: as the error of a trend that bends.
_FASTEST = 2.0
_LARGEST = 1e300
# A normal error's deviation in units of its mean magnitude.
_DEVIATION = math.sqrt(math.pi / 2.0)
# How the error of a rule grows, as a power of the steps ahead: as that of a walk, but drift's is there at every step,
# and seasonal naive's only from season to season.
_GROWTH: Mapping[str, float] = {"naive": 0.5, "drift": 1.0, "line": 0.5, "ar2": 0.5, "seasonal_naive": 0.5}


@lru_cache(1024)
def normal(probability: float) -> float:
    """The normal quantile of ``probability``, which lies between 0 and 1."""
    return _NORMAL.inv_cdf(probability)


@lru_cache(1024)
def z_of(level: float) -> float:
    """The normal quantile that bounds ``level`` percent, on either side."""
    return -normal((100.0 - level) / 200.0)


class HalfWidths:
    """Those of one card. ``horizon`` is the number of steps ahead that they were calibrated for.

    ``at(z, horizon)`` are half-widths [z, 1, horizon], the same for any sequence; no ``z`` is negative.
    """

    def __init__(self, intervals: Intervals) -> None:
        levels = sorted(intervals.quantiles, key=float)
        self._z = np.array([0.0, *(z_of(float(level)) for level in levels)])
        known = np.array([intervals.quantiles[level] for level in levels])
        self._known = np.concatenate((np.zeros((1, known.shape[1])), known))
        self.horizon = known.shape[1]
        # Asked for anew with each request, and mostly of the usual levels.
        self.at: Callable[[tuple[float, ...], int], Floats] = lru_cache(32)(self._interpolated)

    def _interpolated(self, z: tuple[float, ...], horizon: int) -> Floats:
        # Never narrower than at a lower level, in whatever way each level grows beyond the calibrated steps.
        known = np.maximum.accumulate(np.stack([_extended(each, horizon) for each in self._known]))
        slopes = np.diff(known, axis=0) / np.diff(self._z)[:, None]
        slopes = np.append(slopes, np.maximum(slopes[-1:], known[-1:] / self._z[-1]), axis=0)
        place = np.searchsorted(self._z, z, "right") - 1
        beyond = np.subtract(z, self._z[place])[:, None]
        found: Floats = np.minimum(known[place] + slopes[place] * beyond, _LARGEST)[:, None]
        found.flags.writeable = False
        return found


def _extended(known: Floats, horizon: int) -> Floats:
    """Half-widths [horizon] of one level; past the ``known`` steps they grow on as a power law.

    The exponent is what the second half of the known steps shows, between that of a random walk and two.
    """
    count = len(known)
    if horizon <= count:
        return known[:horizon]
    before, last = float(known[count // 2 - 1]), float(known[-1])
    shown = (
        (math.log(last) - math.log(before)) / math.log(count / (count // 2))
        if count > 1 and before > 0.0 < last
        else 0.5
    )
    ahead = np.arange(count + 1.0, horizon + 1.0) / count
    return np.concatenate((known, last * ahead ** min(max(0.5, shown), _FASTEST)))


def of_rule(
    rule: str, steps: NDArray[np.int64], seasons: NDArray[np.int64], z: tuple[float, ...], horizon: int
) -> Floats:
    """Half-widths [z, sequences, horizon] of a rule whose mean error over so many ``steps`` [sequences] is known.

    ``seasons`` [sequences] are what seasonal naive repeats.

    Normal errors of that mean magnitude, and Student's quantile for what few steps leave open, by the first terms of
    its expansion in 1 / steps (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.5).
    """
    at, count = np.array(z)[:, None], np.maximum(steps, 1)
    student = at + (at**3 + at) / (4.0 * count) + (5.0 * at**5 + 16.0 * at**3 + 3.0 * at) / (96.0 * count**2)
    ahead = np.arange(1, horizon + 1)
    if rule == "seasonal_naive":
        ahead = (ahead - 1) // seasons[:, None] + 1
    grown: Floats = _DEVIATION * student[:, :, None] * ahead.astype(np.float64) ** _GROWTH[rule]
    return grown
