"""What a user should know before trusting an answer, in plain words. Pure."""

from __future__ import annotations

from service.cards import ModelCard
from service.inference.check import Check
from service.inference.readings.reading import Reading
from service.inference.rolling import HorizonCheck


def caveats(
    reading: Reading,
    card: ModelCard,
    on_length: str | None,
    check: Check | HorizonCheck | None,
    *,
    lagging: bool,
    outside: bool,
) -> list[str]:
    """Warnings on one answer of the model with ``card``.

    ``on_length`` is what is to be said of the sequence's length, if anything; ``lagging`` says that the model merely
    repeats the value before, ``outside`` that a value is outside the range that the model was trained on.
    """
    found = []
    if check is not None and check.verdict == "loses":
        found.append(reading.loss_caveat(card.name, check))
    if card.beaten_by is not None:
        found.append(
            f"{card.name} did worse than the rule {card.beaten_by} on the last values of its own series, "
            "which it was judged on."
        )
    if on_length is not None:
        found.append(on_length)
    if outside:
        found.append(reading.range_caveat(card.name))
    if lagging:
        found.append(f"{card.name} hardly moves from the last value on this sequence (a lag copy).")
    return found
