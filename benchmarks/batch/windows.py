"""Series for a batch: windows of the M3 competition's monthly series, each in a unit of its own; what came is kept."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.accuracy.forecasting.readers import of_competitions
from service.arrays import Floats

KNOWN, HORIZON, SEASON = 36, 12, 12
_AT_ONCE = 20_000


def write(file: Path, count: int, seed: int = 0) -> None:
    """``count`` series of 36 values in long form: ``id`` (whole numbers), ``month`` from 0 on, ``value``."""
    schema = pa.schema([("id", pa.int64()), ("month", pa.int32()), ("value", pa.float64())])
    with pq.ParquetWriter(file, schema) as writer:
        for first in range(0, count, _AT_ONCE):
            numbers = np.arange(first, min(first + _AT_ONCE, count))
            columns = [
                pa.array(np.repeat(numbers, KNOWN)),
                pa.array(np.tile(np.arange(KNOWN, dtype=np.int32), len(numbers))),
                pa.array(drawn(numbers, seed)[:, :KNOWN].ravel()),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def drawn(numbers: NDArray[np.int64], seed: int = 0) -> Floats:
    """The series of these numbers [series, 48], of which the last 12 came after what a batch knows.

    A window of a real series, times a factor from 0.1 to 10: no two are the same, and each is as hard as a real one.
    """
    sources = _sources()
    found = np.empty((len(numbers), KNOWN + HORIZON))
    for row, number in enumerate(numbers.tolist()):
        rng = np.random.default_rng([seed, number])
        source = sources[rng.integers(len(sources))]
        start = int(rng.integers(len(source) - KNOWN - HORIZON + 1))
        found[row] = source[start : start + KNOWN + HORIZON] * 10.0 ** rng.uniform(-1.0, 1.0)
    return found


@functools.cache
def _sources() -> list[Floats]:
    """The monthly series of M3 that are long enough."""
    (monthly,) = [each for each in of_competitions() if each.name == "m3_monthly"]
    whole = [np.concatenate(each) for each in zip(monthly.known, monthly.came, strict=True)]
    return [each for each in whole if len(each) >= KNOWN + HORIZON]


def mase(known: Floats, came: Floats, said: Floats) -> Floats:
    """The mean absolute error of ``said`` [series, 12] in units of the seasonal naive error on ``known`` [series].

    NaN where no season of ``known`` moves.
    """
    unit = np.abs(known[:, SEASON:] - known[:, :-SEASON]).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(unit > 0.0, np.abs(said - came).mean(axis=1) / unit, np.nan)
    return found
