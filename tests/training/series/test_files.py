"""Series from a file: one for each column and id, with their times and lines."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet as parquet
import pytest

from training.series.checks import mended
from training.series.files import Source, found, read
from training.series.panel import SeriesError


def written(folder: Path, text: str) -> Path:
    path = folder / "sales.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_column_is_a_series_in_the_order_of_its_rows(tmp_path: Path) -> None:
    text = "\ufeffday,amount,note\n1,10.5,a\n2,,b\n3,NaN,c\n4,1e3,d\n"
    (series,), clock = read(Source((written(tmp_path, text),), ("amount",)))
    np.testing.assert_array_equal(series.values, [10.5, np.nan, np.nan, 1000.0])
    assert series.name == "amount"
    assert series.times is None
    assert series.lines is not None
    assert series.lines.tolist() == [2, 3, 4, 5]
    assert clock is None


def test_ids_and_columns_make_one_series_each(tmp_path: Path) -> None:
    text = "shop,day,in,out\nb,1,1,5\na,1,2,6\nb,2,3,7\na,2,4,8\n"
    found, clock = read(Source((written(tmp_path, text),), ("in", "out"), "shop", "day"))
    assert {each.name: each.values.tolist() for each in found} == {
        "b:in": [1, 3], "a:in": [2, 4], "b:out": [5, 7], "a:out": [6, 8]
    }  # fmt: skip
    assert found[0].times is not None
    assert found[0].times.tolist() == [1, 2]
    assert found[1].lines is not None
    assert found[1].lines.tolist() == [3, 5]
    assert clock is not None
    assert clock.unit == "numbers"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shop,when,x\na,2024-01-01,1\na,2024-01-02,two\n", "line 3 of sales.csv holds 'two' in column 'x'"),
        ("shop,when,x\na,2024-01-01,1\n,2024-01-02,2\n", "line 3 of sales.csv has no 'shop'"),
        ('shop,when,x\na,"2024-01-01",1\n\na,yesterday,2\n', "line 4 of sales.csv holds 'yesterday' in column 'when'"),
    ],
)
def test_a_bad_cell_of_any_column_is_refused_by_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match=message):
        read(Source((written(tmp_path, text),), ("x",), "shop", "when"))


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 4)]
    table = pyarrow.table({"day": days, "x": [1.0, None, 3.0], "note": ["a", "b", "c"]})
    parquet.write_table(table, tmp_path / "sales.parquet")
    (series,), clock = read(Source((tmp_path / "sales.parquet",), ("x",), time_column="day"))
    np.testing.assert_array_equal(series.values, [1.0, np.nan, 3.0])
    assert series.lines is None
    assert clock is not None
    assert np.diff(clock.positions).tolist() == [86_400.0, 172_800.0]
    parquet.write_table(pyarrow.table({"x": ["1,5", "two"]}), tmp_path / "text.parquet")
    with pytest.raises(SeriesError, match=r"row 2 of text.parquet holds 'two'"):
        read(Source((tmp_path / "text.parquet",), ("x",)))


def test_several_files_are_one_table_whose_rows_know_their_file(tmp_path: Path) -> None:
    (tmp_path / "part-2.csv").write_text("shop;day;x\na;2024-01-02;2,5\nb;2024-01-02;7\n")
    (tmp_path / "part-1.csv").write_text("shop,day,x,note\na,2024-01-01,1.5,n\n")
    days = pyarrow.array([dt.date(2024, 1, 3)] * 2)
    parquet.write_table(pyarrow.table({"x": [3, 8], "shop": ["a", "b"], "day": days}), tmp_path / "part-3.parquet")
    source = Source(found([str(tmp_path / "part-*")]), ("x",), "shop", "day")
    assert [path.name for path in source.paths] == ["part-1.csv", "part-2.csv", "part-3.parquet"]
    assert source.title == "part-1.csv and 2 more"
    series, clock = read(source)
    assert {each.name: each.values.tolist() for each in series} == {"a": [1.5, 2.5, 3], "b": [7, 8]}
    assert clock is not None
    assert clock.spacing(86_400.0) == ("days", 7)
    (tmp_path / "part-2.csv").write_text("shop;day;x\na;2024-01-02;2,5\nb;soon;7\n")
    with pytest.raises(SeriesError, match=r"line 3 of part-2.csv holds 'soon' in column 'day'"):
        read(source)
    with pytest.raises(SeriesError, match=r"no file is called like .*/other-\*"):
        found([str(tmp_path / "other-*")])


def test_a_name_with_a_star_in_it_is_a_files_name_where_there_is_one(tmp_path: Path) -> None:
    for each in ("a[1].csv", "a1.csv"):
        (tmp_path / each).touch()
    assert found([str(tmp_path / "a[1].csv")]) == (tmp_path / "a[1].csv",)
    assert found([str(tmp_path / "a?.csv"), str(tmp_path / "a1.csv")]) == (tmp_path / "a1.csv",)


def test_what_else_is_known_of_each_row_stays_with_its_value_through_repairs(tmp_path: Path) -> None:
    text = "shop,day,x,price,sky\na,3,5,1.5,sun\na,1,4,,rain\na,1,4,,rain\nb,1,,2.5,\nb,2,6,NA,NA\nb,3,7,3,rain\n"
    text += "a,4,6,2,-\na,5,7,2,sun\na,6,8,2,sun\n"
    source = Source((written(tmp_path, text),), ("x",), "shop", "day", ("price", "sky"))
    series, clock = read(source)
    assert series[1].columns["price"].tolist()[0] == 2.5
    panel = mended(series, clock)
    first, second = panel.series
    assert first.values.tolist() == [4, 4.5, 5, 6, 7, 8]
    np.testing.assert_array_equal(first.columns["price"], [np.nan, np.nan, 1.5, 2, 2, 2])
    assert first.columns["sky"].tolist() == ["rain", "", "sun", "", "sun", "sun"]
    assert second.values.tolist() == [6, 7]
    np.testing.assert_array_equal(second.columns["price"], [np.nan, 3])
    assert second.columns["sky"].tolist() == ["", "rain"]
    other = mended(read(replace(source, extra=("sky",)))[0], clock)
    assert other.sha256 != panel.sha256 != mended(read(replace(source, extra=()))[0], clock).sha256
