"""CSV: what a cell or a line that cannot be read is told as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.batch import csv_files, planning
from service.batch.job import Columns, Source
from service.batch.series import Asked
from service.errors import SettingsError


def read(path: Path, text: str | bytes, time: str | None = None) -> list[Asked]:
    """All series of a file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    source = Source(files=(str(path),), columns=Columns(id="item", time=time, value="sold"), form="long", csv=True)
    for each in source.files:
        csv_files.require(each, source.columns)
    parts, _ = planning.parts_of(csv_files.runs(source), 3)
    return [each for part in parts for each in csv_files.read(source, part)]


def test_a_cell_that_is_no_number_is_told_by_its_line_and_spoils_its_series_alone(tmp_path: Path) -> None:
    one, two, three = read(tmp_path / "in.csv", "item,sold\na,1\na,\nb,2\nb,2·5\nb,x\nc, 3\nc,NA\n")
    assert (one.error, two.error, three.error) == (None, "line 5: '2·5' is no number", None)
    np.testing.assert_array_equal(one.values, [1.0, np.nan])
    np.testing.assert_array_equal(three.values, [3.0, np.nan])


def test_numbers_are_the_same_beside_a_bad_cell(tmp_path: Path) -> None:
    cells = ["0.1", " 2.5e-3", "1e400", "-0.0", "123456789.123456789", ""]
    good = read(tmp_path / "good.csv", "".join(["item;sold\n", *(f"a;{each}\n" for each in cells)]))
    both = read(tmp_path / "both.csv", "".join(["item;sold\n", *(f"a;{each}\n" for each in cells), "b;bad\n"]))
    np.testing.assert_array_equal(both[0].values, good[0].values)
    assert good[0].error == both[0].error == "a value is infinite"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n\n"])
def test_a_file_may_end_as_it_likes_and_begin_with_a_mark(tmp_path: Path, ending: str) -> None:
    (found,) = read(tmp_path / "in.csv", b"\xef\xbb\xbfsold\titem\r\n1\tNA\r\n2\tNA" + ending.encode())
    assert (found.id, found.values.tolist()) == ("NA", [1.0, 2.0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("item,sold\na,1\na,1,5\n", "line 3 of in.csv has 3 cells; the header has 2"),
        ("item,sold\na,1\n\na,2\n", "line 3 of in.csv has no id"),
        ("item,sold\na,1\n,2\n", "line 3 of in.csv has no id"),
        ('item,sold\n"a\nb",1\n', "in.csv"),
        (b"item,sold\n\xff,1\n", "in.csv from line 2 on: "),
        (b"it\xffem,sold\na,1\n", "in.csv is not UTF-8"),
        ("item,sold\n", "the input has no rows"),
    ],
)
def test_a_file_of_another_form_is_refused_by_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(tmp_path / "in.csv", text)


def test_a_value_that_is_no_text_is_told_too(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "in.csv", b"item,sold\na,\xff\n")
    assert found.error is not None
    assert "line 2" in found.error
