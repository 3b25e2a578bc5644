"""Continues a series by an autoregression that is solved on its own last values, from every origin anew. Pure.

Ridge regression in closed form on lags, and optionally a line and harmonics of the season. Lags are drawn to what they
are in a simple rule, the more the longer they are, from the present or from one season before (Doan, Litterman and Sims
1984): many lags may be there whatever the length, and no number of them has to be chosen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import BaseModel, ConfigDict, Field

from service.arrays import Floats
from service.inference.half_widths import normal
from service.inference.readings.general.causal import Counts

MOST_LAGS = 64
# Values up to an origin below which nothing is solved.
LEAST = 16
# Lags for each of which so many values are there, besides those few.
_A_LAG, _FEW = 3, 4
# The ridge of the line and of each harmonic, for values in their own standard deviation.
_RIDGE = 1.0
# Times their own range that answers may leave that of the values.
_FURTHEST = 3.0
# Exponents beyond which a number is no longer one to be answered with.
_LARGEST_LOG = 690.0


class Manner(BaseModel):
    """What is regressed on: ``lags``, so many ``harmonics`` of the season, and a ``trend``, a straight line.

    ``drawn_to`` says to what: the mean of the values, the last one (a random walk), or that of a season before, and
    the last one where there is no season. ``ridge`` is that of the first lag, of the l-th l * l as much;
    ``logarithms`` are taken of what is positive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lags: Annotated[int, Field(ge=1, le=MOST_LAGS)]
    harmonics: Annotated[int, Field(ge=0, le=12)] = 0
    trend: bool = False
    drawn_to: Literal["mean", "last", "season"] = "mean"
    ridge: Annotated[float, Field(gt=0.0)] = 1.0
    logarithms: bool = False


class _Solved(NamedTuple):
    """One origin: standardised values obey ``steady`` [horizon] plus ``weights`` [lags] times those before them.

    ``recent`` [lags] are the last ones, the latest first; ``centre``, ``unit`` and ``logs`` lead back to the series,
    ``deviation`` is that of one step, and ``bounds`` hold answers.
    """

    steady: Floats
    weights: Floats
    recent: Floats
    deviation: float
    bounds: tuple[float, float]
    centre: float
    unit: float
    logs: bool


def quantiles(
    values: Floats, origins: Counts, seasons: Counts, horizon: int, levels: Floats, manner: Manner, context: int
) -> Floats:
    """Quantiles [series, origins, horizon, levels] after each of ``origins`` [series, n], steps counted from 0.

    ``values`` [series, steps] are NaN at gaps; ``seasons`` [series] are 1 where there is none. Each origin knows the
    last ``context`` values up to it only. NaN where they are fewer than 16, or never differ.
    """
    found = np.full((*origins.shape, horizon, len(levels)), np.nan)
    solved: list[_Solved] = []
    places: list[tuple[int, int]] = []
    for row, place in np.ndindex(origins.shape):
        last = int(origins[row, place]) + 1
        part = slice(max(0, last - context), last)
        if (each := _solved(values[row, part], int(seasons[row]), horizon, manner)) is not None:
            solved.append(each)
            places.append((row, place))
    if not solved:
        return found
    normals = np.array([normal(float(level)) for level in levels])
    said = _continued(solved, horizon, normals)
    found[tuple(np.array(places).T)] = said
    return found


