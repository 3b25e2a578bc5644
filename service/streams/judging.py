"""How a value that arrived compares with what had been foretold, whether it is odd, and whether errors drift. Pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from service.inference.adaptive import KEPT, AdaptiveThreshold, DriftMartingale
from service.streams.definition import Definition

LARGEST_SCORE = 1e9
# Errors are compared at this rate where nobody wants flags, so that drift can be told.
_RATE = 0.01
_HEAD = struct.Struct("<I")


class Foretold(NamedTuple):
    """The next value as it was foretold, and its ``intervals`` by their levels, the widest last; None without any."""

    value: float
    intervals: dict[str, tuple[float, float]] | None

    @classmethod
    def of(cls, prediction: Mapping[str, Any] | None) -> Self | None:
        """From an answer that is on record."""
        return None if prediction is None else cls(prediction["value"], prediction["intervals"])

    def score(self, came: float, context: NDArray[np.float64]) -> float | None:
        """How far off what ``came`` is, in units of the widest interval on its side.

        Where there are no intervals the unit is the mean absolute difference of the ``context``, NaN at its gaps; None
        where that is one value, which has none.
        """
        off = abs(came - self.value)
        if self.intervals is None:
            known = context[~np.isnan(context)]
            if len(known) < 2:
                return None
            width = float(np.abs(np.diff(known)).mean())
        else:
            lower, upper = next(reversed(self.intervals.values()))
            width = self.value - lower if came < self.value else upper - self.value
        if off == 0.0:
            return 0.0
        return min(off / width, LARGEST_SCORE) if width > 0.0 else LARGEST_SCORE

    def inside(self, came: float) -> dict[str, bool] | None:
        """Whether what ``came`` lies within the interval of each level."""
        if self.intervals is None:
            return None
        return {level: lower <= came <= upper for level, (lower, upper) in self.intervals.items()}


@dataclass  # not frozen: that doubles the time to make one, and there is one for every value
class Arrived:
    """How a value compares with what had been foretold of it.

    ``error`` is what was foretold less what came; ``inside`` says by level whether it lies within the interval, null
    where there were none. ``p`` is the share of the last 1,000 errors that were as large; ``flag`` is true where the
    value is odd, at the rate that the stream asks for; null where it asks for none.
    """

    error: float
    inside: dict[str, bool] | None
    flag: bool | None
    p: float | None


@dataclass  # as above
class Drift:
    """``evidence`` that errors are not what they were: where nothing changes it passes 1 / `drift` with a chance of
    `drift` at most, ever; ``above`` says whether it has now. An indication, since errors that depend on each other
    break the premise.
    """

    evidence: float
    above: bool


class Judge:
    """What is learnt of one stream's errors: it follows from its scores alone, to the bit."""

    MOST_BYTES = 2 * 8 * KEPT  # the scores, as they came and in their order

    def __init__(self, definition: Definition, learnt: bytes | None = None) -> None:
        """``learnt`` is what :meth:`pack` gave."""
        self._flags, self._drifts = definition.flag_rate is not None, definition.drift is not None
        self._threshold = AdaptiveThreshold(definition.flag_rate or _RATE)
        self._martingale = DriftMartingale(definition.drift or _RATE)
        if learnt is not None:
            (size,) = _HEAD.unpack_from(learnt)
            self._threshold = AdaptiveThreshold.unpack(learnt[_HEAD.size : _HEAD.size + size])
            self._martingale = DriftMartingale.unpack(learnt[_HEAD.size + size :])

    def judge(self, score: float | None) -> tuple[float | None, bool | None, Drift | None]:
        """``p``, whether it is flagged, and the drift after a score; None, where nothing was foretold, changes none."""
        if not (self._flags or self._drifts):
            return None, None, None
        found = self._threshold.judge(score)
        drift = Drift(*self._martingale.update(found.middle)) if self._drifts else None
        return found.p, found.flag if self._flags and score is not None else None, drift

    def pack(self) -> bytes:
        """All that the next judgement depends on."""
        threshold = self._threshold.pack()
        return _HEAD.pack(len(threshold)) + threshold + self._martingale.pack()
