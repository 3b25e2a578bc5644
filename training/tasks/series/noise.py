"""What the families of made-up series are put together from: noises, walks, mixtures of choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Rng = np.random.Generator
_Kind = TypeVar("_Kind", bound=np.generic)


def powers(rng: Rng, low: float, high: float, count: int) -> Floats:
    """Ten to a uniform power between ``low`` and ``high``, [count]."""
    return np.power(10.0, rng.uniform(low, high, count))


def sometimes(rng: Rng, share: float, values: Floats, otherwise: float = 0.0) -> Floats:
    """``values`` [count] where a draw falls below ``share``, else ``otherwise``."""
    return np.where(rng.random(len(values)) < share, values, otherwise)


def chosen(rng: Rng, values: Sequence[float], chances: Sequence[float], count: int) -> Floats:
    """Draws [count] from ``values`` with ``chances`` that need not add up to one."""
    weights = np.asarray(chances, np.float64)
    return np.asarray(values, np.float64)[rng.choice(len(values), count, p=weights / weights.sum())]


def column(values: NDArray[_Kind]) -> NDArray[_Kind]:
    """[count] as [count, 1]."""
    return values[:, None]


def standard(values: Floats) -> Floats:
    """Each row with mean 0 and standard deviation 1; a constant row becomes zeros."""
    centred = values - values.mean(axis=1, keepdims=True)
    unit: Floats = centred / (centred.std(axis=1, keepdims=True) + 1e-9)
    return unit


def autoregressive(first: Floats, second: Floats | float, shocks: Floats) -> Floats:
    """v_t = first v_{t-1} + second v_{t-2} + shock_t, from zeros; coefficients [count], shocks [count, steps]."""
    out = np.ascontiguousarray(shocks.T)
    for step in range(1, len(out)):
        out[step] += first * out[step - 1]
        if step > 1 and not np.isscalar(second):
            out[step] += second * out[step - 2]
    return out.T


def shocks(rng: Rng, count: int, steps: int, heavy: float = 0.25) -> Floats:
    """White noise of about unit size; the share ``heavy`` of the rows from Student's t with 4 degrees of freedom."""
    normal = rng.standard_normal((count, steps))
    rows = np.flatnonzero(rng.random(count) < heavy)
    normal[rows] = 0.7 * rng.standard_t(4.0, (len(rows), steps))
    return normal


def happens(rng: Rng, share: float, count: int) -> Flags:
    """A column [count, 1] that is True for about ``share`` of the rows."""
    flags: Flags = rng.random((count, 1)) < share
    return flags


def walk(rng: Rng, count: int, steps: int) -> Floats:
    """Random walks."""
    return np.cumsum(rng.standard_normal((count, steps)), axis=1)


def levelled(
    rng: Rng, moves: Floats, multiplied: float, power: tuple[float, float], offset: tuple[float, float]
) -> Floats:
    """Rows put on a level of their own: as they are beside an offset, or (a share ``multiplied``) as exponentials.

    Each row is first measured in its own mean absolute difference and counted from near its end; ``power`` and
    ``offset`` are ranges of exponents of ten, of the exponential's rate and of the offset.
    """
    count, steps = moves.shape
    change = np.abs(np.diff(moves, axis=1)).mean(axis=1, keepdims=True)
    moves = moves / (change + 1e-9)
    moves = moves - moves[:, -min(20, steps)][:, None]
    rate = column(powers(rng, *power, count))
    grown = np.exp(np.clip(moves * rate, -30.0, 30.0))
    side = np.where(rng.random(count) < 0.55, 1.0, -1.0)
    beside = moves + column(powers(rng, *offset, count) * side)
    return np.where(happens(rng, multiplied, count), grown, beside)
