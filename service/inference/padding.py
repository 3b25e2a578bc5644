"""From posted sequences to batches of similar lengths, padded; refuses what no model or rule could answer. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from typing import cast

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.covariates import Beside
from service.errors import InvalidInput, Problem
from service.inference.batch import Batch
from service.inference.gaps import filled
from service.inference.sequences import Kind, Pairs, Rows, Sequence, Values, kind_of

# Sums and differences of values up to this stay finite in float64.
LARGEST = 1e300
# Steps in one batch, padding included: bounds memory whatever is posted, and keeps what is computed in the cache.
BATCH_STEPS = 8192


def batches(
    sequences: list[Sequence] | Rows, told: tuple[int, ...] = (), covariates: Beside | None = None
) -> Iterator[Batch]:
    """``sequences`` of one kind as batches of similar lengths, each at most 8,192 steps or one sequence.

    ``told`` are the seasons that they are said to have, ``covariates`` what stands beside each, where anything does.

    Raises:
        InvalidInput: numbers and pairs are mixed, a value's magnitude is above 1e300, or a sequence is gaps alone.
    """
    if isinstance(sequences, Rows):
        for places in shared_out(sequences.lengths.tolist()):
            rows = np.array(places, np.intp)
            table, lengths = _padded(sequences.table[rows], sequences.lengths[rows]), sequences.lengths[rows]
            yield _batch(table, lengths, rows, told, covariates, sequences.kind)
        return
    kinds = list(map(kind_of, sequences))
    if len(set(kinds)) > 1:
        other = next(place for place, kind in enumerate(kinds) if kind != kinds[0])
        raise InvalidInput(
            "all sequences of one request must be of one kind: numbers, or [index, value] pairs",
            code="mixed_sequences",
            problems=(Problem(f"sequences.{other}", "the same kind as sequences.0"),),
        )
    if kinds[0] == "text":
        sequences = [list(map(float, map(ord, each))) for each in cast("list[str]", sequences)]
    for places in shared_out(list(map(len, sequences))):
        part = [sequences[place] for place in places]
        lengths = np.fromiter(map(len, part), np.int64, len(part))
        yield _batch(_table(part, lengths, kinds[0]), lengths, np.array(places, np.intp), told, covariates, kinds[0])


def shared_out(lengths: list[int]) -> Iterator[list[int]]:
    """The places of ``lengths``, shortest first and equal ones in their order, as many to a batch as it may hold."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)

    def end_of(start: int) -> int:
        def steps(last: int) -> int:
            return (last + 1 - start) * lengths[order[last]]

        return bisect_right(range(len(order)), BATCH_STEPS, lo=start + 1, key=steps)

    start = 0
    while start < len(order):
        stop = end_of(start)
        yield order[start:stop]
        start = stop


def _table(sequences: list[Sequence], lengths: NDArray[np.int64], kind: Kind) -> Floats:
    longest = int(lengths[-1])
    if lengths[0] == longest:
        if kind == "pairs":  # NumPy takes ten times as long to find out about lists of tuples by itself
            numbers: Iterator[float] = chain.from_iterable(chain.from_iterable(cast("list[Pairs]", sequences)))
            return np.fromiter(numbers, np.float64, 2 * len(sequences) * longest).reshape(-1, longest, 2)
        try:
            numbers = chain.from_iterable(cast("list[Values]", sequences))
            return np.fromiter(numbers, np.float64, len(sequences) * longest).reshape(-1, longest)
        except TypeError:  # there are gaps, which cost nothing to look for where there are none
            return np.array(sequences, np.float64)
    table = np.empty((len(sequences), longest, 2) if kind == "pairs" else (len(sequences), longest))
    for row, sequence in enumerate(sequences):
        table[row, : len(sequence)] = sequence
        table[row, len(sequence) :] = sequence[-1]
    return table


def _padded(table: Floats, lengths: NDArray[np.signedinteger]) -> Floats:
    """``table`` up to the longest of its rows, each padded with its own last entry."""
    longest = int(lengths[-1])
    table = table[:, :longest]
    if lengths[0] == longest:
        return table
    steps = np.minimum(np.arange(longest), lengths[:, None] - 1)
    padded: Floats = table[np.arange(len(table))[:, None], steps]
    return padded


def _batch(
    table: Floats,
    lengths: NDArray[np.signedinteger],
    rows: NDArray[np.intp],
    told: tuple[int, ...],
    covariates: Beside | None,
    kind: Kind,
) -> Batch:
    values, indices = (table[:, :, 1], table[:, :, 0]) if kind == "pairs" else (table, None)
    largest = np.abs(values).max()
    seen: NDArray[np.bool_] | None = None
    if np.isnan(largest):
        inside = np.arange(values.shape[1]) < lengths[:, None]
        _require_values(rows, np.logical_or.reduce(~np.isnan(values) & inside, axis=1))
        values, seen = filled(values)
        largest = np.abs(values).max()
    values = np.asfortranarray(values)
    if largest > LARGEST:
        raise too_large(int(rows[np.abs(values).max(axis=1).argmax()]))
    beside = None if covariates is None else covariates.of(rows.tolist())
    return Batch(values, indices, lengths.astype(np.int32), rows, told, seen, beside, kind)


def _require_values(rows: NDArray[np.intp], found: NDArray[np.bool_]) -> None:
    """Refuse sequences at ``rows`` of which no value was ``found``."""
    if not found.all():
        expected = "at least one value that is no gap"
        problems = tuple(Problem(f"sequences.{place}", expected) for place in rows[~found][:10].tolist())
        raise InvalidInput(f"expected {expected}", code="only_gaps", problems=problems)


def too_large(position: int) -> InvalidInput:
    """The refusal of the sequence posted at ``position``."""
    return InvalidInput(
        "a value is too large to compute with",
        code="out_of_range",
        problems=(Problem(f"sequences.{position}", "magnitudes of at most 1e300"),),
    )
