"""Prediction intervals from a card's split-conformal quantiles and the check's own error scale. Pure.

Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005 (split conformal prediction). The score is
abs(error) / (check mae + 1e-3 S), so an interval is as wide as the model has been wrong on this very sequence.
"""

from __future__ import annotations

from service.cards import ModelCard
from service.inference.check import TIE, Check


def next_value_intervals(
    card: ModelCard, value: float, check: Check | None, unit: float, levels: tuple[int, ...]
) -> dict[str, tuple[float, float]] | None:
    """Bounds per level around ``value``; None without calibration or where nothing could be checked.

    ``unit`` is S, the sequence's mean absolute difference; ``levels`` are in percent.
    """
    if card.intervals is None or check is None:
        return None
    scale = check.mae + TIE * unit
    widths = {str(level): card.intervals.quantiles[str(level)][0] * scale for level in levels}  # type: ignore[index]
    return {level: (value - width, value + width) for level, width in widths.items()}
