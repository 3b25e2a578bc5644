"""Forecasts on disk, a file for every few series, so that a run of hours can stop and go on; knows no score."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.forecasting.forecasters import Forecaster
from benchmarks.accuracy.forecasting.sets import SeriesSet
from service.arrays import Floats

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Forecasts:
    """The ``rows`` of a set that were forecast, their ``quantiles`` [rows, horizon, quantiles], and what that took.

    ``processor`` and ``wall`` are seconds; ``failures`` counts series that the forecaster itself had no answer for.
    """

    rows: Places
    quantiles: Floats
    processor: float
    wall: float
    failures: int

    @property
    def contended(self) -> bool:
        """Whether others had the core for a tenth of the time or more, so that seconds are only indicative."""
        return self.processor < 0.9 * self.wall


def made(folder: Path, forecaster: Forecaster, given: SeriesSet, rows: Sequence[int]) -> Iterator[Forecasts]:
    """The portions of ``rows``, those that are stored from there, the others made and stored."""
    for start in range(0, len(rows), forecaster.portion):
        chosen = list(rows[start : start + forecaster.portion])
        path = _path(folder, forecaster, given, chosen)
        if not path.is_file():
            _store(path, _forecast(forecaster, given, chosen))
        yield _read(path)


def joined(portions: Sequence[Forecasts]) -> Forecasts:
    """All ``portions`` as one."""
    return Forecasts(
        np.concatenate([each.rows for each in portions]),
        np.concatenate([each.quantiles for each in portions]),
        sum(each.processor for each in portions),
        sum(each.wall for each in portions),
        sum(each.failures for each in portions),
    )


def places(rows: Sequence[int]) -> Places:
    """``rows`` as an array."""
    return np.array(rows, np.int64)


def _forecast(forecaster: Forecaster, given: SeriesSet, rows: Sequence[int]) -> Forecasts:
    series, before = [given.known[row] for row in rows], getattr(forecaster, "failures", 0)
    processor, wall = time.process_time(), time.perf_counter()
    quantiles = forecaster.forecast(series, given.horizon, given.told)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    failures = getattr(forecaster, "failures", 0) - before
    return Forecasts(places(rows), quantiles, processor, wall, failures)


def _path(folder: Path, forecaster: Forecaster, given: SeriesSet, rows: Sequence[int]) -> Path:
    """Where these forecasts are kept: a name that changes with everything that they hang on."""
    made_of = hashlib.sha256(f"{forecaster.made_of}, {given.horizon}, {given.told}".encode())
    for row in rows:
        made_of.update(given.known[row].tobytes())
    name = "".join(each for each in forecaster.name.replace(" ", "-") if each.isalnum() or each == "-")
    return folder / given.name / f"{name}.{rows[0]}-{rows[-1]}.{made_of.hexdigest()[:12]}.npz"


def _store(path: Path, made: Forecasts) -> None:
    """Write ``made`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".portion-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(
                file, rows=made.rows, quantiles=made.quantiles, took=[made.processor, made.wall, made.failures]
            )
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _read(path: Path) -> Forecasts:
    with np.load(path, allow_pickle=False) as found:
        processor, wall, failures = found["took"].tolist()
        return Forecasts(found["rows"], found["quantiles"], processor, wall, int(failures))
