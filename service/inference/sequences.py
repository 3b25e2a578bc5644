"""Posted sequences as padded float64 batches; refuses what no model or rule could answer. Pure.

A row is padded with its own last value, which adds no difference and no overflow; nothing that reads a batch may
let a step past a row's length reach an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.inference.scaling import Scaled, causal

Floats = NDArray[np.float64]
Values = list[float]
Pairs = list[tuple[float, float]]
Sequence = Values | Pairs

# Sums and differences of values up to this stay finite in float64.
LARGEST = 1e300
# Steps in one batch, padding included: bounds memory whatever is posted, and keeps what is computed in the cache.
BATCH_STEPS = 8192
# Up to here a few sequences are answered faster in plain Python than as a batch.
SHORT = 64


@dataclass(frozen=True)
class Batch:
    """Sequences of one kind, padded to one length.

    ``values`` float64 [sequences, timesteps]; ``indices`` the same shape for pairs, else None; ``lengths`` int32
    [sequences]; ``rows`` the positions that the sequences were posted at.
    """

    values: Floats
    indices: Floats | None
    lengths: NDArray[np.int32]
    rows: NDArray[np.intp]

    def last(self, steps: NDArray[np.float64]) -> Floats:
        """Of ``steps`` [..., sequences, timesteps], the entry at each row's last step."""
        if self._length is not None:
            return steps[..., self._length - 1]
        return steps[..., np.arange(len(self.lengths)), self.lengths - 1]

    @cached_property
    def _length(self) -> int | None:
        """The length of all rows; None where they differ."""
        found = set(self.lengths.tolist())
        return found.pop() if len(found) == 1 else None

    def take(self, rows: NDArray[np.intp]) -> Batch:
        """The batch of some of its rows."""
        indices = None if self.indices is None else self.indices[rows]
        return Batch(self.values[rows], indices, self.lengths[rows], self.rows[rows])

    @cached_property
    def scaled(self) -> Scaled:
        """The causal scaling of ``values``, shared by every model that reads this batch."""
        return causal(self.values)

    @cached_property
    def unit(self) -> Floats:
        """S, each sequence's mean absolute difference [sequences]; zero for one value or a constant."""
        return self.last(self.scaled.scale)


def are_pairs(sequence: Sequence) -> bool:
    """Whether ``sequence`` is a list of [index, value] pairs rather than of numbers."""
    return isinstance(sequence[0], tuple)


def kind_of_short(sequence: Sequence) -> Literal["values", "pairs"] | None:
    """The kind of a sequence of at most 64 steps; None for a longer one."""
    if len(sequence) > SHORT:
        return None
    return "pairs" if are_pairs(sequence) else "values"


def batches(sequences: list[Sequence]) -> Iterator[Batch]:
    """``sequences`` of one kind as batches of similar lengths, each at most 8,192 steps or one sequence.

    Raises:
        InvalidInput: numbers and pairs are mixed, or a value's magnitude is above 1e300.
    """
    pairs = are_pairs(sequences[0])
    for position, sequence in enumerate(sequences):
        if are_pairs(sequence) is not pairs:
            raise InvalidInput(
                "all sequences of one request must be of one kind: numbers, or [index, value] pairs",
                code="mixed_sequences",
                problems=(Problem(f"sequences.{position}", "the same kind as sequences.0"),),
            )
    if len(sequences) == 1:
        yield _padded(sequences, np.zeros(1, np.intp), pairs)
        return
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    # Equal lengths keep their order, so that most requests are one slice.
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * lengths[order[stop]] <= BATCH_STEPS:
            stop += 1
        rows = order[start:stop]
        yield _padded([sequences[row] for row in rows], rows, pairs)
        start = stop


def _padded(sequences: list[Sequence], rows: NDArray[np.intp], pairs: bool) -> Batch:
    lengths = np.fromiter(map(len, sequences), np.int32, len(sequences))
    longest = int(lengths[-1])
    if lengths[0] == longest:
        table = np.array(sequences, np.float64)
    else:
        table = np.empty((len(sequences), longest, 2) if pairs else (len(sequences), longest))
        for row, sequence in enumerate(sequences):
            table[row, : len(sequence)] = sequence
            table[row, len(sequence) :] = sequence[-1]
    values, indices = (table[:, :, 1], table[:, :, 0]) if pairs else (table, None)
    if np.abs(values).max() > LARGEST:
        raise too_large(int(rows[np.abs(values).max(axis=1).argmax()]))
    return Batch(values, indices, lengths, rows)


def too_large(position: int) -> InvalidInput:
    """The refusal of the sequence posted at ``position``."""
    return InvalidInput(
        "a value is too large to compute with",
        code="out_of_range",
        problems=(Problem(f"sequences.{position}", "magnitudes of at most 1e300"),),
    )
