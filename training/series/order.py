"""Rows in the order of time, one for each spacing; what contradicts itself is refused. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from training.series.panel import RawSeries, SeriesError
from training.series.times import Clock
from training.terminal import name

_T = TypeVar("_T", bound=np.generic)

# Above this share of missing values interpolation would be most of what is learnt.
MOST_MISSING = 0.2
# How far from a whole number of spacings a time may lie, as a share of one.
_UNEVEN = 0.05
_CURE = "Resample the series, or leave the time column out to take its rows in order"


def spacing(raw: Sequence[RawSeries]) -> float:
    """The usual distance between neighbouring times of one series.

    Raises:
        SeriesError: no two times differ.
    """
    times = [np.unique(each.times) for each in raw if each.times is not None]
    found = np.concatenate([np.diff(each) for each in times])
    if len(found) == 0:
        raise SeriesError("all rows have the same time")
    values, counts = np.unique(found.round(_decimals(times, found)), return_counts=True)
    return float(values[counts.argmax()])


def _decimals(times: Sequence[Floats], distances: Floats) -> int:
    """Digits after the point in which distances are compared: six, and of small ones seven that count, as far as
    numbers of the size of the times have them.
    """
    finest = np.spacing(max(np.abs(each).max() for each in times))
    return int(max(6, np.floor(min(6 - np.log10(np.median(distances)), -np.log10(4 * finest)))))


def in_order(raw: RawSeries, clock: Clock, step: float, repairs: Counter[str]) -> RawSeries:
    """The rows of ``raw`` sorted by time, one for each spacing, without times; nothing stands where one is missing.

    Raises:
        SeriesError: a time has several values, or the times are not evenly spaced.
    """
    assert raw.times is not None  # noqa: S101  # where there is a clock, each row has a time
    if (np.diff(raw.times) < 0.0).any():
        repairs["rows of {} series sorted by time"] += 1
    # Of rows of one time those without a value last.
    order = np.lexsort((np.isnan(raw.values), raw.times))
    order = order[_first_of_each(raw, clock, order, repairs)]
    values, times = raw.values[order], raw.times[order]
    steps = (times - times[0]) / step
    whole = steps.round()
    uneven = np.abs(steps - whole) > _UNEVEN
    uneven[1:] |= np.diff(whole) < 1
    if uneven.any():
        at = int(uneven.argmax())
        raise SeriesError(
            f"the times of {name(raw.name)} are not evenly spaced: the usual spacing is {clock.spacing(step)[0]}, and "
            f"{clock.at(times[at - 1])} is followed by {clock.at(times[at])}{_lines(raw, order[at])}. {_CURE}"
        )
    count = int(whole[-1]) + 1
    if missing := count - len(values):
        if missing > MOST_MISSING * count:
            at = int(np.diff(whole).argmax())
            raise SeriesError(
                f"{missing} of {count} times of {name(raw.name)} are missing, counted in {clock.spacing(step)[0]}; at "
                f"most {MOST_MISSING:.0%} can be filled. The longest gap is from {clock.at(times[at])} to "
                f"{clock.at(times[at + 1])}{_lines(raw, order[at + 1])}. {_CURE}"
            )
        repairs["{} missing times inserted"] += missing
    places = whole.astype(np.intp)
    columns = {each: _placed(cells[order], places, count) for each, cells in raw.columns.items()}
    return RawSeries(raw.name, _placed(values, places, count), None, None, columns)


def _placed(cells: NDArray[_T], places: NDArray[np.intp], count: int) -> NDArray[_T]:
    """``cells`` at their ``places`` among ``count``, NaN or no text at the others."""
    filled: NDArray[_T] = np.full(count, np.nan if cells.dtype == np.float64 else "", cells.dtype)
    filled[places] = cells
    return filled


def _first_of_each(raw: RawSeries, clock: Clock, order: NDArray[np.intp], repairs: Counter[str]) -> NDArray[np.bool_]:
    """Which of the rows, as they are ordered, are the first of their time; the others must say nothing else."""
    assert raw.times is not None  # noqa: S101  # as above
    values, times = raw.values[order], raw.times[order]
    again: NDArray[np.bool_] = np.diff(times, prepend=np.nan) == 0.0
    other = again & ~((np.diff(values, prepend=np.nan) == 0.0) | np.isnan(values))
    if other.any():
        at = int(other.argmax())
        if clock.may_repeat(times[other]):
            cure = (
                "Where summer time ends an hour comes twice: write times with their offset from UTC, such as "
                "2024-10-27T02:00+02:00"
            )
        else:
            cure = "Sum or average them first, or name the column that tells the series apart with --id-column"
        raise SeriesError(
            f"{name(raw.name)} has several values for one time, {clock.at(times[at])}"
            f"{_lines(raw, order[at - 1], order[at])}. {cure}"
        )
    if again.any():
        repairs["{} repeated rows dropped"] += int(again.sum())
    return ~again


def _lines(raw: RawSeries, *rows: np.intp) -> str:
    """The file's lines of these rows, in brackets; nothing where it has none."""
    if raw.lines is None:
        return ""
    numbers = " and ".join(str(raw.lines[row]) for row in sorted(rows))
    return f" (line {numbers})" if len(rows) == 1 else f" (lines {numbers})"
