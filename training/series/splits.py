"""Which values train, choose, calibrate and judge: four stretches in the order of time. Pure.

Origins roll: a forecast starts after every place of a stretch, and truths beyond the stretch's end, or filled in,
do not count. Only the judging stretch is the test, and it chooses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from training.series.panel import OwnSeries, Panel, SeriesError

Stretch = Literal["training", "validation", "calibration", "holdout"]
VALIDATION, CALIBRATION, HOLDOUT = 0.15, 0.08, 0.2
HORIZON = 12
# Truths that every horizon of a stretch must have, and values to train on besides a horizon.
_TRUTHS, _TRAINED = 8, 24


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of a series; ``horizon`` is the number of steps ahead that are judged."""

    horizon: int
    holdout: float = HOLDOUT

    def ends(self, count: int) -> tuple[int, int, int]:
        """Where training, validation and calibration end in a series of ``count`` values; the rest is held out."""
        least = self.horizon + _TRUTHS - 1
        third = count - max(round(self.holdout * count), least)
        second = third - max(round(CALIBRATION * count), least)
        return second - max(round(VALIDATION * count), least), second, third

    def bounds(self, stretch: Stretch, count: int) -> tuple[int, int]:
        """First place of a stretch and the place after its last; training has origins from its second third on."""
        places = (*self.ends(count), count)
        if stretch == "training":
            return places[0] // 3, places[0]
        first = ("validation", "calibration", "holdout").index(stretch)
        return places[first], places[first + 1]

    @property
    def shortest(self) -> int:
        """The fewest values that can be split."""
        count = 4 * self.horizon
        while self.ends(count)[0] < self.horizon + _TRAINED:
            count += 1
        return count

    def describe(self) -> str:
        """The split in one sentence, for the card and the report."""
        return (
            f"in the order of time: training, then {VALIDATION:.0%} that choose the candidate, which is then trained "
            f"once more on both, then {CALIBRATION:.0%} that calibrate the intervals, then {self.holdout:.0%} held "
            f"out, which judge and chose nothing (each at least {self.horizon + _TRUTHS - 1} values)"
        )


def default_horizon(lengths: Sequence[int]) -> int:
    """Twelve steps, fewer where the usual series is short."""
    return max(1, min(HORIZON, int(np.median(lengths)) // 20))


class Origins(NamedTuple):
    """Forecasts to make: ``series`` [origins] is the place in the panel, ``at`` [origins] the number of values that
    come before the forecast; ``truth`` float64 [origins, horizon], NaN where there is none that counts.
    """

    series: NDArray[np.intp]
    at: NDArray[np.intp]
    truth: Floats

    def contexts(self, panel: Panel, length: int) -> tuple[Floats, NDArray[np.int32]]:
        """The last ``length`` values before each origin, [origins, length], padded at the end; and their number."""
        lengths = np.minimum(self.at, length).astype(np.int32)
        values = np.empty((len(self.at), int(lengths.max())))
        for row, (each, at) in enumerate(zip(self.series, self.at, strict=True)):
            recent = panel.series[each].values[at - lengths[row] : at]
            values[row, : len(recent)], values[row, len(recent) :] = recent, recent[-1]
        return values, lengths


def origins(panel: Panel, split: Split, stretch: Stretch, most: int, most_series: int | None = None) -> Origins:
    """At most ``most`` origins of a stretch, spread evenly over its series (at most ``most_series``) and places."""
    chosen = _spread(len(panel.series), most_series or most)
    each = max(1, most // len(chosen))
    found = []
    for place in chosen.tolist():
        series = panel.series[place]
        first, last = split.bounds(stretch, len(series.values))
        starts = np.arange(first, last)
        starts = starts[~series.filled[starts - 1]]
        starts = starts[_spread(len(starts), each)]
        found.append((np.full(len(starts), place), starts, _truth(series, starts, last, split.horizon)))
    parts = [np.concatenate(part) for part in zip(*found, strict=True)]
    result = Origins(*parts)
    if np.isnan(result.truth).all(axis=0).any():
        raise SeriesError(f"the {stretch} part has no value {split.horizon} steps ahead: choose a smaller --horizon")
    return result


def _spread(count: int, most: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _truth(series: OwnSeries, starts: NDArray[np.intp], end: int, horizon: int) -> Floats:
    places = starts[:, None] + np.arange(horizon)
    inside = np.minimum(places, end - 1)
    counts = (places < end) & ~series.filled[inside]
    return np.where(counts, series.values[inside], np.nan)
