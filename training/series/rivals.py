"""What a network has to beat: the service's rules, seasonal naive, AR by least squares, AutoETS, AutoTheta, AutoARIMA.

Everything is fitted once, on what comes before the hold-out, and then continues every origin's own past; nothing is
fitted again inside the hold-out, as the network is not. The last three are of statsforecast, in the extra ``series``.
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from service.arrays import Floats
from service.cards import Level
from service.inference import rules
from service.inference.half_widths import z_of
from service.levels import NAMES
from training.series.measures import Forecasts
from training.series.panel import Panel, SeriesError
from training.series.splits import Origins, Split

# Values of an origin's past that rivals read, and before the hold-out that statsforecast fits.
HISTORY = 2_000
OPTIONAL = ("AutoETS", "AutoTheta", "AutoARIMA")
# What statsforecast raises of series that it cannot fit.
FAILURES = (ValueError, ArithmeticError, LookupError, RuntimeError, TypeError, np.linalg.LinAlgError)
MOST_LAGS = 60
_NORMAL: Mapping[Level, float] = {level: z_of(float(level)) for level in NAMES}
Rival = Callable[[Panel, Split, Origins, int | None], Forecasts]


def service_rule(name: str) -> Rival:
    """A rule that the service itself answers with."""

    def forecast(panel: Panel, split: Split, origins: Origins, _: int | None) -> Forecasts:
        values, lengths = origins.contexts(panel, HISTORY)
        parts = [
            rules.extend(name, values[start : start + 50], lengths[start : start + 50], split.horizon)
            for start in range(0, len(values), 50)
        ]
        return Forecasts(np.concatenate(parts))

    return forecast


def seasonal_naive(panel: Panel, split: Split, origins: Origins, season: int | None) -> Forecasts:
    """The value one season before, or the last known of its place in the season."""
    assert season is not None  # noqa: S101  # only asked where there is a season
    back = season - np.arange(split.horizon) % season
    places = zip(origins.series, origins.at, strict=True)
    return Forecasts(np.stack([panel.series[each].values[np.maximum(at - back, 0)] for each, at in places]))


def autoregression(panel: Panel, split: Split, origins: Origins, _: int | None) -> Forecasts:
    """AR(p) with a constant by least squares, p by the corrected Akaike criterion up to 60, Gaussian intervals."""
    shape = (len(origins.at), split.horizon)
    values, spread = np.empty(shape), np.empty(shape)
    for each in np.unique(origins.series):
        series = panel.series[each].values
        coefficients, deviation = _fit_ar(series[: split.ends(len(series))[2]])
        lags = len(coefficients) - 1
        rows = np.flatnonzero(origins.series == each)
        past = np.stack([series[at - lags : at][::-1] for at in origins.at[rows]]) if lags else np.empty((len(rows), 0))
        for ahead in range(split.horizon):
            answer = coefficients[0] + past @ coefficients[1:]
            values[rows, ahead] = answer
            past = np.concatenate((answer[:, None], past), axis=1)[:, :lags]
        spread[rows] = deviation * _growth(coefficients[1:], split.horizon)
    return Forecasts(values, {level: (values - z * spread, values + z * spread) for level, z in _NORMAL.items()})


def automatic(name: str) -> Rival:
    """One of ``OPTIONAL`` by statsforecast."""

    def forecast(panel: Panel, split: Split, origins: Origins, season: int | None) -> Forecasts:
        values = np.empty((len(origins.at), split.horizon))
        bounds = {level: (np.empty_like(values), np.empty_like(values)) for level in NAMES}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of optimisers that stop early; what they reached is what is judged
            for each in np.unique(origins.series):
                series = panel.series[each].values
                try:
                    fitted = _automatic(name, season).fit(series[: split.ends(len(series))[2]][-HISTORY:])
                except FAILURES as error:
                    said = f"{panel.series[each].name} cannot be fitted, {type(error).__name__}: {error}"
                    raise SeriesError(said) from error
                for row in np.flatnonzero(origins.series == each):
                    past = series[max(0, origins.at[row] - HISTORY) : origins.at[row]]
                    found = fitted.forward(y=past, h=split.horizon, level=[int(level) for level in NAMES])
                    values[row] = found["mean"]
                    for level, (lower, upper) in bounds.items():
                        lower[row], upper[row] = np.asarray(found[f"lo-{level}"]), np.asarray(found[f"hi-{level}"])
        return Forecasts(values, bounds)

    return forecast


def rivals(season: int | None) -> dict[str, Rival]:
    """Everything that can be asked here, by name; rules of the service are called ``rule:<name>``."""
    found = {f"rule:{name}": service_rule(name) for name in rules.SERIES_RULES}
    if season is not None:
        found["seasonal naive"] = seasonal_naive
    found["AR"] = autoregression
    if not missing():
        found |= {name: automatic(name) for name in OPTIONAL}
    return found


def missing() -> tuple[str, ...]:
    """Rivals that are not installed."""
    return () if importlib.util.find_spec("statsforecast") else OPTIONAL


def _automatic(name: str, season: int | None) -> Any:
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

    if name == "AutoETS":
        return AutoETS(season_length=season or 1)
    if name == "AutoTheta":
        return AutoTheta(season_length=season or 1)
    # As in R: beyond 150 values, or a season above 12, candidates are compared by conditional sums of squares.
    return AutoARIMA(season_length=season or 1, approximation=True)


def _fit_ar(values: Floats) -> tuple[Floats, float]:
    """Constant and coefficients, the latest lag first, and the residuals' standard deviation."""
    most = max(1, min(MOST_LAGS, len(values) // 5))
    origin, unit = float(values.mean()), float(values.std()) or 1.0
    scaled = (values - origin) / unit
    target = scaled[most:]
    columns = np.stack([np.ones(len(target)), *(scaled[most - lag : -lag] for lag in range(1, most + 1))], axis=1)
    # One decomposition gives the squares that every number of lags leaves: the columns are nested.
    squares = float(target @ target) - np.cumsum((np.linalg.qr(columns)[0].T @ target) ** 2)
    count, fitted = len(target), np.arange(most + 1) + 2.0
    room = np.maximum(count - fitted - 1.0, 1.0)
    criterion = count * np.log(np.maximum(squares, 1e-20 * count) / count) + 2.0 * fitted * count / room
    lags = int(criterion.argmin())
    used = columns[:, : lags + 1]
    found = np.linalg.lstsq(used, target, rcond=None)[0]
    deviation = math.sqrt(float(((target - used @ found) ** 2).sum()) / max(count - lags - 1, 1))
    coefficients: Floats = np.concatenate(([unit * found[0] + origin * (1.0 - found[1:].sum())], found[1:]))
    return coefficients, unit * deviation


def _growth(coefficients: Floats, horizon: int) -> Floats:
    """How many times the one-step deviation the error of each horizon is: the root of the summed squares of psi."""
    psi = np.zeros(horizon)
    psi[0] = 1.0
    for ahead in range(1, horizon):
        lags = min(ahead, len(coefficients))
        psi[ahead] = coefficients[:lags] @ psi[ahead - 1 :: -1][:lags]
    growth: Floats = np.sqrt(np.cumsum(psi**2))
    return growth
