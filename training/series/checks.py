"""From series as read to series that can be used: clear errors for what cannot be mended, stated repairs for the rest.

Repairs never touch what is scored: a value that was filled in is marked, is never a truth, and no forecast starts
from it (see :mod:`training.series.splits`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from service.arrays import Floats
from service.inference.scaling import unit_of
from training.series.order import MOST_MISSING, in_order, spacing
from training.series.panel import Keep, OwnSeries, Panel, RawSeries, SeriesError
from training.series.splits import Split
from training.series.times import Clock
from training.terminal import name

T = TypeVar("T", RawSeries, OwnSeries)
LARGEST = 1e100  # far below where the service's own sums would overflow
# Series that were left out and are named each.
_NAMED = 20


def mended(raw: Sequence[RawSeries], clock: Clock | None, keep: Keep = tuple) -> Panel:
    """The series of ``raw`` that can be used, kept by ``keep`` one after the other, and what was done to them.

    Among several series, those that cannot be used are left out and named; a single one raises.

    Raises:
        SeriesError: nothing usable is left, or times contradict one another.
    """
    repairs: Counter[str] = Counter()
    step = None if clock is None else spacing(raw)
    kept, left_out = _those(raw, lambda each: _mended(each, clock, step, repairs), keep)
    said = [sentence.format(count) for sentence, count in repairs.items()]
    step_name, season = (None, None) if clock is None or step is None else clock.spacing(step)
    every = None if clock is None or step is None else clock.every(step)
    return Panel(kept, tuple(said), step_name, season, left_out, every)


def trainable(panel: Panel, split: Split, keep: Keep = tuple) -> Panel:
    """The series of ``panel`` that are long enough for ``split`` and move where they train; else as :func:`mended`."""
    kept, left_out = _those(panel.series, lambda each: _trainable(each, split), keep)
    return replace(panel, series=kept, left_out=(*panel.left_out, *left_out))


def _those(
    series: Sequence[T], use: Callable[[T], OwnSeries], keep: Keep
) -> tuple[Sequence[OwnSeries], tuple[str, ...]]:
    """What ``use`` makes of each, without those that it refuses, and why it refused those."""
    refused: list[str] = []

    def used() -> Iterator[OwnSeries]:
        for each in series:
            try:
                yield use(each)
            except SeriesError as error:
                if len(series) == 1:
                    raise
                refused.append(error.detail)

    kept = keep(used())
    if not kept:
        raise SeriesError(f"none of the {len(series)} series can be used; the first: {refused[0]}")
    if further := refused[_NAMED:]:
        refused[_NAMED:] = [f"{len(further)} more, {len(refused)} of {len(series)} series in all"]
    return kept, tuple(refused)


def _trainable(series: OwnSeries, split: Split) -> OwnSeries:
    """The series itself, if it is long enough and moves where it trains."""
    count, shortest = len(series.values), split.shortest
    if count < shortest:
        raise SeriesError(
            f"{name(series.name)} is too short: {count} values, and {shortest} are needed to train, choose, calibrate "
            "and judge on different ones"
        )
    training = series.values[: split.ends(count)[0]]
    if not _moves(training):
        raise SeriesError(
            f"{name(series.name)} stands still in the first {len(training)} of its {count} values, which train: there "
            "is nothing to learn, and no unit to measure errors in"
        )
    return series


def _moves(values: Floats) -> bool:
    return not np.isnan(unit_of(np.abs(np.diff(values)).mean(), np.abs(values).max()))


def _mended(raw: RawSeries, clock: Clock | None, step: float | None, repairs: Counter[str]) -> OwnSeries:
    shown = name(raw.name)
    if (large := np.abs(raw.values) > LARGEST).any():
        where = "" if raw.lines is None else f" on line {raw.lines[large.argmax()]}"
        raise SeriesError(f"{shown} has a value beyond {LARGEST:g}{where}")
    even = raw if clock is None or step is None else in_order(raw, clock, step, repairs)
    values = even.values
    present = ~np.isnan(values)
    if not present.any():
        raise SeriesError(f"{shown} has no values at all")
    first, last = np.flatnonzero(present)[[0, -1]]
    if ends := len(values) - (last - first + 1):
        repairs["{} missing values cut off at the ends"] += int(ends)
    values, present = values[first : last + 1], present[first : last + 1]
    missing = int((~present).sum())
    if missing > MOST_MISSING * len(values):
        raise SeriesError(
            f"{missing} of the {len(values)} values of {shown} are missing; at most {MOST_MISSING:.0%} can be filled"
        )
    if missing:
        places = np.arange(len(values))
        values = np.interp(places, places[present], values[present])
        repairs["{} missing values filled along straight lines; they are trained on but never scored"] += missing
    if len(values) > 1 and not _moves(values):
        raise SeriesError(f"{shown} is constant: there is nothing to learn, and the naive rule is exact")
    columns = {each: cells[first : last + 1] for each, cells in even.columns.items()}
    start = None
    if raw.times is not None and clock is not None and step is not None:
        start = clock.moment(float(raw.times.min() + first * step))
    return OwnSeries(raw.name, values, ~present, columns, start)