def _solved(values: Floats, season: int, horizon: int, manner: Manner) -> _Solved | None:
    """The regression of the last of ``values`` on those before; None where there is too little to it."""
    count, seen = len(values), ~np.isnan(values)
    if seen.sum() < LEAST:
        return None
    if not seen.all():  # a gap is no truth, but must be something for those after it to come from
        places = np.arange(count)
        values = np.interp(places, places[seen], values[seen])
    logs = manner.logarithms and bool(values.min() > 0.0)
    values = np.log(values) if logs else values
    size = float(np.abs(values).max()) or 1.0
    scaled = values / size
    centre, unit = float(scaled.mean()), float(scaled.std())
    if unit <= 1e-12:
        return None
    scaled = (scaled - centre) / unit
    lags = min(manner.lags, (count - _FEW) // _A_LAG)
    steady = _steady(count, horizon, season, manner.harmonics, trend=manner.trend)
    before = sliding_window_view(scaled, lags + 1)[:, ::-1]
    columns = np.concatenate((steady[lags:count], before[:, 1:]), axis=1)
    use = seen[lags:]
    columns, first = columns[use], steady.shape[1]
    rule = _rule(lags, season, manner.drawn_to)
    target = before[use, 0] - columns[:, first:] @ rule
    if len(target) < LEAST // 2:
        return None
    gram, turned = columns.T @ columns, columns.T @ target
    drawn = gram + np.diag(_ridges(lags, steady.shape[1], season, manner.ridge))
    coefficients = np.linalg.solve(drawn, turned)
    free = len(target) - float(np.trace(np.linalg.solve(drawn, gram)))
    deviation = float(np.sqrt(((target - columns @ coefficients) ** 2).sum() / max(free, 1.0)))
    weights, recent = np.zeros(manner.lags), np.zeros(manner.lags)
    weights[:lags], recent[:lags] = rule + coefficients[first:], scaled[: -lags - 1 : -1]
    lowest, highest = float(scaled.min()), float(scaled.max())
    reach = _FURTHEST * (highest - lowest)
    back = steady[count:] @ coefficients[:first]
    return _Solved(
        back, weights, recent, deviation, (lowest - reach, highest + reach), size * centre, size * unit, logs
    )


@lru_cache(256)
def _steady(count: int, horizon: int, season: int, harmonics: int, *, trend: bool) -> Floats:
    """A constant, the line and the harmonics [count + horizon, columns], as far as ``count`` values tell them."""
    step = np.arange(count + horizon, dtype=np.float64)
    columns = [np.ones(len(step))]
    if trend:
        columns.append(2.0 * step / count - 1.0)
    if 2 * season <= count:
        for each in range(1, min(harmonics, season // 2) + 1):
            turn = 2.0 * np.pi * each * step / season
            columns += [np.cos(turn)] if 2 * each == season else [np.cos(turn), np.sin(turn)]
    found = np.stack(columns, axis=1)
    found.flags.writeable = False
    return found


@lru_cache(256)
def _ridges(lags: int, steady: int, season: int, ridge: float) -> Floats:
    lag = np.arange(1, lags + 1)
    far = np.minimum(lag, np.abs(lag - season) + 1) if season > 1 else lag
    found = np.concatenate(([1e-9], np.full(steady - 1, _RIDGE), ridge * far.astype(np.float64) ** 2))
    found.flags.writeable = False
    return found


@lru_cache(256)
def _rule(lags: int, season: int, drawn_to: str) -> Floats:
    """The weights [lags] that lags are drawn to."""
    found = np.zeros(lags)
    if drawn_to == "season" and 1 < season <= lags:
        found[season - 1] = 1.0
    elif drawn_to != "mean":
        found[0] = 1.0
    found.flags.writeable = False
    return found


def _continued(solved: list[_Solved], horizon: int, normals: Floats) -> Floats:
    """Quantiles [origins, horizon, levels] of what was ``solved``, in the units of the series."""
    steady, weights, recent = (np.stack(each) for each in zip(*(one[:3] for one in solved), strict=True))
    deviation, centre, unit = (
        np.array([one[place] for one in solved])[:, None] for place in map(_Solved._fields.index, _NUMBERS)
    )
    logs = np.array([one.logs for one in solved])
    lowest, highest = np.array([one.bounds for one in solved]).T[..., None]
    means = _recursion(steady, weights, recent, lowest, highest)
    pulse = np.zeros_like(recent)
    pulse[:, 0] = 1.0
    # The error of each horizon is the root of the summed squares of what one shock comes to.
    later = _recursion(np.zeros_like(steady), weights, pulse, lowest - highest, highest - lowest)[:, : horizon - 1]
    growth = np.sqrt(np.cumsum(np.concatenate((np.ones((len(solved), 1)), later**2), axis=1), axis=1))
    spread = np.minimum(deviation * growth, highest - lowest)
    found: Floats = (centre + unit * means)[..., None] + (unit * spread)[..., None] * normals
    found[logs] = np.exp(np.clip(found[logs], -_LARGEST_LOG, _LARGEST_LOG))
    return found


_NUMBERS = ("deviation", "centre", "unit")


def _recursion(steady: Floats, weights: Floats, recent: Floats, lowest: Floats, highest: Floats) -> Floats:
    """What follows ``recent`` [origins, lags], step by step [origins, horizon], within bounds [origins, 1]."""
    found, recent = np.empty_like(steady), recent.copy()
    for step in range(steady.shape[1]):
        # One after the other, so that the bits do not hang on how many origins there are.
        answer = np.add.accumulate(weights * recent, axis=1)[:, -1] + steady[:, step]
        found[:, step] = np.clip(answer, lowest[:, 0], highest[:, 0])
        recent[:, 1:] = recent[:, :-1].copy()
        recent[:, 0] = found[:, step]
    return found
