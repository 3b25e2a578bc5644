"""Rows with covariates beside the values, for a model that was trained with some."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from service.batch.command import batch
from service.covariates import Beside
from service.errors import SettingsError
from service.inference.engine import Engine
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.calendar import Every
from service.inference.readings.covariates.effects import Known, Stepwise
from service.inference.repository import Repository
from tests.conftest import MODELS
from tests.own_series import add_with_covariates, beside_of
from tests.service.batch.made import COLUMNS, csv, parquet, row, tables

AHEAD, LENGTH = 3, 30
SALES = Effects(
    form="added",
    unit=3.0,
    known=(
        Known(name="price", kind="number", at=(0.0, 0.5, 1.0), adds=(4.0, 0.0, -2.0)),
        Known(name="promo", kind="category", categories=("no", "yes"), adds=(0.0, 5.0)),
    ),
    calendar=(Known(name="weekday", kind="number", at=tuple(map(float, range(7))), adds=(0, 0, 0, 0, 1, 3, 2)),),
    every=Every(count=86_400, unit="seconds"),
    past=(Stepwise(name="visits", kind="number", centre=0.5, spread=0.3, steps=((0.5, 0.1, 0.0), (0.2, 0.0, 0.0))),),
    static=(Stepwise(name="shop", kind="category", categories=("north", "south")),),
)
SERIES = {name: beside_of(SALES, LENGTH, AHEAD, seed) for seed, name in enumerate("abcdef")}
DAYS = np.datetime64("2024-01-01") + np.arange(LENGTH + AHEAD)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    add_with_covariates(folder, "sales", SALES)
    return folder


def rows(changed: Mapping[tuple[str, int, str], Any] = MappingProxyType({})) -> pa.Table:
    """A row for each value and step ahead; ``changed`` cells by id, place and column."""
    made = []
    for name, (values, beside) in SERIES.items():
        for step, day in enumerate(DAYS.tolist()):
            known = {column: cells[step] for column, cells in beside.known.items()}
            past = {column: cells[step] if step < LENGTH else None for column, cells in beside.past.items()}
            of = {"item": name, "month": day, "sold": values[step] if step < LENGTH else None}
            made.append({**of, **known, **past, **beside.static})
            made[-1] |= {column: cell for (whose, at, column), cell in changed.items() if (whose, at) == (name, step)}
    return pa.table({column: pa.array([each[column] for each in made]) for column in made[0]})


def run(source: str, out: Path, models: Path, *more: str) -> tuple[pa.Table, pa.Table]:
    own = ("--models-dir", str(models), "--model", "sales", "--horizon", str(AHEAD), "--workers", "1")
    batch([source, "--output", str(out), *own, *COLUMNS, *more])
    return tables(out)


@pytest.mark.parametrize("write", [parquet, csv])
def test_each_series_has_the_answer_of_the_engine_with_its_covariates(tmp_path: Path, models: Path, write: Any) -> None:
    shuffled = np.random.default_rng(0).permutation(LENGTH + AHEAD)
    order = np.concatenate((shuffled, np.arange(LENGTH + AHEAD, len(SERIES) * (LENGTH + AHEAD))))
    suffix = "parquet" if write is parquet else "csv"
    forecasts, described = run(write(tmp_path / f"in.{suffix}", rows().take(order)), tmp_path / "out", models)
    repository = Repository(models, MODELS)
    repository.try_others()
    values, each = zip(*SERIES.values(), strict=True)
    beside = Beside(each, AHEAD)
    expected = Engine(repository.catalog).forecast([*values], AHEAD, "sales", covariates=beside)
    assert described["error"].to_pylist() == [None] * len(SERIES)
    assert described["values"].to_pylist() == [LENGTH] * len(SERIES)
    assert forecasts["value"].to_pylist() == [value for each in expected for value in each.values]
    assert described["mae"].to_pylist() == [each.check and each.check.mae for each in expected]


def test_what_is_wrong_with_one_series_is_its_error(tmp_path: Path, models: Path) -> None:
    changed: dict[tuple[str, int, str], Any] = {
        ("b", LENGTH, "sold"): 1.0,
        ("c", 4, "price"): None,
        ("d", 2, "shop"): "east",
        ("e", LENGTH + 1, "promo"): "perhaps",
        ("f", 6, "price"): 0.123456789,
    }
    source = Path(csv(tmp_path / "in.csv", rows(changed)))
    source.write_text(source.read_text().replace("0.123456789", "cheap"))
    forecasts, described = run(str(source), tmp_path / "out", models)
    assert forecasts["id"].to_pylist() == ["a"] * AHEAD
    assert row(described, "a")["error"] is None
    for name, said in (
        ("b", "its last 3 rows must be without a value"),
        ("c", "row 5 of it has nothing in the column price"),
        ("d", "one and the same entry in its column shop, and found 2"),
        ("e", "sales takes as covariates"),
        ("f", f"line {2 + 5 * (LENGTH + AHEAD) + 6}: 'cheap' is no number"),
    ):
        assert said in row(described, name)["error"]


def test_what_a_model_needs_is_asked_for_at_once(tmp_path: Path, models: Path) -> None:
    own = ["--models-dir", str(models), "--model", "sales", "--horizon", "3", "--output", str(tmp_path / "out")]
    source = parquet(tmp_path / "in.parquet", rows())
    with pytest.raises(SettingsError, match="reads the calendar: name the column of times with --time"):
        batch([source, *own, "--id", "item", "--value", "sold"])
    less = parquet(tmp_path / "less.parquet", rows().drop_columns(["visits"]))
    with pytest.raises(SettingsError, match="has no one column visits"):
        batch([less, *own, *COLUMNS])
    text = parquet(tmp_path / "text.parquet", rows().set_column(3, "price", rows()["price"].cast(pa.string())))
    with pytest.raises(SettingsError, match="the column price is of type string; expected numbers"):
        batch([text, *own, *COLUMNS])


def test_covariates_stand_beside_values_and_not_beside_lists(tmp_path: Path) -> None:
    plain = Effects(form="added", static=(Stepwise(name="shop", kind="category", categories=("north", "south")),))
    add_with_covariates(tmp_path / "models", "shops", plain)
    lists = pa.table({"sold": [[1.0, 2.0, 3.0]], "shop": ["north"]})
    own = ["--models-dir", str(tmp_path / "models"), "--model", "shops", "--horizon", "3", "--output", "out"]
    with pytest.raises(SettingsError, match="need a row for each value"):
        batch([parquet(tmp_path / "in.parquet", lists), *own, "--value", "sold"])
