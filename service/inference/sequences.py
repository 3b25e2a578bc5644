"""Posted sequences as padded float64 batches; refuses what no model or rule could answer. Pure.

A row is padded with its own last value, which adds no difference and no overflow; nothing that reads a batch may
let a step past a row's length reach an answer. A gap holds the value before it: rules repeat that, and a model that
knows gaps asks where they are. Gaps before the first value hold that one: nobody may be judged by what is said there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from service.covariates import Beside
from service.errors import InvalidInput, Problem
from service.inference import seasons
from service.inference.gaps import filled
from service.inference.scaling import Scaled, causal

Floats = NDArray[np.float64]
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

# Sums and differences of values up to this stay finite in float64.
LARGEST = 1e300
# Steps in one batch, padding included: bounds memory whatever is posted, and keeps what is computed in the cache.
BATCH_STEPS = 8192
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

    def listed(self) -> list[Sequence]:
        """The same as a list of sequences."""
        rows = zip(self.table.tolist(), self.lengths.tolist(), strict=True)
        if self.table.ndim == 2:
            return [row[:length] for row, length in rows]
        return [[(index, value) for index, value in row[:length]] for row, length in rows]


@dataclass(frozen=True)
class Batch:
    """Sequences of one kind, padded to one length.

    ``values`` float64 [sequences, timesteps], of a text the code points of its characters, a step each; ``indices`` the
    same shape for pairs, else None; ``lengths`` int32 [sequences]; ``rows`` the positions that the sequences were
    posted at; ``told`` the seasons that their sender knows of, none, one or two; ``seen`` bool [sequences, timesteps]
    where there is no gap, None where there is none at all; ``covariates`` what stands beside each, if anything does;
    ``kind`` what each sequence is a list of: an image is a row of numbers that a model takes for one.
    What is computed from the values lies in memory as ``steps`` do.
    """

    values: Floats
    indices: Floats | None
    lengths: NDArray[np.int32]
    rows: NDArray[np.intp]
    told: tuple[int, ...] = ()
    seen: NDArray[np.bool_] | None = None
    covariates: Beside | None = None
    kind: Kind = "values"

    @property
    def gapped(self) -> Floats:
        """``values`` with NaN at the gaps."""
        return self.values if self.seen is None else np.where(self.seen, self.values, np.nan)

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """The step of each sequence's first value [sequences]: before it nothing was known."""
        if self.seen is None:
            return np.zeros(len(self.lengths), np.int64)
        begins: NDArray[np.int64] = self.seen.argmax(axis=1)
        return begins

    @cached_property
    def steps(self) -> Floats:
        """The values step by step, [timesteps, sequences]: a step of all sequences lies together in memory."""
        return np.ascontiguousarray(self.values.T)

    def last(self, steps: Floats) -> Floats:
        """The entry at each sequence's last step; ``steps`` [..., n, sequences] are those of the last n timesteps."""
        left_out = self.values.shape[1] - steps.shape[-2]
        if self.length is not None:
            return steps[..., self.length - 1 - left_out, :]
        return steps[..., self.lengths - 1 - left_out, np.arange(len(self.lengths))]

    @cached_property
    def length(self) -> int | None:
        """The length of all rows; None where they differ."""
        found = set(self.lengths.tolist())
        return found.pop() if len(found) == 1 else None

    def take(self, rows: NDArray[np.intp] | slice) -> Batch:
        """The batch of some of its rows."""
        indices = None if self.indices is None else self.indices[rows]
        seen = None if self.seen is None or self.seen[rows].all() else self.seen[rows]
        beside = self.covariates
        if beside is not None:
            beside = beside.of(np.arange(len(self.lengths))[rows].tolist())
        own = self.values[rows], indices, self.lengths[rows], self.rows[rows]
        return Batch(*own, self.told, seen, beside, self.kind)

    @cached_property
    def scaled(self) -> Scaled:
        """The causal scaling of ``values``, shared by every model that reads this batch."""
        return causal(self.values)

    @cached_property
    def unit(self) -> Floats:
        """S, each sequence's mean absolute difference [sequences]; zero for one value or a constant."""
        return self.last(self.scaled.scale.T)

    @cached_property
    def seasons(self) -> NDArray[np.int64]:
        """The season that seasonal naive repeats [sequences], 1 where there is none.

        It is known before the later half, by which a rule is judged: the longer one told of which that holds two, or
        any one; none told, that which is found in it.
        """
        known = self.lengths - self.lengths // 2
        if not self.told:
            return self.season_within(known)
        chosen = np.full(len(known), min(self.told))
        for season in sorted(self.told):
            chosen[known >= 2 * season] = season
        return chosen

    def know_seasons(self, found: list[int | None]) -> None:
        """Take ``found`` for the seasons that :attr:`seasons` looks for; None where it is still to look."""
        if not self.told:
            known = self.lengths - self.lengths // 2
            missing = [row for row, season in enumerate(found) if season is None]
            its = np.array([season or 1 for season in found], np.int64)
            if missing:
                its[missing] = seasons.found(self.gapped[missing], known[missing])
            self._found[known.tobytes()] = its

    def season_within(self, known: NDArray[np.int32]) -> NDArray[np.int64]:
        """The season that is found in the first ``known`` [sequences] values of each, 1 where there is none."""
        key = known.tobytes()
        if key not in self._found:
            self._found[key] = seasons.found(self.gapped, known)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[bytes, NDArray[np.int64]]:
        return {}


def are_pairs(sequence: Sequence) -> bool:
    """Whether ``sequence`` is a list of [index, value] pairs rather than of numbers."""
    return isinstance(sequence[0], tuple)


def kind_of(sequence: Sequence) -> Kind:
    """What ``sequence`` is a list of."""
    if isinstance(sequence, str):
        return "text"
    return "pairs" if are_pairs(sequence) else "values"


def listed(sequences: list[Sequence] | Rows) -> list[Sequence]:
    """``sequences`` as a list, in whatever form they were posted."""
    return sequences.listed() if isinstance(sequences, Rows) else sequences


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
            yield _batch(table, lengths, rows, told, covariates, "values" if table.ndim == 2 else "pairs")
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
        yield _batch(_table(part, lengths), lengths, np.array(places, np.intp), told, covariates, kinds[0])


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


def _table(sequences: list[Sequence], lengths: NDArray[np.int64]) -> Floats:
    longest = int(lengths[-1])
    if lengths[0] == longest:
        if are_pairs(sequences[0]):  # NumPy takes ten times as long to find out about lists of tuples by itself
            numbers: Iterator[float] = chain.from_iterable(chain.from_iterable(cast("list[Pairs]", sequences)))
            return np.fromiter(numbers, np.float64, 2 * len(sequences) * longest).reshape(-1, longest, 2)
        try:
            numbers = chain.from_iterable(cast("list[Values]", sequences))
            return np.fromiter(numbers, np.float64, len(sequences) * longest).reshape(-1, longest)
        except TypeError:  # there are gaps, which cost nothing to look for where there are none
            return np.array(sequences, np.float64)
    table = np.empty((len(sequences), longest, 2) if are_pairs(sequences[0]) else (len(sequences), longest))
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
