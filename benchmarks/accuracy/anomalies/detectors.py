"""Who judges how odd each value of a series is: `/anomalies`, and the rules that someone would write in ten minutes.

Each gives a score [steps], higher where a value is odder, minus infinity where it says nothing. How many values are
flagged is not theirs to say: the exam flags as many of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from service.arrays import Floats
from service.inference import seasons
from service.inference.engine import Engine

Detector = Callable[[Floats], Floats]

# Seasons that STL may decompose; of a longer one it takes minutes.
_LONGEST_STL = 400


def detectors(engine: Engine) -> Mapping[str, Detector]:
    """All, by the names that the table has."""
    return {
        "Unroll": lambda values: of_service(engine, values),
        "z-score of differences": of_differences,
        "seasonal naive's residuals": of_seasonal_naive,
        "STL's residuals": of_stl,
    }


def of_service(engine: Engine, values: Floats) -> Floats:
    """How small `/anomalies` says that p is, with no model named."""
    (found,) = engine.anomalies([values.tolist()], 99.0, adaptive=True)
    p = np.array([np.nan if each is None else each for each in found.p])
    return _placed(-np.log(p), len(values))


def of_differences(values: Floats) -> Floats:
    """How many standard deviations the last difference is from the mean one."""
    changes = np.diff(values)
    return _placed(np.abs(changes - changes.mean()) / (changes.std() or 1.0), len(values))


def of_seasonal_naive(values: Floats) -> Floats:
    """How far a value is from the one a season before, as the service finds it; from the last one without any."""
    season = season_of(values)
    return _placed(np.abs(values[season:] - values[:-season]), len(values))


def of_stl(values: Floats) -> Floats:
    """How far a value is from trend and season of a robust STL decomposition, which sees all values, later ones too."""
    from statsmodels.tsa.seasonal import STL

    season = season_of(values)
    period = season if 1 < season <= _LONGEST_STL else 7
    return np.abs(np.asarray(STL(values, period=period, robust=True).fit().resid, np.float64))


def season_of(values: Floats) -> int:
    """The season that the service finds, 1 where there is none."""
    return int(seasons.found(values[None], np.array([len(values)], np.int32))[0])


def _placed(scores: Floats, steps: int) -> Floats:
    found = np.full(steps, -np.inf)
    found[steps - len(scores) :] = np.where(np.isnan(scores), -np.inf, scores)
    return found
