"""What a forecaster's forecasts of a set are worth, in the field's measures. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.forecasting.forecasters import POINT, QUANTILES, SeasonalNaive
from benchmarks.accuracy.forecasting.sets import SeriesSet
from benchmarks.accuracy.forecasting.store import Forecasts
from service.arrays import Floats
from service.inference.measures import coverage, naive_error, relative_errors, weighted_quantile_loss

_DECILES = slice(1, -1)


@dataclass(frozen=True)
class Score:
    """One forecaster on ``series`` of the set's ``of`` series.

    ``mase`` and ``smape`` (0 to 200) are means over series of means over steps; ``wql`` is the weighted quantile loss
    of the deciles; ``inside_80`` and ``inside_95`` the shares that intervals held, None where there are none;
    ``naive_mase`` and ``naive_wql`` are seasonal naive's on the same series, with the season
    of the scale. ``seconds`` are of a processor for
    ``series``; ``contended`` where others had the core too, so that they are only indicative; ``failures`` counts
    series that fell back to seasonal naive; ``parameters`` are a named model's.
    """

    dataset: str
    forecaster: str
    series: int
    of: int
    mase: float
    smape: float
    wql: float
    inside_80: float | None
    inside_95: float | None
    naive_mase: float
    naive_wql: float
    seconds: float
    contended: bool
    failures: int
    parameters: int | None


def score(name: str, given: SeriesSet, made: Forecasts, parameters: int | None = None) -> Score:
    """The scores of the forecaster called ``name``."""
    truth = _padded([given.came[row] for row in made.rows], given.horizon)
    known = [given.known[row] for row in made.rows]
    scale = np.array([naive_error(each, given.season) for each in known])
    point = made.quantiles[..., POINT]
    rule = SeasonalNaive().forecast(known, given.horizon, given.season)
    spread = bool((made.quantiles[..., 0] < made.quantiles[..., -1]).any())
    inside = [coverage(truth, made.quantiles[..., low], made.quantiles[..., -1 - low]) for low in (1, 0)]
    return Score(
        dataset=given.name,
        forecaster=name,
        series=len(made.rows),
        of=len(given.known),
        mase=_mase(truth, point, scale),
        smape=100.0 * float(np.nanmean(np.nanmean(relative_errors(truth, point), axis=1))),
        wql=weighted_quantile_loss(truth, made.quantiles[..., _DECILES], QUANTILES[_DECILES]),
        inside_80=inside[0] if spread else None,
        inside_95=inside[1] if spread else None,
        naive_mase=_mase(truth, rule[..., POINT], scale),
        naive_wql=weighted_quantile_loss(truth, rule[..., _DECILES], QUANTILES[_DECILES]),
        seconds=made.processor,
        contended=made.contended,
        failures=made.failures,
        parameters=parameters,
    )


def geometric_mean(ratios: list[float]) -> float:
    """Of positive numbers; NaN of none."""
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else float("nan")


def _mase(truth: Floats, point: Floats, scale: Floats) -> float:
    return float(np.nanmean(np.nanmean(np.abs(truth - point), axis=1) / scale))


def _padded(came: list[Floats], horizon: int) -> Floats:
    """[series, horizon], NaN where fewer values came."""
    found = np.full((len(came), horizon), np.nan)
    for row, each in enumerate(came):
        found[row, : len(each)] = each[:horizon]
    return found
