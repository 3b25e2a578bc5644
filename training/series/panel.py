"""What the other files of this folder hand around: series as read, series as used, and the error of bad data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.errors import UnrollError
from training.tasks.base import digest

if TYPE_CHECKING:  # the options of a command line are read before inference is imported
    from service.inference.readings.covariates.calendar import Every
    from service.inference.readings.covariates.effects import Covariate, Stepwise

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
    ``start`` is the time of the first value, None where the file has no dates.
    """

    name: str
    values: Floats
    filled: NDArray[np.bool_]
    columns: Columns = field(default_factory=dict)
    start: np.datetime64 | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Columns by what is known of them, those whose numbers are names, calendar inputs, and whose holidays count."""

    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    country: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that are read from the file."""
        return (*self.known, *self.past, *self.static)

    def __bool__(self) -> bool:
        return bool(self.columns or self.calendar or self.country)


@dataclass(frozen=True, slots=True)
class Described:
    """The covariates of a panel; ``calendar`` are the names of inputs from the time of each step."""

    known: tuple[Covariate, ...] = ()
    past: tuple[Stepwise, ...] = ()
    static: tuple[Stepwise, ...] = ()
    calendar: tuple[str, ...] = ()
    every: Every | None = None
    holidays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, calendar inputs last."""
        return (*(each.name for each in (*self.known, *self.past, *self.static)), *self.calendar)

    def without(self, left_out: str) -> Described:
        """All but one of them."""
        return replace(
            self,
            known=tuple(each for each in self.known if each.name != left_out),
            past=tuple(each for each in self.past if each.name != left_out),
            static=tuple(each for each in self.static if each.name != left_out),
            calendar=tuple(each for each in self.calendar if each != left_out),
        )


# What makes of series, as they come, those that a panel has: in memory, or in a folder.
Keep = Callable[[Iterable[OwnSeries]], Sequence[OwnSeries]]


@dataclass(frozen=True)
class Panel:
    """All series of one data set.

    ``repairs`` says in words what was done to the data, ``left_out`` which series are not used and why; ``step`` is the
    spacing in words, None where no time column was named; ``season`` is what that spacing suggests; ``every`` is that
    spacing for a calendar, None where there is none; ``covariates`` what stands beside all series, if anything does.
    """

    series: Sequence[OwnSeries]
    repairs: tuple[str, ...]
    step: str | None = None
    season: int | None = None
    left_out: tuple[str, ...] = ()
    every: Every | None = None
    covariates: Described | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """All that a reader should know of what became of the data."""
        return (*self.repairs, *(f"left out: {each}" for each in self.left_out))

    @cached_property
    def sha256(self) -> str:
        """Digest of names, values, gaps and what stands beside them, with its times."""
        names = _bytes(each.name for each in self.series)
        parts = (part for each in self.series for part in (each.values, each.filled, *_digested(each.columns)))
        starts = (str(each.start) for each in self.series)
        described = [] if self.covariates is None else [_bytes([repr(self.covariates), *starts])]
        return digest((names, *parts, *described))


def _digested(columns: Columns) -> Iterator[NDArray[Any]]:
    for name, cells in columns.items():
        yield _bytes([name])
        yield cells if cells.dtype == np.float64 else _bytes(cells)


def _bytes(texts: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\0".join(texts).encode(), np.uint8)
