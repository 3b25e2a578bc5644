"""What the other files of this folder hand around: series as read, series as used, and the error of bad data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import UnrollError
from training.tasks.base import Floats, digest

# What is known beside the values, by column: float64 with NaN, or texts with "", where nothing is known.
Columns = Mapping[str, NDArray[Any]]


class SeriesError(UnrollError):
    """The data cannot be used; the message says what was expected."""

    code = "series"


@dataclass(frozen=True, slots=True)
class RawSeries:
    """One series as it stands in a file, in the order of its rows.

    ``values`` float64 with NaN where one is missing; ``times`` float64 of the same length, as the clock counts, None
    where the file names none; ``lines`` of the file, None where it has none; ``columns`` each of the same length.
    """

    name: str
    values: Floats
    times: Floats | None
    lines: NDArray[np.intp] | None = None
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnSeries:
    """One checked series, evenly spaced: ``values`` float64, finite; ``filled`` marks those that were missing.

    ``columns`` are what the file says beside each value, of the same length; of a time that the file lacks, nothing.
    """

    name: str
    values: Floats
    filled: NDArray[np.bool_]
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Panel:
    """All series of one data set.

    ``repairs`` says in words what was done to the data, ``left_out`` which series are not used and why; ``step`` is the
    spacing in words, None where no time column was named; ``season`` is what that spacing suggests.
    """

    series: tuple[OwnSeries, ...]
    repairs: tuple[str, ...]
    step: str | None = None
    season: int | None = None
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """All that a reader should know of what became of the data."""
        return (*self.repairs, *(f"left out: {each}" for each in self.left_out))

    @property
    def sha256(self) -> str:
        """Digest of names, values, gaps and what stands beside them."""
        names = _bytes(each.name for each in self.series)
        parts = (part for each in self.series for part in (each.values, each.filled, *_digested(each.columns)))
        return digest((names, *parts))


def _digested(columns: Columns) -> Iterator[NDArray[Any]]:
    for name, cells in columns.items():
        yield _bytes([name])
        yield cells if cells.dtype == np.float64 else _bytes(cells)


def _bytes(texts: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\0".join(texts).encode(), np.uint8)
