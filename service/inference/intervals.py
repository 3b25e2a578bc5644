"""What is known of how far the truth lies from an answer, as bounds of any level and values of any quantile. Pure.

Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005 (split conformal prediction). The score is
abs(error) / (check mae + 1e-3 S), so an interval is as wide as the model has been wrong on this very sequence. Where
that says nothing there is no interval, but the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.cards import WIDEST
from service.inference.half_widths import normal, z_of
from service.inference.scaling import unit_of
from service.verdicts import TIE

UNCHECKED = "There are no intervals: this sequence is too short to check a model on."
STILL = (
    "There are no intervals: the later half of this sequence stands still, or moves by rounding only, so nothing says "
    "how wide they must be."
)
TOO_WIDE = (
    f"There are no intervals: they would reach more than {WIDEST:g} times as far as this sequence moves at a step, "
    "which says nothing."
)
# Answers are up to 1e306 in magnitude, and bounds finite.
FARTHEST = 1e307


class Fan(Protocol):
    """The spread around the answers to some sequences, at one or more steps ahead.

    ``reasons`` [answered] say why there is none around an answer, whose bounds are then meaningless; None where there
    is.
    """

    @property
    def reasons(self) -> Sequence[str | None]: ...

    def bounds(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Lower and upper bounds [levels, answered, horizon]; a higher level's enclose a lower level's."""
        ...

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """Values [probabilities, answered, horizon]; a higher probability's are not lower."""
        ...


@dataclass(frozen=True, slots=True)
class Symmetric:
    """A fan that reaches as far below the answers as above.

    ``values`` [answered, horizon] are the answers; ``half_widths`` gives of some z, and for a horizon, the half-widths
    [z, answered (or 1), horizon] in units of ``scale`` [answered].
    """

    values: Floats
    scale: Floats
    reasons: Sequence[str | None]
    half_widths: Callable[[tuple[float, ...], int], Floats]

    def bounds(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        reach = self._reach(tuple(map(z_of, levels)))
        return self.values - reach, self.values + reach

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        z = [normal(probability) for probability in probabilities]
        values: Floats = self.values + np.sign(z)[:, None, None] * self._reach(tuple(map(abs, z)))
        return values

    def _reach(self, z: tuple[float, ...]) -> Floats:
        with np.errstate(over="ignore"):
            reach = self.half_widths(z, self.values.shape[1]) * self.scale[:, None]
        return np.minimum(reach, FARTHEST, out=reach)


class Quantiles:
    """A fan that was answered as quantiles: between two of them a value is found on a straight line in z, as beyond.

    A quantile of a probability enters as z, that of a normal distribution (see :mod:`service.inference.half_widths`).
    """

    def __init__(
        self,
        probabilities: Sequence[float],
        values: Floats,
        reasons: Sequence[str | None],
        least: Floats | None = None,
    ) -> None:
        """``values`` [probabilities, answered, horizon] in the order of the ``probabilities``, which rise.

        ``least`` [answered] is what nothing lies below, minus infinity where there is no such bound; None: nowhere.
        """
        self._z = np.array([normal(probability) for probability in probabilities])
        self.values = np.maximum.accumulate(values, axis=0)
        self.reasons = reasons
        self._least = np.full(values.shape[1], -np.inf) if least is None else least

    def bounds(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        reach = np.array([z_of(level) for level in levels])
        return self._at(-reach), self._at(reach)

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        return self._at(np.array([normal(probability) for probability in probabilities]))

    def _at(self, z: Floats) -> Floats:
        place = np.clip(np.searchsorted(self._z, z) - 1, 0, len(self._z) - 2)
        share = (z - self._z[place]) / (self._z[place + 1] - self._z[place])
        low, high = self.values[place], self.values[place + 1]
        found: Floats = np.clip(low + share[:, None, None] * (high - low), -FARTHEST, FARTHEST)
        np.maximum(found, self._least[:, None], out=found)
        return found


def error_scale(mae: Floats, unit: Floats, moves: Floats, magnitude: Floats) -> Floats:
    """What half-widths are measured in: the check's ``mae`` + 1e-3 S; NaN where the checked steps stand still.

    A model is not wrong there, nor would be any other, and the next move may be of any size. ``unit`` is S, the mean
    absolute difference; ``moves`` that of the checked steps; ``magnitude`` the largest of the values. One shape.
    """
    scale: Floats = np.where(np.isnan(unit_of(moves, magnitude)), np.nan, mae + TIE * unit)
    return scale


def given(widest: float | Floats, scale: Floats, unit: Floats) -> NDArray[np.bool_]:
    """Where there are intervals: the ``scale`` is known, and the ``widest`` usual half-width within 1,000 S."""
    sound: NDArray[np.bool_] = widest * scale <= WIDEST * unit
    return sound


def reasons(widest: float | Floats, scale: Floats, unit: Floats, checks: Sequence[object | None]) -> list[str | None]:
    """Why there are no intervals, where :func:`given` says so; None where there are."""
    found: list[str | None] = [None] * len(checks)
    for row in np.flatnonzero(~given(widest, scale, unit)).tolist():
        found[row] = UNCHECKED if checks[row] is None else STILL if math.isnan(scale[row]) else TOO_WIDE
    return found
