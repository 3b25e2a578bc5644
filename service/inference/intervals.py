"""Prediction intervals from a card's split-conformal quantiles and the check's own error scale. Pure.

Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005 (split conformal prediction). The score is
abs(error) / (check mae + 1e-3 S), so an interval is as wide as the model has been wrong on this very sequence.
"""

from __future__ import annotations

import math
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from service.cards import Intervals, Level, ModelCard
from service.inference.answers import Band
from service.inference.check import TIE, Check

Floats = NDArray[np.float64]


def next_value_quantiles(card: ModelCard, levels: tuple[Level, ...]) -> list[tuple[str, float]] | None:
    """Level and half-width of the next value's intervals, in units of the error scale; None without calibration."""
    if card.intervals is None:
        return None
    return [(level, card.intervals.quantiles[level][0]) for level in levels]


def next_value_intervals(
    quantiles: list[tuple[str, float]] | None, value: float, check: Check | None, unit: float
) -> dict[str, tuple[float, float]] | None:
    """Bounds per level around ``value``; None without calibration or where nothing could be checked.

    ``unit`` is S, the sequence's mean absolute difference; ``quantiles`` are those of :func:`next_value_quantiles`.
    """
    if quantiles is None or check is None:
        return None
    scale = check.mae + TIE * unit
    return {level: (value - half * scale, value + half * scale) for level, half in quantiles}


def all_next_value_intervals(
    quantiles: list[tuple[str, float]], values: Floats, mae: Floats, units: Floats
) -> list[dict[str, tuple[float, float]]]:
    """What :func:`next_value_intervals` gives for each of ``values`` [sequences], whose checks have these ``mae``."""
    if not quantiles:
        return [{} for _ in values]
    scales = mae + TIE * units
    columns = []
    for level, half in quantiles:
        lower, upper = values - half * scales, values + half * scales
        columns.append(zip(repeat(level), zip(lower.tolist(), upper.tolist(), strict=True)))
    return list(map(dict, zip(*columns, strict=True)))


def forecast_intervals(
    card: ModelCard, values: Floats, check: Check | None, unit: float, levels: tuple[Level, ...]
) -> dict[str, Band] | None:
    """A band per level around the forecast ``values`` [horizon]; see :func:`next_value_intervals`."""
    if card.intervals is None or check is None:
        return None
    scale = check.mae + TIE * unit
    bands = {}
    for level in levels:
        widths = half_widths(card.intervals, level, len(values)) * scale
        bands[str(level)] = Band((values - widths).tolist(), (values + widths).tolist())
    return bands


def calibrated_horizon(card: ModelCard) -> int:
    """Steps ahead that the card's intervals were calibrated for; zero without any."""
    return 0 if card.intervals is None else min(map(len, card.intervals.quantiles.values()))


def half_widths(intervals: Intervals, level: Level, horizon: int) -> Floats:
    """Half-widths [horizon] in units of the error scale; past the calibrated steps they grow on as a power law.

    The exponent is what the second half of the calibrated steps shows, and never below that of a random walk.
    """
    quantiles = np.array(intervals.quantiles[level])
    known = len(quantiles)
    if horizon <= known:
        return quantiles[:horizon]
    half = quantiles[known // 2 - 1]
    shown = math.log(quantiles[-1] / half) / math.log(known / (known // 2)) if known > 1 and half > 0.0 else 0.5
    ahead = np.arange(known + 1.0, horizon + 1.0) / known
    return np.concatenate((quantiles, quantiles[-1] * ahead ** max(0.5, shown)))
