"""A time column as evenly counted positions: numbers, dates or months, and what their spacing suggests. Pure.

Dates and times are read by :meth:`datetime.datetime.fromisoformat`, which guesses nothing: 03/04/2024 is refused, since
it is in March or in April.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.readings.covariates.calendar import Every
from training.series.numbers import PLAIN
from training.series.panel import SeriesError
from training.terminal import quoted

_T = TypeVar("_T")
_Days = NDArray[np.datetime64]

_HOUR, _DAY = 3600.0, 86_400.0
_UNITS = ((_DAY, "days"), (_HOUR, "hours"), (60.0, "minutes"))
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # offsets are taken off by hand: at year 1 and 9999 they overflow
# A month begins at most so many seconds before or after it does in UTC, and with summer time an hour apart.
_ZONES, _SUMMER = 14 * _HOUR, _HOUR
_PLAIN = re.compile(PLAIN, re.ASCII)
# 20240131 and 202401; outside these years eight or six digits are counted.
_COMPACT = re.compile(r"(1[6-9]|2[0-3])\d{4}(\d{2})?", re.ASCII)
# Of cells that look like compact dates so many must be dates: of running numbers a third are.
_DATES = 0.9
_SMALLEST, _LARGEST = 1e-100, 1e100
# Up to here every whole number is a float64.
_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class Clock:
    """``positions`` [rows] in ``unit``: "seconds", "months", "days of a week" of which only those of ``week`` occur,
    or "numbers" where the file has plain numbers. ``aware``: the times have offsets from UTC.
    """

    positions: Floats
    unit: str
    aware: bool = False
    week: tuple[bool, ...] = 7 * (True,)

    def spacing(self, step: float) -> tuple[str, int | None]:
        """The name of a spacing of ``step`` units, and the season that it suggests."""
        if self.unit == "numbers":
            return f"steps of {step:g}", None
        if self.unit == "months":
            known = {1.0: "months", 3.0: "quarters", 6.0: "half years", 12.0: "years"}
            return known.get(step, f"steps of {step:g} months"), _parts(12.0, step)
        if self.unit != "seconds":
            count = sum(self.week)
            days = "business days" if self.week == 5 * (True,) + 2 * (False,) else f"days, {count} a week"
            return (days, count) if step == 1.0 else (f"steps of {step:g} {days}", None)
        known = {60.0: "minutes", 1800.0: "half hours", _HOUR: "hours", _DAY: "days", 7 * _DAY: "weeks"}
        name = known.get(step) or next(
            (f"steps of {step / unit:g} {each}" for unit, each in _UNITS if step % unit == 0),
            f"steps of {step:g} seconds",
        )
        if step < 300.0:  # a day of them is too long to be learnt
            return name, _parts(_HOUR, step) if step == 60.0 else None
        if step < _DAY:
            return name, _parts(_DAY, step)
        return name, 7 if step == _DAY else _parts(52 * 7 * _DAY, step) if step % (7 * _DAY) == 0 else None

    def at(self, position: float) -> str:
        """A position in words."""
        if self.unit == "numbers":
            return f"{position:.15g}"
        if self.unit == "months":
            return f"{int(position - 1) // 12:04d}-{int(position - 1) % 12 + 1:02d}"
        if self.unit != "seconds":
            return str(np.busday_offset("1970-01-01", int(position), roll="forward", weekmask=self.week))
        moment = str(np.datetime64("1970-01-01T00:00:00") + np.timedelta64(round(position), "s"))
        return moment + "Z" if self.aware else moment.removesuffix("T00:00:00")

    def every(self, step: float) -> Every | None:
        """A spacing of ``step`` units as a calendar counts it; None where these are no dates, or it is another one."""
        if step != int(step) or step < 1.0:
            return None
        if self.unit in ("seconds", "months"):
            return Every.model_validate({"count": int(step), "unit": self.unit})
        if self.unit != "numbers" and self.week == 5 * (True,) + 2 * (False,):
            return Every(count=int(step), unit="business days")
        return None

    def moment(self, position: float) -> np.datetime64 | None:
        """The time of a position, in UTC where times have offsets; None where these are no dates."""
        return None if self.unit == "numbers" else np.datetime64(self.at(position).removesuffix("Z"), "s")

    def may_repeat(self, positions: Floats) -> bool:
        """Whether all are local times of nights from Saturday to Sunday, in which an hour comes twice once a year."""
        if self.unit != "seconds" or self.aware:
            return False
        return bool(((positions // _DAY + 4) % 7 == 0).all() and (positions % _DAY < 4 * _HOUR).all())


def _parts(whole: float, step: float) -> int | None:
    """How often ``step`` goes into ``whole``, if it does, and more than once."""
    return round(whole / step) if whole % step == 0 and whole > step else None


def clock_of(column: str, cells: Any, at: Callable[[int], str]) -> Clock:
    """The positions of a time column, a pyarrow.ChunkedArray; ``at`` says where a row stands.

    Raises:
        SeriesError: a cell is neither a number nor an ISO date or time, or the column mixes kinds.
    """
    # The series of a file share most of their times: each is read once.
    coded = cells.combine_chunks().dictionary_encode(null_encoding="encode")
    codes = coded.indices.to_numpy()
    found, first, counts = np.unique(codes, return_index=True, return_counts=True)
    different = coded.dictionary.take(pa.array(found)).to_pylist()
    texts = [cell if isinstance(cell, dt.date) else "" if cell is None else str(cell).strip() for cell in different]

    def where(place: int) -> str:
        return at(int(first[place]))

    if "" in texts:
        raise SeriesError(f"{where(texts.index(''))} has no time in column {quoted(column)}")
    clock = _clock_of(column, texts, counts, where)
    return replace(clock, positions=clock.positions[np.searchsorted(found, codes)])


def _clock_of(column: str, texts: list[Any], counts: NDArray[np.intp], at: Callable[[int], str]) -> Clock:
    """The positions of cells that all differ, each of which stands on ``counts`` rows."""
    numbers, moments = [_number(each) for each in texts], [_moment(each) for each in texts]
    dated = int(counts[[each is not None for each in moments]].sum())
    counted = int(counts[[each is not None for each in numbers]].sum())
    compact = all(isinstance(each, str) and _COMPACT.fullmatch(each) for each in texts)
    if counted >= dated and not (compact and dated >= _DATES * counts.sum()):
        positions = np.array(_all(numbers, "number", column, texts, at))
        if (beyond := np.abs(positions) > _EXACT).any():
            raise SeriesError(
                f"{at(int(beyond.argmax()))} holds a number beyond 2^53 in column {quoted(column)}, from where on "
                "neighbours cannot be told apart: count from a later beginning, or in larger units"
            )
        return Clock(positions, "numbers")
    return _dates(column, _all(moments, "time", column, texts, at), at)


def _all(
    found: Sequence[_T | None], kind: str, column: str, texts: Sequence[Any], at: Callable[[int], str]
) -> list[_T]:
    read = []
    for row, each in enumerate(found):
        if each is None:
            raise SeriesError(
                f"{at(row)} holds {quoted(texts[row])} in column {quoted(column)}, which is no {kind}; numbers, or ISO "
                "dates such as 2024-07, 2024-07-31 or 2024-07-31T18:00, throughout are expected"
            )
        read.append(each)
    return read


def _dates(column: str, moments: list[dt.datetime], at: Callable[[int], str]) -> Clock:
    aware = [moment.tzinfo is not None for moment in moments]
    if len(set(aware)) > 1:
        row = aware.index(not aware[0])
        raise SeriesError(f"{at(row)}: column {quoted(column)} mixes times with and without an offset from UTC")
    seconds = np.array([_seconds(moment) for moment in moments])
    if (months := _months(moments, seconds)) is not None:
        return Clock(months, "months")
    week = _week(moments)
    if not all(week):
        days = np.array([moment.date() for moment in moments], "datetime64[D]")
        return Clock(np.busday_count("1970-01-01", days, weekmask=week).astype(float), "days of a week", False, week)
    return Clock(seconds, "seconds", aware[0])


def _seconds(moment: dt.datetime) -> float:
    offset = moment.utcoffset() or dt.timedelta()
    return (moment.replace(tzinfo=None) - _EPOCH - offset).total_seconds()


def _months(moments: list[dt.datetime], seconds: Floats) -> Floats | None:
    """Months differ in their days: times on one day of the month, or all on its last, are counted in months."""
    found = [12 * moment.year + moment.month for moment in moments]
    if len(set(found)) == len(set(seconds.tolist())) > 1 and len({moment.time() for moment in moments}) == 1:
        last = all(moment.day == calendar.monthrange(moment.year, moment.month)[1] for moment in moments)
        if last or len({moment.day for moment in moments}) == 1:
            return np.array(found, float)
    if moments[0].tzinfo is None:
        return None
    # The first of the month somewhere else: in UTC an evening before, or a morning.
    places = seconds.astype("datetime64[s]")
    begins = (places + np.timedelta64(15, "D")).astype("datetime64[M]")
    after = (places - begins.astype("datetime64[s]")).astype(float)
    if np.abs(after).max() > _ZONES or np.ptp(after) > _SUMMER:
        return None
    months: Floats = begins.astype(int) + 12.0 * 1970 + 1
    return months if len(np.unique(months)) == len(np.unique(seconds)) > 1 else None


def _week(moments: list[dt.datetime]) -> tuple[bool, ...]:
    """From Monday to Sunday, whether that day occurs; all do unless daily rows of two weeks or more show otherwise."""
    every = 7 * (True,)
    days: _Days = np.unique(np.array([moment.date() for moment in moments], "datetime64[D]"))
    apart = np.diff(days).astype(int)
    if len({moment.time() for moment in moments}) > 1 or apart.sum() < 14 or np.median(apart) != 1:
        return every
    seen = {int(day) for day in (days.astype(int) + 3) % 7}
    return tuple(day in seen for day in range(7))


def _number(cell: Any) -> float | None:
    return float(cell) if isinstance(cell, str) and _PLAIN.fullmatch(cell) and _counts(float(cell)) else None


def _counts(number: float) -> bool:
    """Whether distances between such numbers can be computed, without overflow and underflow."""
    return number == 0.0 or _SMALLEST <= abs(number) <= _LARGEST


def _moment(cell: Any) -> dt.datetime | None:
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  # a date has no offset
    if re.fullmatch(r"\d{4}-?\d{2}", cell, re.ASCII):
        cell = f"{cell[:4]}-{cell[-2:]}-01"
    try:
        return dt.datetime.fromisoformat(cell)
    except ValueError:
        return None
