"""Series in files of both kinds, good and bad ones, and what a run makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from service.batch.command import batch
from service.batch.job import Done, Job, Part
from service.batch.scoring import Scorer

MONTHS = np.arange("2020-01", "2026-01", dtype="datetime64[M]").astype("datetime64[D]")
COLUMNS = ("--id", "item", "--time", "month", "--value", "sold")


def series(count: int = 7) -> dict[str, list[float]]:
    """Walks with a season, of several lengths."""
    rng = np.random.default_rng(4)
    found = {}
    for place in range(count):
        steps = 24 + 3 * (place % 4)
        walk = np.cumsum(rng.normal(size=steps)) + 5.0 * np.sin(np.arange(steps) * np.pi / 6.0)
        found[f"item-{place}"] = walk.tolist()
    return found


def long(of: dict[str, list[float]]) -> pa.Table:
    """One row a value."""
    rows = [(name, MONTHS[step], value) for name, values in of.items() for step, value in enumerate(values)]
    names, months, values = zip(*rows, strict=True)
    return pa.table({"item": names, "month": pa.array(np.array(months)), "sold": pa.array(values, pa.float64())})


def parquet(path: Path, table: pa.Table, rows: int = 50) -> str:
    """``table`` in a file with groups of so many rows."""
    pq.write_table(table, path, row_group_size=rows)
    return str(path)


def csv(path: Path, table: pa.Table) -> str:
    pa_csv.write_csv(table, path)
    return str(path)


def here(job: Job, parts: list[Part], workers: int) -> Iterator[Done]:
    """The parts as this process does them, in the place of :func:`service.batch.processes.run`."""
    yield from map(Scorer(job), parts)


def scored(source: str, out: Path, *more: str, columns: tuple[str, ...] = COLUMNS) -> tuple[pa.Table, pa.Table]:
    """Both tables of a run with one worker."""
    batch([source, "--output", str(out), "--horizon", "3", "--workers", "1", *columns, *more])
    return tables(out)


def tables(out: Path) -> tuple[pa.Table, pa.Table]:
    """The forecasts and the series of an output."""
    return pq.read_table(out / "forecasts"), pq.read_table(out / "series")


def files(out: Path) -> dict[str, bytes]:
    """Every file of an output."""
    return {str(each.relative_to(out)): each.read_bytes() for each in sorted(out.rglob("*")) if each.is_file()}


def row(table: pa.Table, name: Any) -> dict[str, Any]:
    """The row of one series."""
    (found,) = [each for each in table.to_pylist() if each["id"] == name]
    return dict(found)
