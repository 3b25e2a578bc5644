"""What a user should know before trusting an answer, in plain words. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.cards import ModelCard
from service.inference.check import Check, Span, mean_absolute_error
from service.inference.sequences import Batch

Floats = NDArray[np.float64]

# A model whose answers move less than this share of S away from the last value copies it.
_LAG_COPY = 0.1


def caveats(card: ModelCard, batch: Batch, checks: list[Check | None], lagging: NDArray[np.bool_]) -> list[list[str]]:
    """Warnings per sequence on the answers of the model with ``card``."""
    found: list[list[str]] = [[] for _ in checks]
    for warnings, check in zip(found, checks, strict=True):
        if check is not None and check.verdict == "loses":
            warnings.append(_loses(card.name, check))
    _lengths(card, batch, found)
    if card.values is not None:
        low, high = card.values
        outside = ((batch.values < low) | (batch.values > high)).any(axis=1)
        for row in np.flatnonzero(outside).tolist():
            found[row].append(
                f"{card.name} was trained on values from {low:g} to {high:g}; "
                "this sequence has values outside that range."
            )
    for row in np.flatnonzero(lagging).tolist():
        found[row].append(f"{card.name} hardly moves from the last value on this sequence (a lag copy).")
    return found


def lag_copies(batch: Batch, chosen: Span, predictions: Floats) -> NDArray[np.bool_]:
    """Rows whose one-step-ahead answers merely repeat the value before, over the checked steps."""
    moves = np.where(chosen.mask, np.abs(predictions[:, :-1] - batch.values[:, :-1]), 0.0)
    copies: NDArray[np.bool_] = mean_absolute_error(chosen, moves) < _LAG_COPY * batch.unit
    return copies & (chosen.steps > 0)


def _loses(name: str, check: Check) -> str:
    if check.rule == "index_blind_mean":
        return (
            f"{name} does worse here than the plain mean of all values: "
            f"its error is {check.mae:.3g}, the mean's {check.rule_mae:.3g}."
        )
    steps = "the last step" if check.steps == 1 else f"the last {check.steps} steps"
    return (
        f"{name} does worse than the rule {check.rule} on this sequence: "
        f"mean absolute error {check.mae:.3g} against {check.rule_mae:.3g} over {steps}."
    )


def _lengths(card: ModelCard, batch: Batch, found: list[list[str]]) -> None:
    if card.window is not None:
        for row in np.flatnonzero(batch.lengths > card.window).tolist():
            found[row].append(
                f"{card.name} reads the last {card.window} values; the {int(batch.lengths[row]) - card.window} "
                "before them were not used."
            )
        return
    shortest, longest = card.lengths.trained
    for row in np.flatnonzero((batch.lengths < shortest) | (batch.lengths > longest)).tolist():
        trained = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        found[row].append(f"{card.name} was trained on lengths of {trained} steps; this one has {batch.lengths[row]}.")
