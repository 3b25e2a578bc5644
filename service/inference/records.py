"""From who answers, with what evidence, to a record for each sequence. Pure."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from service.cards import Level
from service.inference.answers import Forecast, Prediction
from service.inference.check import Check
from service.inference.choice import Choice
from service.inference.intervals import calibrated_horizon, forecast_intervals, next_value_intervals
from service.inference.model import Model

Floats = NDArray[np.float64]


def predictions(choice: Choice, units: Floats, levels: tuple[Level, ...]) -> list[Prediction]:
    """The next values that ``choice`` answers, with intervals of these ``levels``; ``units`` [answered] are S."""
    model = choice.model
    values, names = choice.answers.tolist(), repeat(choice.name)
    if model is None:
        return list(map(Prediction, values, names, repeat(None), repeat(None), choice.checks, choice.warnings))
    found = next_value_intervals(model.card, choice.answers, choice.scale, units, choice.checks, levels)
    intervals = [None if isinstance(each, str) else each for each in found]
    warnings = [
        [*said, each] if isinstance(each, str) else said for said, each in zip(choice.warnings, found, strict=True)
    ]
    versions = repeat(model.card.version)
    return list(map(Prediction, values, names, versions, intervals, choice.checks, warnings))


def forecasts(choice: Choice, values: Floats, units: Floats, levels: tuple[Level, ...]) -> list[Forecast]:
    """The ``values`` [answered, horizon] that follow the sequences of ``choice``; else as :func:`predictions`."""
    rows = zip(values, choice.checks, choice.warnings, choice.scale.tolist(), units.tolist(), strict=True)
    return [_forecast(choice.model, choice.name, *row, levels) for row in rows]


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
