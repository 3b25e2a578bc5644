"""Time columns: how they are counted, what their spacing suggests, and which cell is to blame."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from training.series.panel import SeriesError
from training.series.times import Clock, clock_of

BERLIN = ZoneInfo("Europe/Berlin")


def clock(cells: list[Any]) -> Clock:
    return clock_of("when", pa.chunked_array([cells]), lambda row: f"line {row + 2} of x.csv")


def days(count: int, *weekdays: int) -> list[str]:
    every = [dt.date(2024, 1, 1) + dt.timedelta(place) for place in range(count)]
    return [day.isoformat() for day in every if day.weekday() in weekdays]


LOCAL = [dt.datetime(2020 + place // 12, place % 12 + 1, 1, tzinfo=BERLIN) for place in range(30)]
SHAPES: dict[str, tuple[list[Any], str, float]] = {
    "years": (["1700", "1701"], "numbers", 1.0),
    "halves": (["0.5", "1", "1.5"], "numbers", 0.5),
    "months": (["2024-01", "2024-02"], "months", 1.0),
    "compact months": (["202311", "202312", "202401"], "months", 1.0),
    "ends of months": (["2024-01-31", "2024-02-29"], "months", 1.0),
    "ends of months at night": (["2024-01-31T23:59:59", "2024-02-29T23:59:59"], "months", 1.0),
    "the 15th": (["2024-01-15", "2024-04-15"], "months", 3.0),
    "ends of years to the end of time": (["9997-12-31", "9998-12-31", "9999-12-31"], "months", 12.0),
    "local months": ([each.isoformat() for each in LOCAL], "months", 1.0),
    "local months in UTC": ([each.astimezone(dt.UTC).isoformat() for each in LOCAL], "months", 1.0),
    "weeks": (["2024-02-26", "2024-03-04"], "seconds", 604_800.0),
    "compact days": (["20240131", "20240201"], "seconds", 86_400.0),
    "offsets": (["2024-01-01T00:00+01:00", "2024-01-01T00:00+00:00"], "seconds", 3600.0),
    "an hour that comes twice, with offsets": (
        ["2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00", "2024-10-27T03:00+01:00"], "seconds", 3600.0),
    "the first and the last moment": (
        ["0001-01-01T00:00+14:00", "9999-12-31T23:59:59-12:00"], "seconds", 315_537_991_199.0),
    "business days": (days(28, 0, 1, 2, 3, 4), "days of a week", 1.0),
    "days but Sundays": (days(28, 0, 1, 2, 3, 4, 5), "days of a week", 1.0),
    "a week of business days": (days(5, 0, 1, 2, 3, 4), "seconds", 86_400.0),
    "Mondays": (days(90, 0), "seconds", 604_800.0),
    "running numbers of eight digits": ([str(20_240_101 + place) for place in range(100)], "numbers", 1.0),
    "running numbers of six digits": ([str(202_401 + place) for place in range(30)], "numbers", 1.0),
    "typed days": ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "seconds", 86_400.0),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_times_are_counted_evenly(shape: str) -> None:
    cells, unit, step = SHAPES[shape]
    found = clock(cells)
    assert found.unit == unit
    assert set(np.diff(found.positions)) == {step}


@pytest.mark.parametrize(
    ("cells", "step", "name", "season"),
    [
        (["1", "2"], 5.0, "steps of 5", None),
        (["2024-01", "2024-02"], 1.0, "months", 12),
        (["2024-01", "2024-02"], 3.0, "quarters", 4),
        (["2024-01", "2024-02"], 6.0, "half years", 2),
        (["2024-01", "2024-02"], 12.0, "years", None),
        (["2024-01", "2024-02"], 5.0, "steps of 5 months", None),
        (["2024-01-01", "2024-01-02"], 1.0, "steps of 1 seconds", None),
        (["2024-01-01", "2024-01-02"], 60.0, "minutes", 60),
        (["2024-01-01", "2024-01-02"], 300.0, "steps of 5 minutes", 288),
        (["2024-01-01", "2024-01-02"], 600.0, "steps of 10 minutes", 144),
        (["2024-01-01", "2024-01-02"], 900.0, "steps of 15 minutes", 96),
        (["2024-01-01", "2024-01-02"], 1800.0, "half hours", 48),
        (["2024-01-01", "2024-01-02"], 3600.0, "hours", 24),
        (["2024-01-01", "2024-01-02"], 21_600.0, "steps of 6 hours", 4),
        (["2024-01-01", "2024-01-02"], 86_400.0, "days", 7),
        (["2024-01-01", "2024-01-02"], 172_800.0, "steps of 2 days", None),
        (["2024-01-01", "2024-01-02"], 604_800.0, "weeks", 52),
        (days(28, 0, 1, 2, 3, 4), 1.0, "business days", 5),
        (days(28, 0, 1, 2, 3, 4), 2.0, "steps of 2 business days", None),
        (days(28, 0, 1, 2, 3, 4, 5), 1.0, "days, 6 a week", 6),
    ],
)
def test_a_spacing_has_a_name_and_suggests_its_season(cells: list[str], step: float, name: str, season: int) -> None:
    assert clock(cells).spacing(step) == (name, season)


@pytest.mark.parametrize(
    "cells",
    [
        ["1700", "1701.5"],
        ["2024-01", "2024-12"],
        ["2024-01-31", "2024-02-01"],
        ["2024-01-31T18:30:00Z", "2024-01-31T18:45:00Z"],
        days(28, 0, 1, 2, 3, 4),
    ],
)
def test_a_position_is_told_as_it_was_written(cells: list[str]) -> None:
    found = clock(cells)
    assert [found.at(position) for position in found.positions] == [
        each.replace("Z", "") + "Z" * ("Z" in each) for each in cells
    ]


@pytest.mark.parametrize(
    ("cells", "line", "message"),
    [
        (["yesterday", "2024-01-02"], 2, "'yesterday' in column 'when', which is no time"),
        (["1", "2", "oops", "4"], 4, "'oops' in column 'when', which is no number"),
        (["20240101"] * 20 + ["20240231"], 22, "'20240231' in column 'when', which is no time"),
        (["2024-01-01", "2024-01-02", "03/01/2024"], 4, "which is no time"),
        (["2024-01-01", " ", "2024-01-03"], 3, "has no time in column 'when'"),
        (["1", None], 3, "has no time"),
        (["1", "1e999", "3"], 3, "which is no number"),
        (["2024-01-01T00:00", "2024-01-02T00:00Z"], 3, "with and without an offset"),
    ],
)
def test_the_cell_that_differs_from_the_others_is_blamed_by_its_line(cells: list[Any], line: int, message: str) -> None:
    with pytest.raises(SeriesError, match=message) as refused:
        clock(cells)
    assert refused.value.detail.startswith(f"line {line} of x.csv")


def test_numbers_that_cannot_be_told_apart_are_refused_as_that() -> None:
    exact = 2**53
    assert clock([str(exact - 1), str(exact)]).unit == "numbers"
    with pytest.raises(SeriesError, match=r"line 3 of x.csv holds a number beyond 2\^53 in column 'when'"):
        clock([str(exact), str(exact + 2)])
