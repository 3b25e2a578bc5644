"""Reading series: what is understood, and what every bad file is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from training.series.files import Source, read
from training.series.panel import SeriesError


def written(folder: Path, text: str, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_column_is_read_whatever_separates_it(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeffday,amount,note\n1,10.5,a\n2,,b\n3,NaN,c\n4,1e3,d\n".replace(",", delimiter)
    (series,), clock = read(Source(written(tmp_path, text), ("amount",)))
    np.testing.assert_array_equal(series.values, [10.5, np.nan, np.nan, 1000.0])
    assert series.name == "amount"
    assert series.times is None
    assert clock is None


def test_ids_and_columns_make_one_series_each(tmp_path: Path) -> None:
    text = "shop,day,in,out\nb,1,1,5\na,1,2,6\nb,2,3,7\na,2,4,8\n"
    found, _ = read(Source(written(tmp_path, text), ("in", "out"), "shop", "day"))
    assert {each.name: each.values.tolist() for each in found} == {
        "b:in": [1, 3], "a:in": [2, 4], "b:out": [5, 7], "a:out": [6, 8]
    }  # fmt: skip
    assert found[0].times is not None
    assert found[0].times.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("times", "unit", "step"),
    [
        (["1700", "1701"], "numbers", 1.0),
        (["2024-01", "2024-02"], "months", 1.0),
        (["2024-01-31", "2024-02-29"], "months", 1.0),
        (["2024-01-15", "2024-04-15"], "months", 3.0),
        (["2024-02-26", "2024-03-04"], "seconds", 604_800.0),
        (["2024-01-01T00:00+01:00", "2024-01-01T00:00+00:00"], "seconds", 3600.0),
    ],
)
def test_times_are_numbers_months_or_seconds(tmp_path: Path, times: list[str], unit: str, step: float) -> None:
    text = "when,x\n" + "".join(f"{time},1\n" for time in times)
    (series,), clock = read(Source(written(tmp_path, text), ("x",), time_column="when"))
    assert clock is not None
    assert clock.unit == unit
    assert series.times is not None
    assert np.diff(series.times).tolist() == [step]


def test_a_spacing_suggests_its_season(tmp_path: Path) -> None:
    text = "when,x\n2024-01,1\n2024-02,2\n"
    _, clock = read(Source(written(tmp_path, text), ("x",), time_column="when"))
    assert clock is not None
    assert [clock.spacing(step) for step in (1.0, 3.0, 12.0, 5.0)] == [
        ("months", 12), ("quarters", 4), ("years", None), ("steps of 5 months", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("amount\n1\ntwo\n", "row 2 of column amount holds no number"),
        ("amount\n1\ninf\n", "row 2 of column amount is infinite"),
        ("price\n1\n", "has no column 'amount'; it has price"),
        ("amount,id\n", "a header and no rows"),
        ("", "has no column 'amount'"),
        ("day,amount\n1,2\n3\n", "row 2 of sales.csv has 1 cells; the header has 2"),
    ],
)
def test_a_bad_csv_is_refused_by_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SeriesError, match=message):
        read(Source(written(tmp_path, text), ("amount",)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when,x\nyesterday,1\n", "row 1 of column when is no time"),
        ("when,x\n2024-01-01T00:00,1\n2024-01-02T00:00Z,1\n", "mixes times with and without an offset"),
    ],
)
def test_a_bad_time_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SeriesError, match=message):
        read(Source(written(tmp_path, text), ("x",), time_column="when"))


def test_a_row_without_an_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="row 2 has no shop"):
        read(Source(written(tmp_path, "shop,x\na,1\n,2\n"), ("x",), "shop"))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match=r"none.csv cannot be read: No such file"):
        read(Source(tmp_path / "none.csv", ("x",)))
    (tmp_path / "latin.csv").write_bytes("größe\n1\n".encode("latin-1"))
    with pytest.raises(SeriesError, match=r"latin.csv cannot be read"):
        read(Source(tmp_path / "latin.csv", ("x",)))


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 4)]
    table = pyarrow.table({"day": days, "x": [1.0, None, 3.0], "note": ["a", "b", "c"]})
    parquet.write_table(table, tmp_path / "sales.parquet")
    (series,), clock = read(Source(tmp_path / "sales.parquet", ("x",), time_column="day"))
    np.testing.assert_array_equal(series.values, [1.0, np.nan, 3.0])
    assert clock is not None
    assert np.diff(clock.positions).tolist() == [86_400.0, 172_800.0]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(SeriesError, match=r"sales.parquet is no Parquet file"):
        read(Source(written(tmp_path, "x\n1\n", "sales.parquet"), ("x",)))
