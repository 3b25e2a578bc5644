"""What a forecaster would use today: AutoETS, AutoTheta, AutoARIMA and DynamicOptimizedTheta of statsforecast.

AutoARIMA takes minutes a series where seasons are long, so each peer has a share of a set that it can do in the time
that is given: every k-th series, by an estimate that hangs on lengths and season only.
"""

from __future__ import annotations

import importlib.metadata
import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.accuracy.forecasting.forecasters import POINT, QUANTILES
from benchmarks.accuracy.forecasting.sets import SeriesSet
from service.arrays import Floats
from training.series.rivals import FAILURES

# Values that a peer reads, the last ones.
HISTORY = 2_000
_LEVELS = {20: (4, 6), 40: (3, 7), 60: (2, 8), 80: (1, 9), 95: (0, 10)}  # and the places of their bounds


class Price(NamedTuple):
    """Estimated processor seconds: of a fit, and of each value times its season."""

    fit: float
    value: float


# Measured on a core of an AMD EPYC.
PRICES = {
    "DynamicOptimizedTheta": Price(0.003, 1e-5),
    "AutoTheta": Price(0.005, 3e-5),
    "AutoETS": Price(0.01, 9e-5),
    "AutoARIMA": Price(0.2, 1.2e-3),
}


class Peer:
    """One of statsforecast's methods with its defaults, told the season.

    Where it cannot fit a series, ``failures`` counts that and the last season again is its answer.
    """

    portion = 8

    def __init__(self, name: str) -> None:
        self.name = name
        self.made_of = f"statsforecast {importlib.metadata.version('statsforecast')}, the last {HISTORY} values"
        self.failures = 0

    def forecast(self, series: Sequence[Floats], horizon: int, season: int) -> Floats:
        """See :class:`benchmarks.accuracy.forecasting.forecasters.Forecaster`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of optimisers that stop early; what they reached is what is judged
            return np.array([self._one(each[-HISTORY:], horizon, season) for each in series])

    def _one(self, values: Floats, horizon: int, season: int) -> Floats:
        from statsforecast import models

        try:
            method: Any = getattr(models, self.name)(season_length=season)
            found = method.forecast(y=values, h=horizon, level=list(_LEVELS))
        except FAILURES:
            found = {}
        quantiles = np.repeat(np.resize(values[-season:], horizon)[:, None], len(QUANTILES), axis=1)
        if "mean" not in found or not np.isfinite(found["mean"]).all():
            self.failures += 1
            return quantiles
        quantiles[:] = np.asarray(found["mean"])[:, None]
        for level, places in _LEVELS.items():
            for side, place in zip(("lo", "hi"), places, strict=True):
                bound = np.asarray(found[f"{side}-{level}"])
                quantiles[:, place] = np.where(np.isfinite(bound), bound, quantiles[:, POINT])
        return quantiles


def every(peer: str, given: SeriesSet, seconds: float) -> int:
    """The k of "every k-th series" with which ``peer`` takes about ``seconds`` of a core for the set."""
    price = PRICES[peer]
    total = sum(price.fit + price.value * min(len(each), HISTORY) * given.told for each in given.known)
    return max(1, math.ceil(total / seconds))
