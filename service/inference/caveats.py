"""What a user should know before trusting an answer, in plain words. Pure."""

from __future__ import annotations

from service.cards import ModelCard
from service.inference.check import Check


def caveats(card: ModelCard, length: int, check: Check | None, *, lagging: bool, outside: bool) -> list[str]:
    """Warnings on one answer of the model with ``card``.

    ``length`` is the sequence's number of steps; ``lagging`` says that the model merely repeats the value before,
    ``outside`` that a value is outside the range that the model was trained on.
    """
    found = []
    if check is not None and check.verdict == "loses":
        found.append(_loses(card.name, check))
    if card.beaten_by is not None:
        found.append(
            f"{card.name} did worse than the rule {card.beaten_by} on the last values of its own series, "
            "which it was judged on."
        )
    if (said := length_caveat(card, length)) is not None:
        found.append(said)
    if outside and card.values is not None:
        low, high = card.values
        found.append(
            f"{card.name} was trained on values from {low:g} to {high:g}; this sequence has values outside that range."
        )
    if lagging:
        found.append(f"{card.name} hardly moves from the last value on this sequence (a lag copy).")
    return found


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


def length_caveat(card: ModelCard, length: int) -> str | None:
    """The warning on a sequence of ``length`` steps; None where the model was trained for it."""
    if card.window is not None:
        unread = length - card.window
        if unread <= 0:
            return None
        return f"{card.name} reads the last {card.window} values; the {unread} before them were not used."
    shortest, longest = card.lengths.trained
    if shortest <= length <= longest:
        return None
    trained = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    return f"{card.name} was trained on lengths of {trained} steps; this one has {length}."
