"""Which values of a series are odd, each beside what was said of it one step before, and where its level changed. Pure.

An odd value is replaced by its answer before the next ones are answered, so that an outlier leaves no echo; unless what
comes after it goes on from it, and not from the answer: then the level has changed, and the values stand as they came.
Both are found by reading the series again, at all such places at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.adaptive import Level
from service.inference.answers import Anomalies, Band, Shift
from service.inference.batch import Batch
from service.inference.calibrated import Calibrated
from service.inference.cancellation import checkpoint
from service.inference.choice import Choice
from service.inference.gaps import filled
from service.inference.history import Answered, rows, season, who
from service.levels import written

Flags = NDArray[np.bool_]

# A series is read so often at the most; what is not put right then stands as it is.
MOST_READINGS = 8
# What is replaced, whatever rate or level is flagged: errors of which no more than this share is as large.
_ODD = 0.01
# Of odd values that are so near after another, and two seasons more, only the first is put right at a time: it may
# explain the others.
_APART = 6
# A level has changed when so many values go on from it; and at the latest after so many odd ones on the same side, or
# a season where that is shorter, of which there are three at least.
_GOES_ON, _LASTING, _FEWEST = 3, 6, 3
_LARGEST_SCORE = 1e9


@dataclass(slots=True)
class _Run:
    """Odd values from ``start`` to before ``stop``, replaced until it is known whether the level changed.

    ``p`` [steps] are those of all values as they came.
    """

    start: int
    stop: int
    p: Floats


class _Row:
    """One series on its way: which of its answered values are ``replaced`` [steps], and what is settled."""

    def __init__(self, steps: int, season: int) -> None:
        self.replaced = np.zeros(steps, np.bool_)
        self.shifts: list[Shift] = []
        self._settled = np.zeros(steps, np.bool_)
        self._runs: list[_Run] = []
        self._lasting = max(min(_LASTING, season), _FEWEST) if season > 1 else _LASTING
        self._apart = _APART + 2 * season

    def read(self, row: Answered, p: Floats) -> bool:
        """Decide from a reading what to replace in the next; whether that is anything else than in this one."""
        before = self.replaced.copy()
        odd = p <= _ODD
        self.replaced &= odd  # what was an echo of another is none any more
        self._runs = [run for run in self._runs if odd[run.start] and self._goes_on(run, row, odd)]
        moving = before & ~self.replaced
        for run in self._runs:
            moving[run.start : run.stop] = True
        free = 0
        for step in np.flatnonzero(odd | moving).tolist():
            if not moving[step]:
                if step < free or self._settled[step]:
                    continue
                self._runs.append(_Run(step, step + 1, p))
                self.replaced[step] = True
            free = step + self._apart  # what comes sooner is to be read anew
        return bool((self.replaced != before).any())

    def _goes_on(self, run: _Run, row: Answered, odd: Flags) -> bool:
        """Whether it is still not known what the values of ``run`` are."""
        at = run.stop
        off = row.truth[run.start : at + 1] - row.said[run.start : at + 1]
        if at >= len(odd) or not odd[at] or (np.sign(off) != np.sign(off[0])).any():
            self._settled[run.start : at] = True  # what follows goes on from the answer
            return False
        after = run.p[at : at + _GOES_ON]
        if (len(after) == _GOES_ON and not (after <= _ODD).any()) or at - run.start >= self._lasting:
            self.replaced[run.start : at] = False
            self._settled[run.start : at + 1] = True
            self.shifts.append(Shift(row.first + run.start, float(np.median(off))))
            return False
        self.replaced[at] = True
        run.stop = at + 1
        return True


def anomalies(choice: Choice, batch: Batch, level: float, last: int, *, adaptive: bool) -> list[Anomalies]:
    """Which values of each series of ``batch`` lie outside of their interval of ``level`` percent.

    Or, if ``adaptive``, a share of 1 - level / 100 of them, the oddest that were at the time. Of the ``last`` values,
    none of which measures the intervals, unless ``last`` is 0: then all values are answered and measure.

    Raises:
        NonFiniteOutput: a network answered NaN or infinity.
    """
    known, values = batch.gapped, batch.values.copy()
    found: dict[int, Anomalies] = {}
    on_the_way: dict[int, _Row] = {}
    pending = np.arange(len(values))
    for _ in range(MOST_READINGS):
        read = replace(batch.take(pending), values=np.asfortranarray(values[pending]))
        changed = []
        for place, row in zip(pending.tolist(), rows(choice, read, pending, batch), strict=True):
            checkpoint()
            errors = Calibrated(row.scores(), max(len(row.said) - last, 0))
            p = errors.p()
            mine = on_the_way.setdefault(place, _Row(len(p), int(choice.seasons[place])))
            again = mine.read(row, p)
            found[place] = _record(choice, batch, place, (row, errors, p), mine.shifts, (level, last, adaptive))
            if again:
                changed.append(place)
                length = int(batch.lengths[place])
                now = known[place].copy()
                now[row.first : length][mine.replaced] = row.said[mine.replaced]
                values[place] = filled(now[None])[0][0]
                values[place, length:] = values[place, length - 1]
        if not changed:
            break
        pending = np.array(changed)
    return [found[place] for place in range(len(values))]


def scored(truth: Sequence[float | None] | Floats, said: Any, lower: Any, upper: Any) -> list[float | None]:
    """How far each value is from what was ``said``, in units of the interval on that side; None at a gap."""
    off = np.asarray(truth, np.float64) - said
    width = np.where(off < 0.0, np.subtract(said, lower), np.subtract(upper, said))
    with np.errstate(all="ignore"):
        score = np.where(off == 0.0, 0.0, np.minimum(np.abs(off) / width, _LARGEST_SCORE))
    return _listed(score)


def _record(
    choice: Choice,
    batch: Batch,
    place: int,
    reading: tuple[Answered, Calibrated, Floats],
    shifts: list[Shift],
    asked: tuple[float, int, bool],
) -> Anomalies:
    """What a reading says of the last values, of all where ``last`` is 0."""
    (row, errors, p), (level, last, adaptive) = reading, asked
    band = row.band(errors.edges(level))
    scores = scored(row.truth, row.said, band.lower, band.upper)
    flags = _adaptive(row, p, level) if adaptive else [score is not None and score > 1.0 for score in scores]
    flagged = {row.first + step for step, flag in enumerate(flags) if flag}
    part = slice(max(len(flags) - last, 0) if last else 0, None)
    first = row.first + (part.start or 0)
    return Anomalies(
        first,
        row.said[part].tolist(),
        *who(choice),
        {written(level): Band(band.lower[part], band.upper[part])},
        choice.checks[place],
        choice.warnings[place],
        season(choice, batch, place),
        scores[part],
        _listed(p[part]),
        flags[part],
        sorted((shift for shift in shifts if first <= shift.step and shift.step in flagged), key=lambda it: it.step),
    )


def _adaptive(row: Answered, p: Floats, level: float) -> list[bool]:
    """Flags at a rate that holds; a value that is as it was said is none, and counts for none."""
    threshold = Level((100.0 - level) / 100.0)
    off = (np.abs(row.truth - row.said) > row.least).tolist()
    return [wrong and each == each and threshold.flags(each) for each, wrong in zip(p.tolist(), off, strict=True)]


def _listed(numbers: Floats) -> list[float | None]:
    return [None if math.isnan(each) else each for each in numbers.tolist()]
