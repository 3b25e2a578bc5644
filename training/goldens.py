"""Golden answers: what the Keras model, so read, says to sequences as a client would send them.

The service replays them when it starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.cards import GoldenCase
from service.inference.readings.reading import Reading
from service.inference.sequences import Sequence, batches
from training.answers import KerasSteps


def golden_cases(reading: Reading, model: Any, sequences: Iterable[Sequence]) -> list[GoldenCase]:
    """What the Keras model answers to each of ``sequences``."""
    return [GoldenCase(sequence=each, value=keras_answer(reading, model, each)) for each in sequences]


def keras_answer(reading: Reading, model: Any, sequence: Sequence) -> float:
    """The Keras model's answer to one client's sequence."""
    return float(reading.answer(KerasSteps(model), next(batches([sequence])))[0].item())
