"""Which season a frequency has and how long its steps are, as pandas and polars write it: docs/timegpt.md. Pure."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta

_HOUR, _DAY = 3600, 86_400
# Steps of a fixed length, in seconds: their season is a day, that of seconds an hour.
_SECONDS = {"s": 1, "S": 1, "min": 60, "T": 60, "m": 60, "h": _HOUR, "H": _HOUR}
# Steps of the calendar: how many of them the season has, 1 where there is none.
_CALENDAR = {
    **dict.fromkeys(("D", "d"), 7),
    **dict.fromkeys(("B", "C"), 5),
    **dict.fromkeys(("W", "w"), 52),
    **dict.fromkeys(("SM", "SME", "SMS"), 24),
    **dict.fromkeys(("M", "ME", "MS", "mo", "BM", "BME", "BMS", "CBM", "CBME", "CBMS"), 12),
    **dict.fromkeys(("Q", "QE", "QS", "q", "BQ", "BQE", "BQS"), 4),
    **dict.fromkeys(("Y", "YE", "YS", "y", "A", "AS", "BA", "BAS", "BY", "BYE", "BYS"), 1),
}
_DAYS = {"D": 1, "d": 1, "W": 7, "w": 7}
_MONTHS = {
    **dict.fromkeys(("M", "ME", "MS", "mo"), 1),
    **dict.fromkeys(("Q", "QE", "QS", "q"), 3),
    **dict.fromkeys(("Y", "YE", "YS", "y", "A", "AS"), 12),
}
_AT_THE_END = frozenset({"M", "ME", "Q", "QE", "Y", "YE", "A"})
# `15min`, `W-SUN`, `1mo`.
_FREQUENCY = re.compile(r"(\d{0,9})([A-Za-z]+)(?:-[A-Z]{3})?")


def season_of(frequency: str | None) -> tuple[int, ...]:
    """The season of a series of that ``frequency``, ``(1,)`` where it has none.

    Empty where the frequency says nothing, so that the season is looked for in the values: none given, one that is not
    in the table, or whose season is no whole number of steps.
    """
    found = _FREQUENCY.fullmatch(frequency or "")
    if found is None:
        return ()
    steps, unit = int(found[1] or 1), found[2]
    if unit in _SECONDS:
        whole = (_HOUR if _SECONDS[unit] == 1 else _DAY) // _SECONDS[unit]
    elif unit in _CALENDAR:
        whole = _CALENDAR[unit]
    else:
        return ()
    if whole == 1:
        return (1,)
    return (whole // steps,) if steps and whole % steps == 0 else ()


def later(start: str, frequency: str, count: int) -> str | None:
    """The time that is ``count`` steps of that ``frequency`` after ``start``, both in ISO 8601.

    None where that cannot be told: another form of time, a frequency that is not in the table, business days, or a time
    beyond the year 9999. From the last day of a month steps of months lead to the last days of others.
    """
    found = _FREQUENCY.fullmatch(frequency)
    if found is None:
        return None
    steps, unit = int(found[1] or 1) * count, found[2]
    try:
        time = datetime.fromisoformat(start)
        if unit in _SECONDS:
            time += timedelta(seconds=steps * _SECONDS[unit])
        elif unit in _DAYS:
            time += timedelta(days=steps * _DAYS[unit])
        elif unit in _MONTHS:
            time = _months_later(time, steps * _MONTHS[unit], unit in _AT_THE_END)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return time.isoformat()


def _months_later(time: datetime, months: int, at_the_end: bool) -> datetime:
    year, month = divmod(time.year * 12 + time.month - 1 + months, 12)
    last, was_last = calendar.monthrange(year, month + 1)[1], calendar.monthrange(time.year, time.month)[1]
    day = last if at_the_end and time.day == was_last else min(time.day, last)
    return time.replace(year=year, month=month + 1, day=day)
