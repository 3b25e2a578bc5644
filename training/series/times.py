"""A time column as evenly counted positions: numbers, dates or months, and what their spacing suggests. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from training.series.panel import SeriesError
from training.tasks.base import Floats

_T = TypeVar("_T")

# Spacing in seconds: its name and the season that it suggests. None: nothing is suggested.
_SPACINGS: dict[float, tuple[str, int | None]] = {
    60.0: ("minutes", 60),
    1800.0: ("half hours", 48),
    3600.0: ("hours", 24),
    86_400.0: ("days", 7),
    604_800.0: ("weeks", 52),
}
_MONTHS: dict[float, tuple[str, int | None]] = {1.0: ("months", 12), 3.0: ("quarters", 4), 12.0: ("years", None)}


@dataclass(frozen=True, slots=True)
class Clock:
    """``positions`` [rows] in ``unit``: "seconds", "months", or "numbers" where the file has plain numbers."""

    positions: Floats
    unit: str

    def spacing(self, step: float) -> tuple[str, int | None]:
        """The name of a spacing of ``step`` units, and the season that it suggests."""
        known = {"seconds": _SPACINGS, "months": _MONTHS}.get(self.unit, {})
        return known.get(step, (f"steps of {step:g}" + (f" {self.unit}" if self.unit != "numbers" else ""), None))


def clock_of(column: str, cells: Sequence[Any]) -> Clock:
    """The positions of a time column.

    Raises:
        SeriesError: a cell is neither a number nor an ISO date or time, or the column mixes kinds.
    """
    numbers = _all(cells, _number)
    if numbers is not None:
        return Clock(np.array(numbers), "numbers")
    moments = _all(cells, _moment)
    if moments is None:
        row = next(row for row, cell in enumerate(cells) if _moment(cell) is None)
        raise SeriesError(
            f"row {row + 1} of column {column} is no time; numbers, or ISO dates such as 2024-07, 2024-07-31 or "
            "2024-07-31T18:00 are expected"
        )
    aware = {moment.tzinfo is not None for moment in moments}
    if len(aware) > 1:
        raise SeriesError(f"column {column} mixes times with and without an offset from UTC")
    # Months differ in their days: dates on one day of the month, or all on the last, are counted in months.
    days = {moment.day for moment in moments}
    midnight = all(moment.time() == dt.time() for moment in moments)
    last = all((moment + dt.timedelta(days=1)).day == 1 for moment in moments)
    apart = len({(moment.year, moment.month) for moment in moments}) == len(set(moments)) > 1
    if midnight and apart and (days == {moments[0].day} or last):
        return Clock(np.array([12.0 * moment.year + moment.month for moment in moments]), "months")
    origin = dt.datetime(1970, 1, 1, tzinfo=dt.UTC if aware == {True} else None)
    return Clock(np.array([(moment - origin).total_seconds() for moment in moments]), "seconds")


def _all(cells: Sequence[Any], read: Callable[[Any], _T | None]) -> list[_T] | None:
    found = []
    for cell in cells:
        value = read(cell)
        if value is None:
            return None
        found.append(value)
    return found


def _number(cell: Any) -> float | None:
    if isinstance(cell, (dt.date, dt.datetime)):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _moment(cell: Any) -> dt.datetime | None:
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  # a date has no offset
    text = str(cell).strip()
    if len(text) == 7 and text[4] == "-":
        text += "-01"
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
