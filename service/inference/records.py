"""From who answers, with what evidence, to a record for each sequence. Pure."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from service.cards import Level
from service.inference.answers import Forecast, Prediction
from service.inference.check import Check
from service.inference.choice import Choice
from service.inference.intervals import (
    all_next_value_intervals,
    calibrated_horizon,
    forecast_intervals,
    next_value_intervals,
    next_value_quantiles,
)
from service.inference.model import Model
from service.inference.short_choice import ShortChoice

Floats = NDArray[np.float64]


def predictions(choice: Choice, units: Floats, levels: tuple[Level, ...]) -> list[Prediction]:
    """The next values that ``choice`` answers, with intervals of these ``levels``; ``units`` [answered] are S."""
    evidence, model = choice.evidence, choice.model
    quantiles = None if model is None else next_value_quantiles(model.card, levels)
    intervals: list[dict[str, tuple[float, float]] | None] = [None] * len(units)
    if quantiles is not None:
        known = all_next_value_intervals(quantiles, evidence.answers, evidence.mae, units)
        intervals = [None if check is None else each for check, each in zip(evidence.checks, known, strict=True)]
    version = None if model is None else model.card.version
    values, names, versions = evidence.answers.tolist(), repeat(choice.name), repeat(version)
    return list(map(Prediction, values, names, versions, intervals, evidence.checks, evidence.warnings))


def prediction(choice: ShortChoice, unit: float, levels: tuple[Level, ...]) -> Prediction:
    """The next value of one short series; the rest as in :func:`predictions`."""
    card = None if choice.model is None else choice.model.card
    quantiles = None if card is None else next_value_quantiles(card, levels)
    intervals = next_value_intervals(quantiles, choice.value, choice.check, unit)
    version = None if card is None else card.version
    return Prediction(choice.value, choice.name, version, intervals, choice.check, choice.warnings)


def forecasts(choice: Choice, values: Floats, units: Floats, levels: tuple[Level, ...]) -> list[Forecast]:
    """The ``values`` [answered, horizon] that follow the sequences of ``choice``; else as :func:`predictions`."""
    rows = zip(values, choice.evidence.checks, choice.evidence.warnings, units.tolist(), strict=True)
    return [_forecast(choice.model, choice.name, *row, levels) for row in rows]


def forecast(choice: ShortChoice, values: Floats, unit: float, levels: tuple[Level, ...]) -> Forecast:
    """The ``values`` [horizon] that follow one short series; else as :func:`predictions`."""
    return _forecast(choice.model, choice.name, values, choice.check, choice.warnings, unit, levels)


def _forecast(
    model: Model | None,
    name: str,
    values: Floats,
    check: Check | None,
    warnings: list[str],
    unit: float,
    levels: tuple[Level, ...],
) -> Forecast:
    if model is None:
        return Forecast(values.tolist(), name, None, None, check, warnings)
    intervals = forecast_intervals(model.card, values, check, unit, levels)
    known = calibrated_horizon(model.card)
    if intervals is not None and len(values) > known:
        warnings = [
            *warnings,
            f"The intervals were calibrated up to {known} steps ahead; beyond they are extrapolated.",
        ]
    return Forecast(values.tolist(), name, model.card.version, intervals, check, warnings)
