"""Whether one forecaster's errors are lower than another's by more than chance: a bootstrap over origins. Pure.

Forecasts from neighbouring origins share most of their truths, so what is drawn again are blocks of origins twice as
long as the horizon (Politis and Romano 1992), or, where there are many series, whole series.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from training.series.splits import Origins

_RESAMPLES, _SHARE = 2_000, 0.95
# How many horizons a block is long: blocks of one take forecasts for less alike than they are.
_HORIZONS = 2
# Series from which on whole ones are drawn, and blocks below which nothing can be said.
MANY, _FEWEST = 20, 5


class Difference(NamedTuple):
    """How much ``lower`` one's mean error is than another's, and the bounds that hold 95 % of the resamples.

    The bounds are NaN where there is too little to draw from.
    """

    lower: float
    least: float
    most: float

    @property
    def sure(self) -> bool:
        """Whether it is more than chance, either way."""
        return self.least > 0.0 or self.most < 0.0

    def in_words(self, one: str, other: str) -> str:
        """A plain sentence of what that says of ``one`` beside the ``other``."""
        compared = f"{abs(self.lower):.3f} {'lower' if self.lower >= 0.0 else 'higher'}"
        said = f"Against {other} the MASE of {one} is {compared} over the origins of the hold-out"
        if np.isnan(self.least):
            return f"{said}, and there are too few of them to tell that from chance."
        bounds = f"95 % of bootstrap resamples from {self.least:.3f} to {self.most:.3f}"
        return f"{said} ({bounds}): {'more' if self.sure else 'no more'} than chance."


def difference(mine: Floats, other: Floats, origins: Origins, horizon: int) -> Difference:
    """``other`` less ``mine``, what each origin adds to the errors of two [origins]."""
    apart, series, at = other - mine, origins.series, origins.at
    rows = [np.flatnonzero(series == each) for each in np.unique(series)]
    rng = np.random.default_rng(0)
    resampled = _of_series(apart, rows, rng) if len(rows) >= MANY else _of_blocks(apart, rows, at, horizon, rng)
    bounds = (np.nan, np.nan)
    if resampled is not None:
        tail = 50.0 * (1.0 - _SHARE)
        bounds = (float(np.percentile(resampled, tail)), float(np.percentile(resampled, 100.0 - tail)))
    return Difference(float(apart.mean()), *bounds)


def _of_series(apart: Floats, rows: list[np.ndarray], rng: np.random.Generator) -> Floats:
    sums, counts = (np.array([each(apart[row]) for row in rows], float) for each in (np.sum, len))
    drawn = rng.integers(0, len(rows), (_RESAMPLES, len(rows)))
    means: Floats = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return means


def _of_blocks(
    apart: Floats, rows: list[np.ndarray], at: np.ndarray, horizon: int, rng: np.random.Generator
) -> Floats | None:
    sums, count, blocks = np.zeros(_RESAMPLES), 0, 0
    for row in rows:
        spacing = max(1.0, float(np.median(np.diff(at[row]))) if len(row) > 1 else 1.0)
        length = min(len(row), int(np.ceil(_HORIZONS * horizon / spacing)))
        # Round the end to the start again, so that every origin is drawn as often.
        running = np.concatenate(([0.0], np.cumsum(np.concatenate((apart[row], apart[row[: length - 1]])))))
        each = running[length:] - running[:-length]
        number = -(-len(row) // length)
        sums += each[rng.integers(0, len(each), (_RESAMPLES, number))].sum(axis=1)
        count, blocks = count + number * length, blocks + number
    if blocks < _FEWEST:
        return None
    # The few blocks of a series vary less around their own mean than around the truth.
    few = max(2.0, blocks / len(rows))
    means: Floats = sums / count
    wider: Floats = means.mean() + math.sqrt(few / (few - 1.0)) * (means - means.mean())
    return wider
