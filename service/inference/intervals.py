"""Prediction intervals from a card's split-conformal quantiles and the sequence's own error scale. Pure.

Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005 (split conformal prediction). The score is
abs(error) / (check mae + 1e-3 S), so an interval is as wide as the model has been wrong on this very sequence. Where
that says nothing there is no interval, but the reason.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from service.cards import WIDEST, Intervals, Level, ModelCard
from service.inference.answers import Band
from service.inference.check import TIE, Check
from service.inference.scaling import unit_of

Floats = NDArray[np.float64]
Bounds = dict[str, tuple[float, float]]
Bands = dict[str, Band]
Reason = str

UNCHECKED = "There are no intervals: this sequence is too short to check a model on."
STILL = (
    "There are no intervals: the later half of this sequence stands still, or moves by rounding only, so nothing says "
    "how wide they must be."
)
TOO_WIDE = (
    f"There are no intervals: they would reach more than {WIDEST:g} times as far as this sequence moves at a step, "
    "which says nothing."
)
# The fastest that extrapolated intervals grow, as a power of the steps ahead: as the error of a trend that bends.
_FASTEST = 2.0


def error_scale(mae: Floats, unit: Floats, moves: Floats, magnitude: Floats) -> Floats:
    """What half-widths are measured in: the check's ``mae`` + 1e-3 S; NaN where the checked steps stand still.

    A model is not wrong there, nor would be any other, and the next move may be of any size. ``unit`` is S, the mean
    absolute difference; ``moves`` that of the checked steps; ``magnitude`` the largest of the values. One shape.
    """
    scale: Floats = np.where(np.isnan(unit_of(moves, magnitude)), np.nan, mae + TIE * unit)
    return scale


def given(widest: float, scale: Floats, unit: Floats) -> NDArray[np.bool_]:
    """Where there are intervals: the ``scale`` is known, and the ``widest`` half-width within 1,000 S of the answer."""
    sound: NDArray[np.bool_] = widest * scale <= WIDEST * unit
    return sound


def next_value_intervals(
    card: ModelCard,
    values: Floats,
    scale: Floats,
    unit: Floats,
    checks: list[Check | None],
    levels: tuple[Level, ...],
) -> list[Bounds | Reason | None]:
    """For each of ``values`` [sequences] the bounds per level, or why there are none.

    None for a model that has no intervals by its nature, and where no ``levels`` are asked for. ``scale`` is that of
    :func:`error_scale`, ``unit`` S, and ``checks`` are the model's.
    """
    if card.intervals is None or not levels:
        return [_not_calibrated(card, levels)] * len(values)
    widths = np.multiply.outer([card.intervals.quantiles[level][0] for level in levels], scale)
    # [levels, sequences, 2]
    bounds = zip((values - widths).tolist(), (values + widths).tolist(), strict=True)
    columns = [zip(lower, upper, strict=True) for lower, upper in bounds]
    found: list[Bounds | Reason | None] = [dict(zip(levels, each, strict=True)) for each in zip(*columns, strict=True)]
    sound = given(card.intervals.widest, scale, unit).tolist()
    for row, is_sound in enumerate(sound):
        if not is_sound:
            found[row] = _reason(scale[row], checks[row])
    return found


def forecast_intervals(
    card: ModelCard, values: Floats, scale: float, unit: float, check: Check | None, levels: tuple[Level, ...]
) -> Bands | Reason | None:
    """A band per level around the forecast ``values`` [horizon]; else as :func:`next_value_intervals`."""
    if card.intervals is None or not levels:
        return _not_calibrated(card, levels)
    if not given(card.intervals.widest, np.array(scale), np.array(unit)):
        return _reason(scale, check)
    bands: Bands = {}
    for level in levels:
        widths = half_widths(card.intervals, level, len(values)) * scale
        bands[level] = Band((values - widths).tolist(), (values + widths).tolist())
    return bands


def _not_calibrated(card: ModelCard, levels: tuple[Level, ...]) -> Reason | None:
    if card.no_intervals is None or not levels:
        return None
    return f"{card.name} has no intervals: {card.no_intervals}."


def _reason(scale: float, check: Check | None) -> Reason:
    if check is None:
        return UNCHECKED
    return STILL if math.isnan(scale) else TOO_WIDE


def calibrated_horizon(card: ModelCard) -> int:
    """Steps ahead that the card's intervals were calibrated for; zero without any."""
    return 0 if card.intervals is None else min(map(len, card.intervals.quantiles.values()))


def half_widths(intervals: Intervals, level: Level, horizon: int) -> Floats:
    """Half-widths [horizon] in units of the error scale; past the calibrated steps they grow on as a power law.

    The exponent is what the second half of the calibrated steps shows, between that of a random walk and two.
    """
    quantiles = np.array(intervals.quantiles[level])
    known = len(quantiles)
    if horizon <= known:
        return quantiles[:horizon]
    before, last = float(quantiles[known // 2 - 1]), float(quantiles[-1])
    shown = math.log(last / before) / math.log(known / (known // 2)) if known > 1 and before > 0.0 < last else 0.5
    ahead = np.arange(known + 1.0, horizon + 1.0) / known
    return np.concatenate((quantiles, last * ahead ** min(max(0.5, shown), _FASTEST)))
