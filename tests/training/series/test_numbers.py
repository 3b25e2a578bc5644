"""Cells as numbers: what stands for nothing, which decimal mark, and what is never guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from training.series.numbers import numbers, numbers_or_texts
from training.series.panel import SeriesError


def read(*cells: Any) -> list[float]:
    return numbers("x", pa.chunked_array([cells]), lambda row: f"line {row + 2} of x.csv").tolist()


def test_what_stands_for_nothing_is_a_gap() -> None:
    gaps = ["", " ", "NA", "n/a", "NaN", "null", "None", "-", "#N/A", "<NA>", ".", "..", ":", "?", None]
    assert np.isnan(read(*gaps)).all()
    assert np.isnan(read(float("nan"), None)).all()
    assert np.isnan(read(None, None)).all()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", " 2.5 ", "+3", "-.5", "4.", "1e3", "-1.5E-3"], [1, 2.5, 3, -0.5, 4, 1000, -0.0015]),
        (["1,5", "-2,25", "3", ",5", "1,5e3"], [1.5, -2.25, 3, 0.5, 1500]),
        (["0,125", "1,250"], [0.125, 1.25]),  # no number begins with a group of zero thousands
        (["1234,567", "1,250"], [1234.567, 1.25]),  # nor with four digits
        (["1.234", "5.678"], [1.234, 5.678]),  # three decimals throughout
        (["1.234", "0.5", "7"], [1.234, 0.5, 7]),
        ([1, 2.5, None], [1, 2.5, np.nan]),
        ([Decimal("0.1"), None, Decimal(12)], [0.1, np.nan, 12]),
    ],
)
def test_numbers_are_read_with_the_columns_decimal_mark(cells: list[Any], values: list[float]) -> None:
    np.testing.assert_array_equal(read(*cells), values)


@pytest.mark.parametrize(
    ("cells", "line", "message"),
    [
        (["1", "two"], 3, "holds 'two' in column 'x', which is no number"),
        (["1", "1_000"], 3, "no number"),
        (["1", "0x10"], 3, "no number"),
        (["1", "१२"], 3, "no number"),
        (["1", "1 000"], 3, "no number"),
        (["1", "12 %"], 3, "no number"),
        (["1", "1.234.567"], 3, "no number"),
        (["1", "1,234,567"], 3, "no number"),
        ([True], 2, "no number"),
        ([[1.0]], 2, "no number"),
        (["1", "-inf"], 3, "infinite"),
        (["1", "1e999"], 3, "infinite"),
        ([0.5, float("inf")], 3, "infinite"),
        ([None, dt.date(2024, 1, 31)], 3, "holds '2024-01-31' in column 'x', which is no number"),
        (["1.5", "2.5", "3,5"], 4, "'3,5' in column 'x', where both marks occur"),
        (["1,5", "1.234,5"], 3, "both marks occur"),
        (["987", "1,234"], 3, "may be for decimals or between thousands"),
        (["1,234", "2,345"], 2, "may be for decimals or between thousands"),
        (["987", "1.002", "1.234"], 3, "may be for decimals or between thousands"),
    ],
)
def test_what_is_no_number_or_could_be_two_is_refused_with_its_line(cells: list[Any], line: int, message: str) -> None:
    with pytest.raises(SeriesError, match=message) as refused:
        read(*cells)
    assert refused.value.detail.startswith(f"line {line} of x.csv ")


def test_a_column_of_words_is_texts_and_one_of_numbers_with_a_word_among_them_is_refused() -> None:
    def told(*cells: Any) -> list[Any]:
        return numbers_or_texts("x", pa.chunked_array([cells]), lambda row: f"line {row + 2} of x.csv").tolist()

    assert told("rain ", "NA", "sun", "7") == ["rain", "", "sun", "7"]
    assert told(True, None) == ["true", ""]
    np.testing.assert_array_equal(told("1,5", "", "2"), [1.5, np.nan, 2.0])
    np.testing.assert_array_equal(told(1, None), [1.0, np.nan])
    with pytest.raises(SeriesError, match=r"line 4 of x.csv holds 'rain'"):
        told("1", "2", "rain")
