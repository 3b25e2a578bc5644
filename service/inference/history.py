"""What would have been said of each value of a series one step before it came, and which values lie outside. Pure.

All answers come from one pass. Intervals are as wide as the errors on the series itself say, by the shape that the
answerer's own have: split conformal prediction (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005)
where five errors or more lie beyond a level, so that a few outliers do not move it; else at the highest level for which
that is so, from where the shape goes on. Answers begin once a whole season is known, where the series holds two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.errors import NonFiniteOutput
from service.inference import rules
from service.inference.answers import Band, History
from service.inference.cancellation import checkpoint
from service.inference.check import FIRST
from service.inference.choice import Choice
from service.inference.gaps import filled
from service.inference.half_widths import of_rule, z_of
from service.inference.intervals import Fan
from service.inference.sequences import Batch
from service.levels import written
from service.verdicts import TIE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A series is read so often at the most while anomalies are put right; what is left then is flagged as it stands.
MOST_READINGS = 8
# Of values outside that are so near after another only the first is put right at a time: it may explain the others.
_APART = 8
# Levels at which widths are measured where so few errors lie beyond the one asked for.
_REFERENCES, _FEWEST = (80.0, 90.0, 95.0, 98.0, 99.0, 99.5), 5
# Where the answerer says no widths of its own they are as the last values moved, two seasons or so many of them, and no
# less than this share of all moves.
_RECENT, _LEAST = 24, 0.2
_LARGEST_SCORE = 1e9


class _Row(NamedTuple):
    """The answered steps of one series: ``truth`` (NaN at gaps) and ``said`` [steps].

    ``below`` and ``above`` [levels, steps] are the widths before they are measured, of the references first, none lower
    than ``floor``.
    """

    truth: Floats
    said: Floats
    below: Floats
    above: Floats
    floor: float


def told(choice: Choice, batch: Batch, levels: Sequence[float]) -> list[History]:
    """The answers of ``choice`` to ``batch``, with intervals of ``levels``, which rise.

    Raises:
        NonFiniteOutput: a network answered NaN or infinity.
    """
    found = []
    for place, row in enumerate(_rows(choice, batch, np.arange(len(batch.lengths)), levels)):
        checkpoint()
        lower, upper = _bounds(row, levels, len(row.said))
        found.append(_record(choice, place, row, levels, lower, upper))
    return found


def anomalies(choice: Choice, batch: Batch, level: float, last: int) -> list[History]:
    """As :func:`told` with scores, a value outside replaced by its answer before the next ones are answered.

    So an outlier leaves no echo. What is replaced is outside by the lowest reference, which many outliers do not move.
    What is flagged is by the highest that can be counted, and what lies twice as far out as the lowest allows does not
    count. Of the ``last`` values, none of which measures the intervals, unless ``last`` is 0: then all values are
    answered and measure.
    """
    count, steps = batch.values.shape
    known, values, replaced = batch.gapped, batch.values.copy(), np.zeros((count, steps), np.bool_)
    found: dict[int, History] = {}
    pending = np.arange(count)
    for _ in range(MOST_READINGS):
        read = replace(batch.take(pending), values=np.asfortranarray(values[pending]))
        changed = []
        for place, row in zip(pending.tolist(), _rows(choice, read, pending, (level,), known), strict=True):
            checkpoint()
            measured = max(len(row.said) - last, 0)
            (low,), (high,) = _bounds(row, (level,), measured, _REFERENCES[:1])
            gross = (row.truth < 2.0 * low - row.said) | (row.truth > 2.0 * high - row.said)
            lower, upper = _bounds(row._replace(truth=np.where(gross, np.nan, row.truth)), (level,), measured)
            scores = scored(row.truth, row.said, lower[0], upper[0])
            found[place] = _record(choice, place, row, (level,), lower, upper, scores)
            length = int(batch.lengths[place])
            answered = slice(length - len(row.said), length)
            outside = (row.truth < low) | (row.truth > high)
            righted = _righted(outside, replaced[place, answered])
            if (righted != replaced[place, answered]).any():
                changed.append(place)
                replaced[place, answered] = righted
                now = known[place].copy()
                now[answered][righted] = row.said[righted]
                values[place] = filled(now[None])[0][0]
                values[place, length:] = values[place, length - 1]
        if not changed:
            break
        pending = np.array(changed)
    return [_last(found[place], last) for place in range(count)]


def scored(truth: Sequence[float | None] | Floats, said: Any, lower: Any, upper: Any) -> list[float | None]:
    """How far each value is from what was ``said``, in units of the interval on that side; None at a gap."""
    off = np.asarray(truth, np.float64) - said
    width = np.where(off < 0.0, np.subtract(said, lower), np.subtract(upper, said))
    with np.errstate(all="ignore"):
        score = np.where(off == 0.0, 0.0, np.minimum(np.abs(off) / width, _LARGEST_SCORE))
    return [None if math.isnan(each) else each for each in score.tolist()]


def _rows(
    choice: Choice, batch: Batch, places: NDArray[np.intp], levels: Sequence[float], known: Floats | None = None
) -> list[_Row]:
    """The answered steps of each row of ``batch``, which are at ``places`` in what ``choice`` is about.

    ``known`` are the values that answers are held against, by those places, where they are not those of ``batch``.
    """
    said, fan = _said(choice, batch, places)
    truth, asked = batch.gapped if known is None else known[places], (*_REFERENCES, *levels)
    below = above = np.empty((0, 0, 0))
    if fan is not None:
        lower, upper = fan.bounds(asked)
        below, above = said - lower, upper - said
    found = []
    for row, (length, season) in enumerate(zip(batch.lengths.tolist(), choice.seasons[places].tolist(), strict=True)):
        first = FIRST if choice.model is None else choice.model.reading.first
        first = max(first, season + 1) if 1 < season <= length // 2 else first
        came, before = truth[row, first:length], said[row, first - 1 : max(length, first) - 1]
        if not np.isfinite(before).all():
            raise NonFiniteOutput(f"{choice.name} answered with a number that is not finite")
        unit = float(batch.unit[row])
        if fan is not None:
            widths = below[:, row, first - 1 : length - 1], above[:, row, first - 1 : length - 1]
        else:
            recent = _moved(batch.values[row, :length], max(_RECENT, 2 * season))[first - 1 : max(length, first) - 1]
            one = _shape(choice, asked, len(before))[:, None] * np.maximum(recent, _LEAST * unit)
            widths = one, one
        found.append(
            _Row(came, before, np.maximum(widths[0], TIE * unit), np.maximum(widths[1], TIE * unit), TIE * unit)
        )
    return found


def _said(choice: Choice, batch: Batch, places: NDArray[np.intp]) -> tuple[Floats, Fan | None]:
    """What follows each step [sequences, timesteps], and the spread that the network itself says."""
    if choice.model is None:
        return rules.answers_of(choice.name.removeprefix("rule:"), batch.values, choice.seasons[places]), None
    return choice.model.history(batch)


def _moved(values: Floats, steps: int) -> Floats:
    """After each value by how much the last so many ``steps`` moved, a mean; zero after the first."""
    summed = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(values)))))
    place = np.arange(len(values))
    before = np.maximum(place - steps, 0)
    return (summed[place] - summed[before]) / np.maximum(place - before, 1)


def _shape(choice: Choice, levels: Sequence[float], steps: int) -> Floats:
    """Half-widths [levels] in units of a mean, whatever the step."""
    z = tuple(map(z_of, levels))
    if choice.model is not None and choice.model.half_widths is not None:
        return choice.model.half_widths(z, 1)[:, 0, 0]
    return of_rule("naive", np.array([steps]), np.ones(1, np.int64), z, 1)[:, 0, 0]


def _bounds(
    row: _Row, levels: Sequence[float], measured: int, references: Sequence[float] | None = None
) -> tuple[Floats, Floats]:
    """Lower and upper bounds [levels, steps], measured by the errors of the first so many steps.

    ``references`` are levels at which alone it may be measured.
    """
    lower, upper = np.empty((len(levels), len(row.said))), np.empty((len(levels), len(row.said)))
    below = above = np.full(len(row.said), row.floor)
    for place, level in enumerate(levels):
        at = len(_REFERENCES) + place
        factor = _factor(row, at, level, measured, references)
        # Never within a lower level's.
        below, above = np.maximum(factor * row.below[at], below), np.maximum(factor * row.above[at], above)
        lower[place], upper[place] = row.said - below, row.said + above
    return lower, upper


def _factor(row: _Row, place: int, level: float, measured: int, references: Sequence[float] | None) -> float:
    """What the widths at ``place`` are to be multiplied by, so that ``level`` percent of the errors lie within."""
    known = int(np.isfinite(row.truth[:measured]).sum())
    if references is not None or _beyond(known, level) < _FEWEST:
        offered = references or _REFERENCES
        counted = [reference for reference in offered if _beyond(known, reference) >= _FEWEST]
        reference = counted[-1] if counted else offered[0]
        if reference < level:
            place, level = _REFERENCES.index(reference), reference
    part = slice(measured)
    scores = scored(
        row.truth[part], row.said[part], (row.said - row.below[place])[part], (row.said + row.above[place])[part]
    )
    ordered = sorted(score for score in scores if score is not None)
    rank = math.ceil((known + 1) * level / 100.0)
    return ordered[rank - 1] if rank <= known else 1.0


def _beyond(known: int, level: float) -> float:
    """How many of so many errors are expected beyond ``level`` percent."""
    return (known + 1) * (1.0 - level / 100.0)


def _righted(outside: Flags, replaced: Flags) -> Flags:
    """Which steps are to be replaced next: those that were and are still ``outside``, and the first of others."""
    found = outside & replaced
    free = 0
    for step in np.flatnonzero(outside & ~replaced).tolist():
        if step >= free:
            found[step] = True
        free = step + _APART
    return found


def _record(
    choice: Choice,
    place: int,
    row: _Row,
    levels: Sequence[float],
    lower: Floats,
    upper: Floats,
    scores: list[float | None] | None = None,
) -> History:
    bands = zip(levels, lower.tolist(), upper.tolist(), strict=True)
    return History(
        row.said.tolist(),
        choice.name,
        None if choice.model is None else choice.model.card.version,
        {written(level): Band(low, high) for level, low, high in bands} if levels else None,
        scores or [],
        choice.checks[place],
        choice.warnings[place],
    )


def _last(found: History, last: int) -> History:
    """That on the ``last`` values alone, on all where it is 0."""
    if not last or found.intervals is None:
        return found
    bands = {name: Band(band.lower[-last:], band.upper[-last:]) for name, band in found.intervals.items()}
    return replace(found, values=found.values[-last:], intervals=bands, scores=found.scores[-last:])
