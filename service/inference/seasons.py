"""Which season a series has, found from its own values by the autocorrelation of its differences. Pure.

A season is taken where the correlation at its lag is beyond what the correlations at shorter lags explain (Bartlett,
On the theoretical specification and sampling properties of autocorrelated time-series, 1946; at 95 %) and is a local
peak. Only seasons that clocks and calendars make are looked for, and only where there are two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.cumulative import total
from service.inference.scaling import ROUNDING

Whole = NDArray[np.int64]

# Quarters, working days, days of a week, months, hours, half hours, weeks of a year, quarter hours, hours of a week.
CANDIDATES = (4, 5, 7, 12, 24, 48, 52, 96, 168)
# The last values, which say what the season is now.
WINDOW = 464
# Differences further from their median are cut off, in median absolute deviations: one step is no season.
_CUT = 8.0
_BEYOND = 1.645
# A longer season must correlate so much better: every multiple of a season correlates about as well.
_LONGER = 0.02
_LAGS = np.array(CANDIDATES)
_FEWEST = 2 * CANDIDATES[0] + 1


@dataclass  # not frozen: there is one for every answer
class Season:
    """Under which seasons a sequence was answered.

    ``steps`` are those ``told``, or the one found; 1 is none. ``weights`` are those of all that were mixed, by their
    steps, and of the rules of the same ("seasonal naive 12"); None where nothing is mixed.
    """

    steps: list[int]
    told: bool
    weights: dict[str, float] | None


def found(values: Floats, lengths: NDArray[np.int32]) -> Whole:
    """The season of each of the first ``lengths`` of ``values`` [sequences, timesteps]; 1 where there is none.

    NaN is a gap. Each is found by itself, the same alone and among others, to the bit.
    """
    seasons = np.ones(len(lengths), np.int64)
    if lengths.max() <= _FEWEST:
        return seasons
    kept = np.minimum(lengths, WINDOW)
    # Rows of about one length are transformed together, by a length that hangs on the row alone.
    sizes = np.where(kept > _FEWEST, np.frexp(kept - 1.0)[1], 0)
    for size in set(sizes.tolist()) - {0}:
        rows = np.flatnonzero(sizes == size)
        width = int(kept[rows].max())
        places = np.minimum((lengths - kept)[rows, None] + np.arange(width), (lengths - 1)[rows, None])
        recent = np.where(np.arange(width) < kept[rows, None], values[rows[:, None], places], np.nan)
        seasons[rows] = _of_rows(recent, 2 ** (size + 1))
    return seasons


def _of_rows(recent: Floats, size: int) -> Whole:
    """The season of each row of ``recent``, NaN where nothing is known, by transforms of ``size``."""
    changes, count = _differences(recent)
    power = np.fft.rfft(changes, size, axis=1)
    products = np.fft.irfft(power.real**2 + power.imag**2, size, axis=1)[:, : size // 2]
    r = products / np.where(products[:, :1] > 0.0, products[:, :1], np.inf)  # all zero where nothing moves
    squares = np.add.accumulate(r[:, 1:] ** 2, axis=1)
    lags = _LAGS[size // 2 > _LAGS + 1]
    here = r[:, lags]
    peaks = here > _BEYOND * np.sqrt((1.0 + 2.0 * squares[:, lags - 2]) / count[:, None])
    peaks &= (here > r[:, lags - 1]) & (here > r[:, lags + 1]) & (count[:, None] > 2 * lags)
    season, best = np.ones(len(r), np.int64), np.full(len(r), -np.inf)
    for place in np.flatnonzero(peaks.any(axis=0)).tolist():
        taken = peaks[:, place] & (here[:, place] > best + _LONGER)
        season[taken], best[taken] = lags[place], here[taken, place]
    return season


def _differences(recent: Floats) -> tuple[Floats, Whole]:
    """Differences about their mean [rows, steps], at most 1 in magnitude, zero where unknown; how many are known.

    Of the logarithms where all values are above zero; all zero where they move no more than rounding does.
    """
    with np.errstate(invalid="ignore"):
        positive = np.logical_not((recent <= 0.0).any(axis=1))
    values = recent.copy()
    np.log(recent, out=values, where=positive[:, None])
    magnitude = np.fmax.reduce(np.abs(values), axis=1)
    changes = values[:, 1:] - values[:, :-1]
    known = ~np.isnan(changes)
    count = known.sum(axis=1)
    middle = _median(changes, count)
    away = changes - middle[:, None]
    cut = _CUT * _median(np.abs(away), count)
    cut[cut == 0.0] = np.inf
    np.minimum(np.maximum(away, -cut[:, None], out=away), cut[:, None], out=away)
    away[~known] = 0.0
    largest = np.abs(away).max(axis=1)
    still = np.logical_not(largest > ROUNDING * magnitude)
    away /= np.where(still, 1.0, largest)[:, None]
    away -= (total(away.T.copy()) / np.maximum(count, 1))[:, None]
    away[~known | still[:, None]] = 0.0
    return away, np.maximum(count, 1)


def _median(values: Floats, count: Whole) -> Floats:
    """The median of each row's ``count`` numbers; NaN sorts behind them."""
    ordered, every, last = np.sort(values, axis=1), np.arange(len(values)), np.maximum(count - 1, 0)
    middle: Floats = (ordered[every, last // 2] + ordered[every, (last + 1) // 2]) / 2.0
    return middle
