"""Columns beside own series: what is mended, what is refused, and what stands beside an origin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.inference.readings.covariates.calendar import INPUTS, Every
from training.series.covariates import beside, dated, described_of, prepared
from training.series.options import CALENDAR
from training.series.panel import OwnSeries, Panel, SeriesError, Wanted
from training.series.splits import Origins

DAY = Every(count=86_400, unit="seconds")
COUNT = 10


def panel(*columns: dict[str, Any], start: str | None = "2024-01-01", every: Every | None = DAY) -> Panel:
    moment = None if start is None else np.datetime64(start, "s")
    values, filled = np.arange(COUNT, dtype=float), np.zeros(COUNT, bool)
    series = [OwnSeries(f"s{place}", values, filled, each, moment) for place, each in enumerate(columns)]
    return Panel(tuple(series), (), every=every)


def numbers(*gaps: int) -> Any:
    found = np.arange(COUNT, dtype=float) ** 2
    found[list(gaps)] = np.nan
    return found


def texts(said: str = "aabbaabbaa") -> Any:
    return np.array([each if each != "." else "" for each in said], object)


def test_gaps_are_filled_and_said() -> None:
    columns = {"price": numbers(0, 3), "promo": texts(".ab.babbab"), "{visits}": numbers(3)}
    made = prepared(panel(columns), Wanted(("price", "promo"), ("{visits}",)))
    (series,) = made.series
    assert series.columns["price"].tolist() == [1, 1, 4, 10, 16, 25, 36, 49, 64, 81]
    assert "".join(series.columns["promo"]) == "aabbbabbab"
    assert series.columns["{visits}"].tolist() == [0, 1, 4, 4, 16, 25, 36, 49, 64, 81]  # nothing from later
    assert made.repairs == (
        "2 missing entries of price filled along straight lines",
        "2 missing entries of promo filled with the entry before",
        "1 missing entries of {visits} filled with the entry before",
    )


def test_kinds_and_categories_are_told_and_numbers_may_be_names() -> None:
    columns = {"price": numbers(), "code": np.array([1.0, 2.0] * 5), "shop": texts("aaaaaaaaaa")}
    made = prepared(panel(columns), Wanted(("price", "code"), (), ("shop",), ("code",), ("weekday",)))
    described = described_of(made)
    assert [(each.name, each.kind, each.categories) for each in described.known] == [
        ("price", "number", ()),
        ("code", "category", ("1", "2")),
    ]
    assert [(each.name, each.categories) for each in described.static] == [("shop", ("a",))]
    assert described.names == ("price", "code", "shop", "weekday")
    assert described.without("code").names == ("price", "shop", "weekday")
    assert described.every == DAY


def test_what_stands_beside_an_origin_is_what_is_known_there() -> None:
    columns = {"price": numbers(), "visits": numbers(), "shop": texts("aaaaaaaaaa")}
    made = prepared(panel(columns), Wanted(("price",), ("visits",), ("shop",), (), ("weekday",)))
    chosen = Origins(np.array([0, 0]), np.array([4, 9]), np.full((2, 3), np.nan))
    found = beside(made, chosen, 3, 3)
    assert found.ahead == 3
    first, last = found.each
    assert first.known == {"price": [1, 4, 9, 16, 25, 36]}
    assert first.past == {"visits": [1, 4, 9]}
    assert first.static == {"shop": "a"}
    assert first.start == "2024-01-02T00:00:00"
    assert last.known == {"price": [36, 49, 64, 81, 81, 81]}  # no truth is held against what comes after the end


def test_a_calendar_is_that_of_the_times_and_holidays_those_of_the_country() -> None:
    pytest.importorskip("holidays")
    made = prepared(panel({}, start="2023-12-30"), Wanted(calendar=("weekday", "month"), country="KR"))
    described = described_of(made)
    assert described.names == ("weekday", "month", "holiday")
    assert dated(made.series[0], described, "weekday", 4) == [5, 6, 0, 1]
    assert dated(made.series[0], described, "month", 4) == [12, 12, 1, 1]
    assert dated(made.series[0], described, "holiday", 4) == ["", "", "New Year's Day", ""]
    assert described.holidays["New Year's Day"][-1] == "2034-01-01"


def test_the_options_name_the_inputs_of_the_service() -> None:
    assert tuple(INPUTS) == CALENDAR


@pytest.mark.parametrize(
    ("columns", "wanted", "why"),
    [
        ({"x": np.full(COUNT, np.nan)}, Wanted(("x",)), "column 'x' of s0 says nothing"),
        ({"x": numbers(1, 2, 3)}, Wanted(("x",)), "3 of the 10 entries of column 'x' of s0 are missing"),
        ({"x": texts("aabbaabbaa")}, Wanted((), (), ("x",)), "2 different entries: a --static column"),
        ({"x": numbers()}, Wanted((), (), ("x",)), "10 different entries"),
    ],
)
def test_columns_that_cannot_be_learnt_from_are_refused_in_words(columns: Any, wanted: Wanted, why: str) -> None:
    with pytest.raises(SeriesError, match=why):
        prepared(panel(columns), wanted)


def test_too_many_categories_are_refused() -> None:
    many = [{"x": np.array([f"{place}-{each}" for each in range(COUNT)], object)} for place in range(21)]
    with pytest.raises(SeriesError, match="210 categories; at most 200"):
        prepared(panel(*many), Wanted(("x",)))


@pytest.mark.parametrize(
    ("made", "wanted", "why"),
    [
        (panel({}, every=None), Wanted(calendar=("hour",)), "--time-column"),
        (panel({}, start=None), Wanted(country="KR"), "--time-column"),
        (panel({}, every=Every(count=1, unit="months")), Wanted(country="KR"), "a day or less apart"),
        (panel({}), Wanted(country="Atlantis"), "ISO 3166"),
    ],
)
def test_a_calendar_that_cannot_be_read_is_refused(made: Panel, wanted: Wanted, why: str) -> None:
    pytest.importorskip("holidays")
    with pytest.raises(SeriesError, match=why):
        prepared(made, wanted)


def test_other_covariates_are_another_panel() -> None:
    plain = panel({"x": numbers(), "y": numbers()})
    known, past = prepared(plain, Wanted(("x", "y"))), prepared(plain, Wanted(("x",), ("y",)))
    later = prepared(panel({"x": numbers(), "y": numbers()}, start="2024-01-02"), Wanted(("x", "y")))
    assert len({each.sha256 for each in (plain, known, past, later)}) == 4
    assert replace(known, covariates=None).sha256 == replace(later, covariates=None).sha256 == plain.sha256
