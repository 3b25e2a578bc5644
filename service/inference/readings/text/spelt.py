"""A text that is read symbol by symbol, whatever is made of it: what readings of texts share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from service.inference.batch import Batch
from service.inference.readings.reading import Reading
from service.inference.readings.text.alphabet import UNKNOWN, Alphabet, apart, in_words, numbers
from service.inference.readings.told import Refusal
from service.inference.sequences import Kind, Sequence


class Spelt(Reading):
    """Texts of the symbols in ``alphabet``, which the network reads by their number, the place there."""

    alphabet: Alphabet
    input: ClassVar[Kind] = "text"
    forecasts: ClassVar[bool] = False
    either_runtime: ClassVar[bool] = False

    @property
    def width(self) -> int:
        """Numbers that the network reads at each step."""
        return len(self.alphabet)

    def counted(self, batch: Batch) -> NDArray[np.int32]:
        return np.array([len(self._numbers(batch, row)) for row in range(len(batch.lengths))], np.int32)

    def taken_apart(self, sequence: Sequence) -> list[str]:
        return apart(self.alphabet, str(sequence))

    def refusals(self, batch: Batch) -> Iterator[Refusal]:
        read = [self._numbers(batch, row) for row in range(len(batch.lengths))]
        bad = np.array([UNKNOWN in each for each in read])
        expected = in_words(self.alphabet)
        if bad.any():
            row = int(bad.argmax())
            place = read[row].index(UNKNOWN)
            symbol = apart(self.alphabet, text_of(batch, row))[place]
            code = f", U+{ord(symbol):04X}," if len(symbol) == 1 else ""
            expected = f"{expected}; the one at place {place + 1}{code} is none of them"
        yield Refusal(bad, "not_in_alphabet", expected)

    def seen(self, batch: Batch) -> NDArray[Any]:
        read = [self._numbers(batch, row) for row in range(len(batch.lengths))]
        seen = np.zeros((len(read), max(map(len, read)), len(self.alphabet)), np.float32)
        for row, symbols in enumerate(read):
            seen[row, np.arange(len(symbols)), symbols] = 1.0
        return seen

    def _numbers(self, batch: Batch, row: int) -> list[int]:
        return numbers(self.alphabet, apart(self.alphabet, text_of(batch, row)))


def text_of(batch: Batch, row: int) -> str:
    """The text in ``row`` of a batch of texts."""
    return "".join(map(chr, batch.values[row, : batch.lengths[row]].astype(int).tolist()))
