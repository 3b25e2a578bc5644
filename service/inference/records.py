"""From who answers, with what evidence, to a record for each sequence. Pure."""

from __future__ import annotations

import math
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from service.cards import Level
from service.inference.answers import Forecast, Prediction
from service.inference.check import Check
from service.inference.choice import Choice
from service.inference.intervals import calibrated_horizon, error_scale, forecast_intervals, next_value_intervals
from service.inference.model import Model
from service.inference.short import NAMES, ShortSeries
from service.inference.short_choice import ShortChoice

Floats = NDArray[np.float64]


def predictions(choice: Choice, units: Floats, levels: tuple[Level, ...]) -> list[Prediction]:
    """The next values that ``choice`` answers, with intervals of these ``levels``; ``units`` [answered] are S."""
    evidence, model = choice.evidence, choice.model
    values, names = evidence.answers.tolist(), repeat(choice.name)
    if model is None:
        return list(map(Prediction, values, names, repeat(None), repeat(None), evidence.checks, evidence.warnings))
    found = next_value_intervals(model.card, evidence.answers, evidence.scale, units, evidence.checks, levels)
    intervals = [None if isinstance(each, str) else each for each in found]
    warnings = [
        [*said, each] if isinstance(each, str) else said for said, each in zip(evidence.warnings, found, strict=True)
    ]
    versions = repeat(model.card.version)
    return list(map(Prediction, values, names, versions, intervals, evidence.checks, warnings))


def prediction(choice: ShortChoice, series: ShortSeries, levels: tuple[Level, ...]) -> Prediction:
    """The next value of one short series; the rest as in :func:`predictions`."""
    if choice.model is None:
        return Prediction(choice.value, choice.name, None, None, choice.check, choice.warnings)
    card, scale = choice.model.card, np.array([_scale(choice, series)])
    found = next_value_intervals(
        card, np.array([choice.value]), scale, np.array([series.unit]), [choice.check], levels
    )[0]
    intervals, warnings = (None, [*choice.warnings, found]) if isinstance(found, str) else (found, choice.warnings)
    return Prediction(choice.value, choice.name, card.version, intervals, choice.check, warnings)


def forecasts(choice: Choice, values: Floats, units: Floats, levels: tuple[Level, ...]) -> list[Forecast]:
    """The ``values`` [answered, horizon] that follow the sequences of ``choice``; else as :func:`predictions`."""
    evidence = choice.evidence
    rows = zip(values, evidence.checks, evidence.warnings, evidence.scale.tolist(), units.tolist(), strict=True)
    return [_forecast(choice.model, choice.name, *row, levels) for row in rows]


def forecast(choice: ShortChoice, values: Floats, series: ShortSeries, levels: tuple[Level, ...]) -> Forecast:
    """The ``values`` [horizon] that follow one short series; else as :func:`predictions`."""
    scale = _scale(choice, series)
    return _forecast(choice.model, choice.name, values, choice.check, choice.warnings, scale, series.unit, levels)


def _scale(choice: ShortChoice, series: ShortSeries) -> float:
    if choice.check is None:
        return math.nan
    naive, magnitude = series.rule_mae[NAMES.index("naive")], max(map(abs, series.values))
    mae, unit, moves, largest = np.array([choice.check.mae, series.unit, naive, magnitude])
    return float(error_scale(mae, unit, moves, largest))


def _forecast(
    model: Model | None,
    name: str,
    values: Floats,
    check: Check | None,
    warnings: list[str],
    scale: float,
    unit: float,
    levels: tuple[Level, ...],
) -> Forecast:
    if model is None:
        return Forecast(values.tolist(), name, None, None, check, warnings)
    found, version = forecast_intervals(model.card, values, scale, unit, check, levels), model.card.version
    if isinstance(found, str):
        return Forecast(values.tolist(), name, version, None, check, [*warnings, found])
    known = calibrated_horizon(model.card)
    if found is not None and len(values) > known:
        beyond = f"The intervals were calibrated up to {known} steps ahead; beyond they are extrapolated."
        warnings = [*warnings, beyond]
    return Forecast(values.tolist(), name, version, found, check, warnings)
