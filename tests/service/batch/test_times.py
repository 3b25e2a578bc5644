"""Times: the order of a series' rows, and which are evenly spaced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from service.batch.series import Asked, grouped


def one(times: Any) -> Asked:
    """A series of rising values at ``times``."""
    ids = pa.array(["a"] * len(times))
    (found,) = grouped(ids, times, pa.array([*map(float, range(len(times)))]), {})
    return found


def dates(*texts: str) -> pa.Array:
    return pa.array(np.array(texts, "datetime64[D]"))


DAILY = pa.array(np.arange("2024-01-01", "2024-02-01", dtype="datetime64[D]"))
MONTHLY = np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")
BERLIN = pa.array(np.arange("2024-03-28T23", "2024-04-03T23", 24, dtype="datetime64[h]").astype("datetime64[us]"))


@pytest.mark.parametrize(
    "times",
    [
        DAILY,
        DAILY.cast(pa.string()),
        DAILY.cast(pa.string()).dictionary_encode(),
        pa.array(MONTHLY),
        pa.array(MONTHLY + 27),
        pa.array((MONTHLY.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1),
        dates("2024-01-31", "2024-04-30", "2024-07-31"),
        dates("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"),
        dates("2020-02-03", "2021-02-03", "2022-02-03", "2023-02-03"),
        pa.array([1, 2, 3]),
        pa.array(["1", "2", " 3"]),
        pa.array([0.1, 0.2, 0.3]),
        pa.array(["2024-01-05T10:00", "2024-01-05T11:00", "2024-01-05 12:00:00"]),
        pa.array(["2024-01-05T10:00+02:00", "2024-01-05T11:00+02:00", "2024-01-05T12:00+02:00"]),
        dates("2024-01-01"),
    ],
)
def test_what_clocks_and_calendars_space_evenly_is_even(times: Any) -> None:
    found = one(times)
    assert (found.error, found.warnings) == (None, [])


def test_days_are_even_where_summer_time_begins() -> None:
    local = pa.array(["2024-03-29", "2024-03-30", "2024-03-31", "2024-04-01"]).cast(pa.timestamp("us"))
    zoned = pa.compute.assume_timezone(local, "Europe/Berlin")
    assert one(zoned).warnings == []


@pytest.mark.parametrize(
    "times",
    [
        dates("2024-01-01", "2024-01-02", "2024-01-04"),
        dates("2024-01-01", "2024-02-01", "2024-04-01"),
        dates("2024-01-31", "2024-02-28", "2024-03-31"),
        dates("2024-01-05", "2024-01-06", "2024-01-08"),
        pa.array([1, 2, 4]),
        pa.array(["1", "2", "4"]),
    ],
)
def test_other_times_have_a_warning(times: Any) -> None:
    found = one(times)
    assert found.error is None
    assert "not evenly spaced" in found.warnings[0]


@pytest.mark.parametrize("ids", [["a"] * 4, ["b", "a", "a", "a"]])
def test_rows_are_sorted_by_time_and_it_is_said(ids: list[str]) -> None:
    times = dates("2024-01-03", "2024-01-01", "2024-01-04", "2024-01-02")
    found = grouped(pa.array(ids), times, pa.array([3.0, 1.0, 4.0, 2.0]), {})[-1]
    assert found.values.tolist() == sorted(found.values.tolist())
    assert found.warnings[0] == "Its rows were sorted by time."
    assert len(found.warnings) == 1 + (len(ids) != ids.count("a"))  # without the third day there is a gap


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (dates("2024-01-01", "2024-01-02", "2024-01-01"), "several values for one time"),
        (pa.array([1, None, 3]), "row 2 of it has no time that can be read"),
        (pa.array(["2024-01-01", "tomorrow", "2024-01-03"]), "row 1 of it has no time that can be read"),
        (pa.array(["1", "2024-01-02", "3"]), "row 1 of it has no time that can be read"),
    ],
)
def test_a_series_without_an_order_has_an_error(times: Any, said: str) -> None:
    assert said in (one(times).error or "")


def test_a_series_is_judged_by_itself_whatever_stands_beside_it() -> None:
    kinds = {
        "numbers": ["1", "2", "3"],
        "even": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "months": ["2024-01-01", "2024-02-01", "2024-03-01"],
        "uneven": ["2024-01-01", "2024-01-02", "2024-01-04"],
        "aware": ["2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T02:00Z"],
        "bad": ["1", "2", "x"],
        "back": ["3", "2", "1"],
    }
    together = grouped(
        pa.array([name for name in kinds for _ in range(3)]),
        pa.array([each for texts in kinds.values() for each in texts]),
        pa.array([1.0, 2.0, 3.0] * len(kinds)),
        {},
    )
    for found, texts in zip(together, kinds.values(), strict=True):
        alone = one(pa.array(texts))
        assert (found.error, found.warnings) == (alone.error, alone.warnings)
