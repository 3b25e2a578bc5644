"""Sequences of one kind in one padded table, and what all that read it share. Pure.

A row is padded with its own last value, which adds no difference and no overflow; nothing that reads a batch may
let a step past a row's length reach an answer. A gap holds the value before it: rules repeat that, and a model that
knows gaps asks where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.covariates import Beside
from service.inference import seasons
from service.inference.scaling import Scaled, causal
from service.inference.sequences import Kind


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
