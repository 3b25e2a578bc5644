"""What is posted: sequences of numbers, of pairs, or texts, in a list or in one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats

# None, as JSON has it, or NaN where no value is known; of so many lists so few have one that the type is silent of it.
Values = list[float]
Pairs = list[tuple[float, float]]
Sequence = Values | Pairs | str
Kind = Literal["values", "pairs", "text", "image"]
IN_WORDS: Mapping[Kind, str] = {
    "values": "a list of numbers",
    "pairs": "[index, value] pairs",
    "text": "a text",
    "image": "an image of 8x8 numbers, to write about",
}

# Sequences of up to so many steps gain from being answered together with others.
SHORT = 64


@dataclass(frozen=True, slots=True)
class Rows:
    """Many sequences of one kind in one padded table, as protocols of tensors post them.

    ``table`` float64 [sequences, timesteps], or of pairs [sequences, timesteps, 2]; ``lengths`` [sequences].
    """

    table: Floats
    lengths: NDArray[np.signedinteger]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def kind(self) -> Kind:
        """What each of them is a list of."""
        return "values" if self.table.ndim == 2 else "pairs"

    def listed(self) -> list[Sequence]:
        """The same as a list of sequences."""
        rows = zip(self.table.tolist(), self.lengths.tolist(), strict=True)
        if self.table.ndim == 2:
            return [row[:length] for row, length in rows]
        return [[(index, value) for index, value in row[:length]] for row, length in rows]


def kind_of(sequence: Sequence) -> Kind:
    """What ``sequence`` is a list of."""
    if isinstance(sequence, str):
        return "text"
    return "pairs" if isinstance(sequence[0], tuple) else "values"


def listed(sequences: list[Sequence] | Rows) -> list[Sequence]:
    """``sequences`` as a list, in whatever form they were posted."""
    return sequences.listed() if isinstance(sequences, Rows) else sequences
