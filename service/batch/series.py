"""Rows as series: values in the order of their times; what is wrong with one is its error, or a warning. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.arrays import Floats
from service.batch.covariates import Cells
from service.batch.times import by_calendar, steady, times_of
from service.covariates import Covariates
from service.errors import InvalidInput
from service.inference.padding import LARGEST

Whole = NDArray[np.int64]

_UNEVEN = (
    "The times are not evenly spaced: the values were read as if they were, and a time that is left out as none. "
    "Write a row without a value for it."
)


@dataclass(slots=True)
class Asked:
    """One series: its values oldest first, NaN at a gap, and what stands beside; ``error`` is why it has no answer."""

    id: Any
    values: Floats
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    beside: Covariates | None = None


def listed(ids: Any, lists: Any) -> list[Asked]:
    """A series of each list of numbers."""
    found = []
    for identity, each in zip(ids.to_pylist(), lists, strict=True):
        values = pa.array([], pa.float64()) if each.values is None else pc.cast(each.values, pa.float64(), safe=False)
        found.append(_judged(Asked(identity, _with_gaps(values))))
    return found


def grouped(ids: Any, times: Any, values: Any, wrong: dict[int, str], cells: Cells | None = None) -> list[Asked]:
    """The series of rows that stand together by their id.

    ``ids``, ``times`` (None: the rows are in order) and float64 ``values`` are Arrow's arrays of one length; ``wrong``
    says what of a row's value is no number; ``cells`` are those of covariates.
    """
    numbers = _with_gaps(values)
    changed = pc.indices_nonzero(pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)))
    starts = np.concatenate([[0], changed.to_numpy().astype(np.int64) + 1])
    ends = np.append(starts[1:], len(ids))
    found = [
        Asked(identity, numbers[start:end])
        for identity, start, end in zip(ids.take(pa.array(starts)).to_pylist(), starts, ends, strict=True)
    ]
    order, clock = (np.arange(len(ids)), None) if times is None else _in_order(found, times, starts, ends)
    for row in sorted(wrong, reverse=True):  # the first of a series is the one that is told
        found[int(np.searchsorted(starts, row, "right")) - 1].error = wrong[row]
    if cells is not None:
        for each, start, end in zip(found, starts.tolist(), ends.tolist(), strict=True):
            if each.error is None:
                _cut(each, cells, order[start:end], None if clock is None else clock[start])
    return [_judged(each) for each in found]


def _cut(asked: Asked, cells: Cells, rows: Whole, start: np.datetime64 | None) -> None:
    """Leave a series its known values, and lay beside them what stands in its ``rows``."""
    try:
        asked.values, asked.beside = cells.cut(asked.values, rows, start)
    except InvalidInput as error:
        asked.error = error.detail


def _with_gaps(values: Any) -> Floats:
    numbers: Floats = pc.fill_null(values, np.nan).to_numpy(zero_copy_only=False)
    return numbers


def _judged(asked: Asked) -> Asked:
    """With the error of a series that nobody could answer."""
    if asked.error is None:
        asked.error = _fault(asked.values)
    return asked


def _fault(values: Floats) -> str | None:
    if not len(values):
        return "it has no values"
    magnitude = np.fmax.reduce(np.abs(values))
    if np.isnan(magnitude):
        return "it has no value that is not missing"
    if magnitude > LARGEST:
        return "a value is infinite" if np.isinf(magnitude) else f"a value is above {LARGEST:g} in magnitude"
    return None


def _in_order(found: list[Asked], times: Any, starts: Whole, ends: Whole) -> tuple[Whole, NDArray[np.datetime64]]:
    """Sort the values of each series by time; say which series has no order, or times that are not evenly spaced.

    The rows of all in that order, and what the clock on the wall showed at each, NaT where that is no time.
    """
    read = times_of(times, starts, ends)
    positions, local, order = read.positions, read.local, np.arange(len(times))
    falls = np.flatnonzero(~(np.diff(positions) > 0.0))  # NaN as well
    falls = falls[~np.isin(falls + 1, starts)]
    unread = np.flatnonzero(np.isnan(positions))
    for place in np.unique(np.searchsorted(starts, np.concatenate([falls, unread]), "right") - 1).tolist():
        rows = slice(starts[place], ends[place])
        order[rows] = starts[place] + _sort(found[place], positions[rows])
    positions, local = positions[order], local[order]
    even = steady(positions, starts, ends) | (read.dated & by_calendar(local, starts, ends))
    for place in np.flatnonzero(~even).tolist():
        if found[place].error is None and len(found[place].values) > 1:
            found[place].warnings.append(_UNEVEN)
    clock = np.where(np.repeat(read.dated, ends - starts), local.astype("datetime64[us]"), np.datetime64("NaT", "us"))
    return order, clock


def _sort(asked: Asked, positions: Floats) -> Whole:
    """The rows of a series in the order of their times, as far as they have one."""
    order = np.argsort(positions, kind="stable")
    if np.isnan(positions).any():
        asked.error = f"row {int(np.isnan(positions).argmax()) + 1} of it has no time that can be read"
    elif (np.diff(positions[order]) == 0.0).any():
        asked.error = "it has several values for one time"
    else:
        asked.values = asked.values[order]
        asked.warnings.append("Its rows were sorted by time.")
    return order
