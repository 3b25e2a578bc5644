"""Sums over the steps of many sequences side by side. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# From so many numbers a step on, adding whole steps is faster than walking from number to number.
_MANY = 256


def cumulative_sum(numbers: Floats, axis: int) -> Floats:
    """What :func:`numpy.cumsum` gives, to the bit; overwrites ``numbers`` with it.

    NumPy walks from number to number along the axis: 4 ns each where they lie side by side, 10 ns where they lie pages
    of memory apart, as the steps of many rows do.
    """
    if numbers.size < _MANY * numbers.shape[axis]:
        return numbers.cumsum(axis, out=numbers)
    steps = numbers.swapaxes(0, axis)
    for step in range(1, len(steps)):
        steps[step] += steps[step - 1]
    return numbers
