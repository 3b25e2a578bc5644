"""Bad series: what is mended is said, what is not is refused with what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from training.series.checks import mended, trainable
from training.series.panel import Panel, RawSeries, SeriesError
from training.series.splits import Split
from training.series.times import Clock

DAY = 86_400.0


def one(values: Any, times: Any = None) -> Panel:
    places = None if times is None else np.asarray(times, float)
    clock = None if places is None else Clock(places, "seconds")
    return mended([RawSeries("x", np.asarray(values, float), places)], clock)


def several(**values: Any) -> Panel:
    """Mended series, each by its name."""
    return mended([RawSeries(name, np.asarray(each, float), None) for name, each in values.items()], None)


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


WALK = np.random.default_rng(5).normal(size=160).cumsum()
SPLIT = Split(4)
TRAINED, CALIBRATED, JUDGED = SPLIT.ends(160)
STILL = f"stands still in the first {TRAINED} of its 160 values, which train"
BESIDE = {
    "constant": (np.full(160, 3.0), "bad is constant"),
    "constant but for rounding": (np.where(np.arange(160) % 2, 0.1 + 0.2, 0.3), "bad is constant"),
    "zero": (np.zeros(160), "bad is constant"),
    "gaps": (np.full(160, np.nan), "bad has no values at all"),
    "short": (WALK[:20], "bad is too short: 20 values"),
    "ends early": (np.where(np.arange(160) < 20, WALK, np.nan), "bad is too short: 20 values"),
    "starts late": (np.where(np.arange(160) < 140, np.nan, WALK), "bad is too short: 20 values"),
    "launched late": (np.where(np.arange(160) < 140, 0.0, WALK), f"bad {STILL}"),
    "launched in the validation part": (np.where(np.arange(160) < TRAINED + 5, 5.0, WALK), f"bad {STILL}"),
    "mostly gaps": (np.where(np.arange(160) % 2, np.nan, WALK), "values of bad are missing"),
    "huge": (np.where(np.arange(160) == 80, 1e101, WALK), "bad has a value beyond"),
}


@pytest.mark.parametrize("kind", BESIDE)
def test_one_bad_series_is_left_out_by_name_with_the_reason_and_harms_no_other(kind: str) -> None:
    bad, reason = BESIDE[kind]
    panel = trainable(several(a=WALK, bad=bad, b=-WALK), SPLIT)
    assert [each.name for each in panel.series] == ["a", "b"]
    assert panel.series[0].values.tolist() == WALK.tolist()
    (said,) = panel.left_out
    assert f"left out: {said}" in panel.notes
    assert reason in said
    with pytest.raises(SeriesError, match=reason):
        trainable(several(bad=bad), SPLIT)


@pytest.mark.parametrize(
    "values",
    [
        np.where(np.arange(160) < 80, WALK, WALK[80]),  # ends early, and is written on
        np.where(
            (np.arange(160) >= CALIBRATED) & (np.arange(160) < JUDGED), 3.0, WALK
        ),  # still in the calibration part
        np.where(np.arange(160) >= JUDGED, 3.0, WALK),  # still in the hold-out
        np.where(np.arange(160) == 50, 1e6, WALK),  # one outlier
    ],
)
def test_a_series_that_moves_where_it_trains_is_used(values: Any) -> None:
    assert len(trainable(several(a=WALK, b=values), SPLIT).series) == 2


def test_of_a_panel_without_any_usable_series_the_first_reason_is_said() -> None:
    with pytest.raises(SeriesError, match="none of the 2 series can be used; the first: b is constant"):
        several(b=np.ones(6), c=np.ones(6))


def test_of_very_many_that_are_left_out_twenty_are_named_and_the_rest_counted() -> None:
    panel = several(good=WALK, **{f"flat{n}": np.ones(9) for n in range(30)})
    assert sum("is constant" in each for each in panel.left_out) == 20
    assert panel.left_out[-1] == "10 more, 30 of 31 series in all"


def test_the_digest_tells_data_apart() -> None:
    assert one([1, 2, 3, 4, 6]).sha256 == one([1, 2, 3, 4, 6]).sha256
    assert one([1, 2, 3, 4, 6]).sha256 != one([1, 2, 3, 4, 7]).sha256


@pytest.mark.parametrize("pair", [(np.nan, 2.0), (2.0, np.nan), (2.0, 2.0)])
def test_a_time_that_stands_twice_counts_once_whichever_row_has_the_value(pair: tuple[float, float]) -> None:
    panel = one([1, *pair, 3, 5, 4], DAY * np.array([0, 1, 1, 2, 3, 4]))
    assert panel.series[0].values.tolist() == [1, 2, 3, 5, 4]
    assert panel.repairs == ("1 repeated rows dropped",)
    shuffled = one([5, pair[0], 3, 1, pair[1], 4], DAY * np.array([3, 1, 2, 0, 1, 4]))
    assert shuffled.series[0].values.tolist() == [1, 2, 3, 5, 4]


HOURS = 3600.0 * np.array([*range(6), 5, *range(6, 30)])


def read_at(times: Any, aware: bool = False) -> Panel:
    """A series that moves, with lines from 2 on."""
    positions = np.asarray(times, float)
    values = np.asarray(np.arange(len(positions)) % 7, np.float64)
    lines = np.arange(2, len(positions) + 2)
    return mended([RawSeries("x", values, positions, lines)], Clock(positions, "seconds", aware))


@pytest.mark.parametrize(
    ("midnight", "aware", "cure"),
    [
        ("2024-10-26T21:00", False, "Where summer time ends an hour comes twice: write times with their offset"),
        ("2024-11-02T21:00", False, "Where summer time ends an hour comes twice"),
        ("2024-10-25T21:00", False, "Sum or average them first"),
        ("2024-10-26T21:00", True, "Sum or average them first"),
    ],
)
def test_the_hour_that_comes_twice_in_autumn_is_told_in_words(midnight: str, aware: bool, cure: str) -> None:
    begin = float(np.datetime64(midnight, "s").astype(int))
    with pytest.raises(SeriesError, match=cure) as refused:
        read_at(begin + HOURS, aware)
    assert "T02:00:00" in refused.value.detail
    assert "(lines 7 and 8)" in refused.value.detail


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ([0, 1, 2, 3.4, 4, 5], "usual spacing is days, and 1970-01-03 is followed by 1970-01-04T09:36:00 (line 5)"),
        ([0, 1, 2, 3, 20, 21], "longest gap is from 1970-01-04 to 1970-01-21 (line 6)"),
        ([0, 1, 2, 3, 4, 2_932_896], "longest gap is from 1970-01-05 to 9999-12-31 (line 7)"),
    ],
)
def test_what_is_wrong_with_times_is_told_by_the_times_and_their_line(days: list[float], message: str) -> None:
    with pytest.raises(SeriesError) as refused:
        read_at(DAY * np.array(days))
    assert message in refused.value.detail


@pytest.mark.parametrize("step", [1e-90, 1e-9, 1 / 24 / 60, 1 / 24, 1.0, 7.0, 1e90])
def test_plain_numbers_may_count_time_in_steps_of_any_size(step: float) -> None:
    """Ten thousand rows: a step that is off by a millionth would be a whole row at their end."""
    times = np.asarray((45_292.0 if 1e-4 < step < 1.0 else 0.0) + np.arange(10_000) * step, np.float64)
    values = np.asarray(np.sin(np.arange(10_000)), np.float64)
    panel = mended([RawSeries("x", values[::-1].copy(), times[::-1].copy())], Clock(times, "numbers"))
    assert panel.series[0].values.tolist() == values.tolist()
    assert panel.step == f"steps of {step:g}"


def test_fractions_of_a_second_since_1970_are_told_apart_as_far_as_floats_have_them() -> None:
    times = np.asarray(1.7e9 + np.arange(10_000) / 1_000, np.float64)
    values = np.asarray(np.sin(times), np.float64)
    panel = mended([RawSeries("x", values, times)], Clock(times, "numbers"))
    assert len(panel.series[0].values) == 10_000
    assert panel.step == "steps of 0.001"
