"""How odd each error of a series is beside its others, and how wide an interval is that so many of them lie in. Pure.

An error becomes a score: the z of the level at which the answerer's own interval would just reach it, so that errors of
steps with wide and with narrow intervals are of one kind. A score is then held against the other scores of the series
(split conformal prediction: Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005). Among the largest
five, where ranks say little, the scores go on as those of a normal error through the fifth largest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.adaptive import KEPT
from service.inference.half_widths import z_of

# Levels at which an answerer is asked for the width of its own intervals; between them it is a straight line in z, from
# zero at z = 0, and beyond them it goes on in the steeper of the last piece and the line through zero.
LEVELS = (50.0, 80.0, 90.0, 95.0, 99.0, 99.5)
_Z = np.array([0.0, *map(z_of, LEVELS)])
# Of so many scores a series is held against, all of them in a shorter one, and else those before; anew every few steps.
_ANEW = 64
# As many of the largest scores tell nothing by their rank, but no more than a fifth of all.
_TAIL, _SHARE = 5, 5
# Scores beyond so many times the one that 80 percent stay below are outliers, which measure nothing.
_GROSS = 3.0
_LEAST_P = 1e-300
_ROOT = math.sqrt(2.0)


def scores(off: Floats, below: Floats, above: Floats) -> Floats:
    """The score of each error ``off`` [steps], NaN at a gap, by the widths on its side [1 + levels, steps].

    The widths are those of z = 0, which are zero, and of LEVELS, none smaller than the one before.
    """
    widths, far = np.where(off < 0.0, below, above), np.abs(off)
    within = np.zeros_like(far)
    with np.errstate(all="ignore"):
        for low, high, z, step in zip(widths[:-1], widths[1:], _Z, np.diff(_Z), strict=False):
            within = np.where(far > low, z + (far - low) / (high - low) * step, within)
        beyond = _Z[-1] + (far - widths[-1]) / _slope(widths)
    found: Floats = np.where(far > widths[-1], beyond, within)
    found[np.isnan(off)] = np.nan
    return found


def reach(score: Floats, widths: Floats) -> Floats:
    """How far from its answer a value of each ``score`` [steps] lies by these ``widths`` [1 + levels, steps]."""
    place = np.minimum(np.searchsorted(_Z, score, side="right") - 1, len(LEVELS) - 1)
    every = np.arange(len(score))
    low, high = widths[place, every], widths[place + 1, every]
    with np.errstate(all="ignore"):  # of the one that is not taken, and of widths near the largest number
        within = low + (score - _Z[place]) / (_Z[place + 1] - _Z[place]) * (high - low)
        beyond = widths[-1] + (score - _Z[-1]) * _slope(widths)
    found: Floats = np.where(score > _Z[-1], beyond, within)
    return found


def _slope(widths: Floats) -> Floats:
    """By how much a width grows per z beyond the last level."""
    found: Floats = np.maximum((widths[-1] - widths[-2]) / (_Z[-1] - _Z[-2]), widths[-1] / _Z[-1])
    return found


class _Part(NamedTuple):
    """Steps from ``start`` to ``stop`` and what they are held against, ``ordered``.

    Beyond the score ``anchor`` errors are as normal ones of deviation ``deviation``.
    """

    start: int
    stop: int
    ordered: Floats
    anchor: float
    deviation: float


class Calibrated:
    """The ``scores`` [steps] of a series, NaN at gaps; the first ``measured`` are what all are held against."""

    def __init__(self, scores: Floats, measured: int) -> None:
        self._scores = scores
        self._parts: list[_Part] = []
        start = 0
        while start < len(scores):
            # All that comes after the measured steps is held against the same.
            stop = start + _ANEW if KEPT <= start < measured else KEPT if start < KEPT < measured else len(scores)
            first = max(min(start, measured) - KEPT, 0)
            against = scores[first : min(max(start, KEPT), measured)]
            self._parts.append(_Part(start, min(stop, len(scores)), *_measured(against)))
            start = stop

    def p(self) -> Floats:
        """How large a share of errors is as large [steps], above 0 and at most 1; NaN at gaps."""
        found = np.empty_like(self._scores)
        for part in self._parts:
            own = self._scores[part.start : part.stop]
            count = len(part.ordered)
            ranked = (count + 1 - np.searchsorted(part.ordered, own)) / (count + 1)
            far = own > part.anchor
            ranked[far] = [math.erfc(each / part.deviation / _ROOT) for each in own[far].tolist()]
            found[part.start : part.stop] = ranked
        found[np.isnan(self._scores)] = np.nan
        return np.maximum(found, _LEAST_P)

    def edges(self, level: float) -> Floats:
        """The score [steps] above which p is less than 1 - ``level`` / 100, or as much."""
        found = np.empty_like(self._scores)
        for part in self._parts:
            count = len(part.ordered)
            above = math.floor((count + 1) * (100.0 - level) / 100.0)
            tail = part.deviation * z_of(level)
            within = count and above > min(_TAIL, (count + 1) // _SHARE)
            found[part.start : part.stop] = part.ordered[max(count - above, 0)] if within else max(tail, part.anchor)
        return found


def _measured(against: Floats) -> tuple[Floats, float, float]:
    """What of the scores ``against`` counts, in order, and where and as what they go on beyond."""
    ordered = np.sort(against[~np.isnan(against)])
    if len(ordered):
        usual = ordered[min(math.ceil(0.8 * (len(ordered) + 1)), len(ordered)) - 1]
        if usual > 0.0:
            ordered = ordered[: np.searchsorted(ordered, _GROSS * usual, side="right")]
    tail = min(_TAIL, (len(ordered) + 1) // _SHARE)
    anchor = float(ordered[len(ordered) - tail]) if tail else 0.0
    if anchor == 0.0:  # too few, or hardly any error: the answerer's own widths are trusted
        return ordered[:0], 0.0, 1.0
    return ordered, anchor, anchor / z_of(100.0 * (1.0 - (tail + 1) / (len(ordered) + 1)))
