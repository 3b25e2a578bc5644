"""What a user should know before trusting an answer, in plain words. Pure."""

from __future__ import annotations

from service.cards import ModelCard
from service.inference.check import Check
from service.inference.readings.reading import Reading
from service.inference.rolling import HorizonCheck


def caveats(
    reading: Reading,
    card: ModelCard,
    length: int,
    check: Check | HorizonCheck | None,
    *,
    lagging: bool,
    outside: bool,
) -> list[str]:
    """Warnings on one answer of the model with ``card``.

    ``length`` is the sequence's number of steps; ``lagging`` says that the model merely repeats the value before,
    ``outside`` that a value is outside the range that the model was trained on.
    """
    found = []
    if check is not None and check.verdict == "loses":
        found.append(reading.loss_caveat(card.name, check))
    if card.beaten_by is not None:
        found.append(
            f"{card.name} did worse than the rule {card.beaten_by} on the last values of its own series, "
            "which it was judged on."
        )
    if (said := reading.length_caveat(card.name, card.lengths.trained, length)) is not None:
        found.append(said)
    if outside:
        found.append(reading.range_caveat(card.name))
    if lagging:
        found.append(f"{card.name} hardly moves from the last value on this sequence (a lag copy).")
    return found
