"""What the time of each step says: hour, weekday, month, day of the year, holidays. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Times = NDArray[np.datetime64]
Unit = Literal["seconds", "months", "business days"]
HOLIDAY, NO_HOLIDAY = "holiday", ""


class Every(BaseModel):
    """The time between two steps: so many seconds, months, or days from Monday to Friday."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: Annotated[int, Field(ge=1, le=10**9)]
    unit: Unit

    def times(self, start: np.datetime64, steps: int) -> Times:
        """The times of so many ``steps`` from ``start`` on, in seconds.

        A step of months goes to the first of its month: only the month is asked of such steps.
        """
        places = self.count * np.arange(steps)
        found: Times
        if self.unit == "business days":
            found = np.busday_offset(start.astype("datetime64[D]"), places, roll="forward")
        elif self.unit == "months":
            found = start.astype("datetime64[M]") + places.astype("timedelta64[M]")
        else:
            found = start.astype("datetime64[s]") + places.astype("timedelta64[s]")
        return found.astype("datetime64[s]")

    @property
    def in_days(self) -> bool:
        """Whether a step is a day or less, so that days are told apart."""
        return self.unit == "business days" or (self.unit == "seconds" and self.count <= 86_400)


def _hour(times: Times) -> NDArray[np.int64]:
    return times.astype("datetime64[h]").astype(np.int64) % 24


def _weekday(times: Times) -> NDArray[np.int64]:
    return (times.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0


def _month(times: Times) -> NDArray[np.int64]:
    return times.astype("datetime64[M]").astype(np.int64) % 12 + 1


def _day_of_year(times: Times) -> NDArray[np.int64]:
    first = times.astype("datetime64[Y]").astype("datetime64[D]")
    return times.astype("datetime64[D]").astype(np.int64) - first.astype(np.int64) + 1


# By the names of the option --calendar.
INPUTS: Mapping[str, Callable[[Times], NDArray[np.int64]]] = {
    "hour": _hour,
    "weekday": _weekday,
    "month": _month,
    "day-of-year": _day_of_year,
}


def holidays_on(times: Times, named: Mapping[str, str]) -> list[str]:
    """The holiday of each time's day by the table ``named`` from ISO dates to names; empty where there is none."""
    return [named.get(day, NO_HOLIDAY) for day in np.datetime_as_string(times, unit="D").tolist()]
