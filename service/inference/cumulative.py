"""Sums over the steps of many sequences side by side. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# From so many numbers a step on, adding whole steps is faster than walking from number to number.
_MANY = 256


def cumulative_sum(numbers: Floats, axis: int) -> Floats:
    """``numbers`` summed along ``axis`` in their own place: what :func:`numpy.cumsum` gives, to the bit.

    That one walks from number to number along the axis, 4 to 10 ns each, longest where the next is a page away.
    """
    if numbers.size < _MANY * numbers.shape[axis]:
        return numbers.cumsum(axis, out=numbers)
    steps = numbers.swapaxes(0, axis)
    for step in range(1, len(steps)):
        steps[step] += steps[step - 1]
    return numbers
