"""Parts and ids: what stands in two places is refused, and every row is in one part."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from service.batch import csv_files, parquet_files, planning
from service.batch.job import Columns, Source
from service.errors import SettingsError
from tests.service.batch.made import csv, parquet

COLUMNS = Columns(id="item", time=None, value="sold")


def source(*files: str) -> Source:
    return Source(files=files, columns=COLUMNS, form="long", csv=files[0].endswith(".csv"))


def table(*names: str) -> pa.Table:
    return pa.table({"item": [*names], "sold": [float(place) for place in range(len(names))]})


@pytest.mark.parametrize("write", [parquet, csv])
def test_an_id_that_comes_back_is_refused_with_what_to_sort_by(tmp_path: Path, write: object) -> None:
    kind = csv if write is csv else parquet
    name = "in.csv" if write is csv else "in.parquet"
    given = source(kind(tmp_path / name, table("a", "a", "b", "a")))
    where = "row 5" if write is csv else "row 4"  # of a CSV file its line
    with pytest.raises(SettingsError, match=rf"the id a comes back at {where} of in\..* sort the input by its id"):
        planning.parts_of((csv_files if given.csv else parquet_files).runs(given), 3)


def test_an_id_in_two_files_is_refused(tmp_path: Path) -> None:
    given = source(parquet(tmp_path / "a.parquet", table("a")), parquet(tmp_path / "b.parquet", table("b", "a")))
    with pytest.raises(SettingsError, match=r"the id a comes back at row 2 of b\.parquet"):
        planning.parts_of(parquet_files.runs(given), 3)


def test_different_ids_of_one_hash_are_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "hash", lambda _: 7, raising=False)
    given = source(parquet(tmp_path / "in.parquet", table("a", "b", "b", "c")))
    assert planning.parts_of(parquet_files.runs(given), 3)[1] == 3


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_the_parts_hold_every_series_once_whatever_pieces_the_file_is_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(planning, "MOST_SERIES", 3)
    monkeypatch.setattr(csv_files, "_BLOCK", 40)
    monkeypatch.setattr(parquet_files, "_ROWS", 3)
    names = [name for place in range(10) for name in [f"item {place}"] * (1 + place % 4)]
    kind, of_kind = (csv, csv_files) if ending == ".csv" else (parquet, parquet_files)
    given = source(kind(tmp_path / f"in{ending}", table(*names)))
    parts, count = planning.parts_of(of_kind.runs(given), 3)
    assert (len(parts), count) == (4, 10)
    found = [each for part in parts for each in of_kind.read(given, part)]
    assert [each.id for each in found] == [f"item {place}" for place in range(10)]
    assert [value for each in found for value in each.values.tolist()] == [*map(float, range(len(names)))]


def test_a_part_ends_where_it_has_values_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_VALUES", 4)
    given = source(parquet(tmp_path / "in.parquet", table(*"aaabbbccccccd")))
    parts, _ = planning.parts_of(parquet_files.runs(given), 3)
    assert [(part.start, part.stop) for part in parts] == [(0, 6), (6, 12), (12, 13)]


def test_long_horizons_make_small_parts(tmp_path: Path) -> None:
    given = source(parquet(tmp_path / "in.parquet", table(*map(str, range(2500)))))
    assert len(planning.parts_of(parquet_files.runs(given), 1)[0]) == 1
    assert len(planning.parts_of(parquet_files.runs(given), 1000)[0]) == 3
