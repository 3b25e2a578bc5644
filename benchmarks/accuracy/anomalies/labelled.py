"""Labelled series in the layout of Numenta's benchmark, which its user downloads: CSV files, and one of windows.

https://github.com/numenta/NAB: each CSV has a `timestamp` and a `value`, and `labels/combined_windows.json` has for
each of them, by its path below `data`, a list of windows [first timestamp, last timestamp], which may be empty.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import UnrollError

WINDOWS = Path("labels/combined_windows.json")


class DataError(UnrollError):
    """The folder does not hold what it should."""

    code = "data"


@dataclass(frozen=True, slots=True)
class Labelled:
    """The ``values`` [steps] of one series, and its ``windows``: steps from the first to before the last."""

    name: str
    values: NDArray[np.float64]
    windows: list[tuple[int, int]]


def read(folder: Path, only: str | None = None) -> Iterator[Labelled]:
    """All labelled series below ``folder``, by their names, or those whose names begin with ``only``.

    Raises:
        DataError: what is not there, or not in that layout, with the file.
    """
    try:
        windows = json.loads((folder / WINDOWS).read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / WINDOWS} cannot be read: expected the labels of Numenta's benchmark") from error
    names = sorted(name for name in windows if name.startswith(only or ""))
    if not names:
        raise DataError(f"{folder / WINDOWS} has no such series: expected how a name begins, as realKnownCause")
    for name in names:
        yield _read(folder / "data" / name, name, windows[name])


def _read(path: Path, name: str, windows: list[list[str]]) -> Labelled:
    try:
        with path.open(newline="") as file:
            rows = [(datetime.fromisoformat(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
        bounds = [(datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in windows]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: expected rows of a timestamp and a number, windows of two timestamps") from error
    if not rows or not all(math.isfinite(value) for _, value in rows):
        raise DataError(f"{path}: expected one row or more, of finite numbers")
    found = []
    for first, last in bounds:
        inside = [step for step, (time, _) in enumerate(rows) if first <= time <= last]
        if inside:
            found.append((inside[0], inside[-1] + 1))
    return Labelled(name, np.array([value for _, value in rows]), found)
