"""Bad series: what is mended is said, what is not is refused with what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from training.series.checks import checked
from training.series.panel import Panel, RawSeries, SeriesError
from training.series.times import Clock

DAY = 86_400.0


def one(values: Any, times: Any = None, shortest: int = 5) -> Panel:
    places = None if times is None else np.asarray(times, float)
    clock = None if places is None else Clock(places, "seconds")
    return checked([RawSeries("x", np.asarray(values, float), places)], clock, shortest)


def test_a_good_series_is_left_as_it_is() -> None:
    panel = one([1, 2, 3, 4, 6])
    assert panel.repairs == ()
    assert panel.series[0].values.tolist() == [1, 2, 3, 4, 6]
    assert not panel.series[0].filled.any()
    assert (panel.step, panel.season) == (None, None)


def test_missing_values_are_filled_marked_and_said() -> None:
    panel = one([np.nan, 1, 2, np.nan, 4, 5, 6, 7, 9, np.nan])
    assert panel.series[0].values.tolist() == [1, 2, 3, 4, 5, 6, 7, 9]
    assert panel.series[0].filled.tolist() == [False, False, True] + 5 * [False]
    assert panel.repairs[0] == "2 missing values cut off at the ends"
    assert panel.repairs[1].startswith("1 missing values filled along straight lines")


def test_unsorted_and_repeated_rows_and_gaps_in_time_are_mended_and_said() -> None:
    times = DAY * np.array([2, 0, 1, 1, 3, 4, 5, 7, 8, 9])
    panel = one([3, 1, 2, 2, 4, 5, 6, 8, 9, 11], times)
    assert panel.series[0].values.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
    assert np.flatnonzero(panel.series[0].filled).tolist() == [6]
    said = " | ".join(panel.repairs)
    assert "1 series sorted by time" in said
    assert "1 repeated rows dropped" in said
    assert "1 missing times inserted" in said
    assert (panel.step, panel.season) == ("days", 7)


@pytest.mark.parametrize(
    ("values", "times", "message"),
    [
        ([1, 2, 3], None, "too short: 3 values, and 5 are needed"),
        (6 * [2.0], None, "is constant"),
        (6 * [np.nan], None, "has no values at all"),
        ([1, np.nan, np.nan, 4, 5, 6], None, "2 of the 6 values of x are missing; at most 20%"),
        ([1, 2, 3, 4, 5, 1e101], None, "beyond 1e[+]100"),
        ([1, 2, 3, 4, 5, 6], [0, 1, 1, 2, 3, 4], "several values for one time"),
        ([1, 2, 3, 4, 5, 6], [0, 1, 2, 3.4, 4, 5], "not evenly spaced"),
        ([1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 20, 21], "16 of 22 times of x are missing"),
        ([1, 2, 3, 4, 5, 6], 6 * [7], "all rows have the same time"),
    ],
)
def test_a_series_that_cannot_be_mended_is_refused(values: Any, times: Any, message: str) -> None:
    with pytest.raises(SeriesError, match=message):
        one(values, times)


def test_of_many_series_the_bad_ones_are_left_out_and_said() -> None:
    good, flat = np.arange(6.0), np.ones(6)
    panel = checked([RawSeries("a", good, None), RawSeries("b", flat, None)], None, 5)
    assert [each.name for each in panel.series] == ["a"]
    assert panel.repairs[0].startswith("1 of 2 series left out; the first: b: b is constant")
    with pytest.raises(SeriesError, match="none of the 2 series can be used; the first: b"):
        checked([RawSeries("b", flat, None), RawSeries("c", flat, None)], None, 5)


def test_the_digest_tells_data_apart() -> None:
    assert one([1, 2, 3, 4, 6]).sha256 == one([1, 2, 3, 4, 6]).sha256
    assert one([1, 2, 3, 4, 6]).sha256 != one([1, 2, 3, 4, 7]).sha256
