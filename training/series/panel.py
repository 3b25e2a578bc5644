"""What the other files of this folder hand around: series as read, series as used, and the error of bad data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import UnrollError
from training.tasks.base import Floats, digest


class SeriesError(UnrollError):
    """The data cannot be used; the message says what was expected."""

    code = "series"


@dataclass(frozen=True, slots=True)
class RawSeries:
    """One series as it stands in a file, in the order of its rows.

    ``values`` float64 with NaN where one is missing; ``times`` float64 of the same length, as the clock counts, None
    where the file names none; ``lines`` of the file, None where it has none.
    """

    name: str
    values: Floats
    times: Floats | None
    lines: NDArray[np.intp] | None = None


@dataclass(frozen=True, slots=True)
class OwnSeries:
    """One checked series, evenly spaced: ``values`` float64, finite; ``filled`` marks those that were missing."""

    name: str
    values: Floats
    filled: NDArray[np.bool_]


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
        """Digest of names, values and gaps."""
        names = np.frombuffer("\0".join(each.name for each in self.series).encode(), np.uint8)
        return digest((names, *(part for each in self.series for part in (each.values, each.filled))))
