"""Gaps in series: steps whose value nobody knows, NaN in tables. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats

Flags = NDArray[np.bool_]


def filled(values: Floats) -> tuple[Floats, Flags]:
    """``values`` [series, steps] with every NaN replaced by the value seen last, and where a value was seen.

    Gaps before the first value take that value; a series of gaps alone becomes zeros.
    """
    seen = ~np.isnan(values)
    if seen.all():
        return values, seen
    steps = np.arange(values.shape[1])
    last = np.maximum.accumulate(np.where(seen, steps, -1), axis=1)
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), 0)
    place = np.where(last < 0, first[:, None], last)
    known = np.take_along_axis(values, place, axis=1)
    return np.nan_to_num(known), seen
