"""Tables: cells are counted, lines are the file's, and each kind of file is read or its cure is named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet
import pytest

from training.series.panel import SeriesError
from training.series.tables import Table, read

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Without the time: test workers collect the same names.
PACKERS = (partial(gzip.compress, mtime=0), bz2.compress, lzma.compress, zstd.compress)


def written(folder: Path, content: str | bytes, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(folder: Path, content: str | bytes, *wanted: str, name: str = "sales.csv") -> Table:
    return read(written(folder, content, name), wanted or ("x",))


def cells(found: Table) -> dict[str, list[Any]]:
    return {name: column.to_pylist() for name, column in found.columns.items()}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_cells_are_read_whatever_separates_them_and_rows_know_their_line(
    delimiter: str, newline: str, tmp_path: Path
) -> None:
    text = '\n"day",x,note\n1,10,a\n\n2,"2,5","two\nlines"\n3,,"a ""b"""\n\n\n'.replace(",", delimiter)
    found = table(tmp_path, text.replace("\n", newline))
    assert cells(found)["x"] == ["10", f"2{delimiter}5", ""]
    assert [found.at(row) for row in range(3)] == [f"line {line} of sales.csv" for line in (3, 5, 7)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, *PACKERS])
def test_unicode_with_a_mark_and_gzip_are_read(encoding: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    found = table(tmp_path, pack("größe,값\n1,2\n".encode(encoding)), "größe", "값")
    assert cells(found) == {"größe": ["1"], "값": ["2"]}


def test_accents_may_be_composed_otherwise_than_typed(tmp_path: Path) -> None:
    assert cells(table(tmp_path, "gro\u0308\u00dfe\n1\n", "größe")) == {"größe": ["1"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x\n50,\n51\n", ["50", "51"]),
        ("a,x,,\n1,50,,\n2,51\n", ["50", "51"]),
        ("sep=;\na;x\n1;50,5\n", ["50,5"]),
        ("a;x,y;x\n1;2;3\n", ["3"]),  # the separator under which there is such a column
        ('x, "y"\n1, "2,5"\n', ["1"]),
        (",x\n0,5\n1,6\n", ["5", "6"]),  # an index without a name
        ("x\n1\n" + '"' + "y\n" * 3 + '"\n2\n', ["1", "y\ny\ny\n", "2"]),
        ("x,y\n1,2\n,\n3,4\n,\n", ["1", "", "3"]),  # amid the rows a gap, at the end of a sheet nothing
        ('x\n1\n""\n3\n', ["1", "", "3"]),
    ],
)
def test_what_can_be_meant_in_one_way_only_is_read(text: str, expected: list[str], tmp_path: Path) -> None:
    assert cells(table(tmp_path, text))["x"] == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x\n50,00\n51,99\n", "line 2 of sales.csv has 2 cells; the header has 1. Cells that hold the separator"),
        ("x,\n50,00\n51,99\n", "line 2 of sales.csv has 2 cells; the header has 1"),
        ("a,x\n1,2\n\n3,4,,5\n", "line 4 of sales.csv has 4 cells; the header has 2"),
        ('a,x\n"1\n2",2\n3\n', "line 4 of sales.csv has 1 cells; the header has 2"),
        ("x\n1\n\n3\n", "line 3 of sales.csv is blank: write NA"),
        ("x,y,x\n1,2,3\n", "names 2 columns 'x'"),
        ("price\n1\n", "has no column 'x'; its header names price"),
        ("x,y\n", "a header and no rows"),
        ("x\n\n \n", "a header and no rows"),
        ("", "is empty: a header with the names of the columns is expected"),
        ('x,y\n1,2\n3,"never closed\n5,6\n', "line 3 of sales.csv is no CSV: a quotation mark is never closed"),
        ('x,y\n1,2\n3,"a"b\n', "line 3 of sales.csv is no CSV"),
        (b"x\n1\n2\0\n", "line 3 of sales.csv has a NUL byte"),
        (
            "a,x\n\n1,gr\u00f6\u00dfe\n".encode("latin-1"),
            "line 3 of sales.csv is not UTF-8: save it as UTF-8, or convert",
        ),
        ("größe,x\n1,2\n".encode("utf-16-le"), "is UTF-16 without a byte order mark"),
        (b"\xff\xfex\0\n", "is not UTF-16"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        *((pack(b"x\n1\n")[:-9], "sales.csv cannot be read") for pack in PACKERS),
        *((pack(b"x\n1\n")[:6], "sales.csv cannot be read") for pack in PACKERS),
    ],
)
def test_what_is_no_table_or_has_not_its_cells_is_refused_by_line(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SeriesError, match=message):
        table(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    [
        "x" * 1_600_000 + "\n1\n",
        '{"rows": [' + '{"x": 1}, ' * 200_000 + "]}",
        "\x1b[31m" * 9 + ",y\n1,2\n",
        "\n" * 99_999,
    ],
)
def test_a_refusal_is_short_and_printable_whatever_the_file_holds(content: str, tmp_path: Path) -> None:
    with pytest.raises(SeriesError) as refused:
        table(tmp_path, content)
    assert len(refused.value.detail) <= 500
    assert refused.value.detail.isprintable()


