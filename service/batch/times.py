"""Times of rows: numbers that order them, and whether those of a series are even by clock or calendar. Pure.

A series is judged by itself, whatever stands beside it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.arrays import Floats

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Spacings that differ by less than this share are the same.
_SAME = 1e-6
_DAY = 86_400_000_000  # microseconds
_NAIVE, _AWARE = pa.timestamp("us"), pa.timestamp("us", "UTC")


class Times(NamedTuple):
    """``positions`` [rows] are numbers or microseconds, NaN where a time is missing or cannot be read.

    ``local`` [rows] are microseconds of the clock on the wall, which say something of the series that are ``dated``
    [series].
    """

    positions: Floats
    local: Whole
    dated: Flags


def times_of(times: Any, starts: Whole, ends: Whole) -> Times:
    """An Arrow array of times, of series from ``starts`` to ``ends``: numbers, dates, timestamps, or text of those.

    Text is numbers, or ISO 8601, one of both within a series.
    """
    kind = times.type
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        times = pc.cast(times, pa.string())
    if not pa.types.is_string(times.type):
        return _of_typed(times, len(starts))
    times = pc.utf8_trim_whitespace(times)
    found = _of_text(times, len(starts))
    if found is not None:
        return found
    parts = [_of_text(times[start:end], 1) or _unread(end - start) for start, end in zip(starts, ends, strict=True)]
    positions, clock, dated = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Times(positions, clock, dated)


def _of_text(times: Any, series: int) -> Times | None:
    """What text says, if all of it is of one kind."""
    for kind in (pa.float64(), _NAIVE, _AWARE):
        try:
            return _of_typed(pc.cast(times, kind), series)
        except pa.ArrowInvalid:
            continue
    return None


def _of_typed(times: Any, series: int) -> Times:
    kind = times.type
    if not pa.types.is_temporal(kind):
        numbers = pc.fill_null(pc.cast(times, pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
        return Times(numbers, np.zeros(len(times), np.int64), np.zeros(series, np.bool_))
    if not pa.types.is_timestamp(kind):
        times = pc.cast(times, _NAIVE)
    local = times if times.type.tz is None else pc.local_timestamp(times)
    clock = pc.fill_null(pc.cast(local, _NAIVE, safe=False).cast(pa.int64()), 0).to_numpy()
    whole = pc.cast(times, pa.timestamp("us", times.type.tz), safe=False).cast(pa.int64())
    positions = pc.fill_null(whole.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    return Times(positions, clock, np.ones(series, np.bool_))


def _unread(rows: int) -> Times:
    return Times(np.full(rows, np.nan), np.zeros(rows, np.int64), np.zeros(1, np.bool_))


def steady(numbers: NDArray[np.float64] | Whole, starts: Whole, ends: Whole) -> Flags:
    """Of which series ``numbers`` [rows] rise by the same from row to row [series]; of one row as well."""
    found = np.ones(len(starts), np.bool_)
    several = np.flatnonzero(ends - starts > 1)
    if not len(several):
        return found
    distances = np.diff(numbers)
    first = distances[starts[several]]
    inside = np.repeat(several, ends[several] - starts[several] - 1)
    rows = np.concatenate(
        [np.arange(start, end - 1) for start, end in zip(starts[several], ends[several], strict=True)]
    )
    usual = np.repeat(first, ends[several] - starts[several] - 1)
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(distances[rows] - usual) <= _SAME * usual)
    found[inside[off]] = False
    found[several[~(first > 0)]] = False
    return found


def by_calendar(local: Whole, starts: Whole, ends: Whole) -> Flags:
    """Of which series the days of ``local`` [rows] are evenly spaced in days, in working days or in months [series]."""
    days = local // _DAY
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    ends_month = (dates + 1).astype("datetime64[M]") != months
    of_month = (dates - months.astype("datetime64[D]")).astype(np.int64)
    least, most = np.minimum.reduceat(of_month, starts), np.maximum.reduceat(of_month, starts)
    monthly = (least == most) | np.logical_and.reduceat(ends_month, starts)
    monthly &= steady(months.astype(np.int64), starts, ends)
    working = np.logical_and.reduceat(np.is_busday(dates), starts)
    working &= steady(np.busday_count("1970-01-01", dates).astype(np.int64), starts, ends)
    found: Flags = steady(days, starts, ends) | monthly | working
    return found