def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match=r"none.csv cannot be read: No such file"):
        read(tmp_path / "none.csv", ["x"])
    with pytest.raises(SeriesError, match=r"cannot be read: Is a directory"):
        read(tmp_path, ["x"])


def test_parquet_counts_rows_and_keeps_types(tmp_path: Path) -> None:
    stamps = pyarrow.array([1_704_067_200_000_000_001, None], pyarrow.timestamp("ns"))
    parquet.write_table(pyarrow.table({"x": [1.5, None], "x.y": [1, 2], "when": stamps}), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", ["x", "when"])
    assert cells(found)["x"] == [1.5, None]
    assert cells(found)["when"][0].isoformat() == "2024-01-01T00:00:00"
    assert found.at(1) == "row 2 of a.parquet"
    twice = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["x", "x"])
    parquet.write_table(twice, tmp_path / "b.parquet")
    with pytest.raises(SeriesError, match="names 2 columns 'x'"):
        read(tmp_path / "b.parquet", ["x"])


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    for name in ("sales.parquet", "sales.csv"):
        with pytest.raises(SeriesError, match=f"{name} is no Parquet file"):
            table(tmp_path, b"PAR1 and nothing else", name=name)


def test_a_damaged_parquet_file_is_refused_wherever_the_damage_is(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"x": [0.5 * row for row in range(200)]}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    said = []
    for place in range(0, len(whole), 3):
        try:
            table(tmp_path, whole[:place] + b"\xff" + whole[place + 1 :], name="sales.parquet")
        except SeriesError as error:
            said.append(error.detail)
    assert len(said) > 30
    assert all(len(each) <= 500 and each.isprintable() for each in said)


def test_text_that_parquet_calls_binary_is_text(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"x": [b"1,5", None], "shop": ["käse".encode(), b"b"]}), tmp_path / "a.parquet")
    assert cells(read(tmp_path / "a.parquet", ["x", "shop"])) == {"x": ["1,5", None], "shop": ["käse", "b"]}


def test_cells_of_parquet_that_have_no_value_in_python_are_refused_with_their_column(tmp_path: Path) -> None:
    seconds = [568_971_820_800, 568_971_820_801]  # in the year 20000
    for cells in (
        pyarrow.array(seconds, pyarrow.timestamp("s")),
        pyarrow.array([1, 2], pyarrow.timestamp("us", "Mars/Olympus")),
        pyarrow.array([2**30, 2**30], pyarrow.int32()).cast(pyarrow.date32()),
        pyarrow.array([b"\xff", b"1"]),
    ):
        parquet.write_table(pyarrow.table({"x": cells}), tmp_path / "a.parquet")
        with pytest.raises(SeriesError, match=r"column 'x' of a.parquet has a time, a time zone or a text that cannot"):
            read(tmp_path / "a.parquet", ["x"])


def test_cells_that_are_no_single_values_are_refused(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"x": [[1.0, 2.0]]}), tmp_path / "a.parquet")
    with pytest.raises(SeriesError, match=r"column 'x' of a.parquet has cells of type list<element: double>; numbers,"):
        read(tmp_path / "a.parquet", ["x"])


@pytest.mark.parametrize("mark", ['"', " ", "\r", "\n", ""])
def test_what_cannot_separate_cells_is_not_taken_for_excels_separator(mark: str, tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match=r"no column 'x'; its header names sep="):
        table(tmp_path, f"sep={mark}\na,x\n1,2\n")
