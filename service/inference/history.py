"""What would have been said of each value of a series one step before it came, and how far around it. Pure.

All answers come from one pass. Intervals are as wide as the errors on the series itself say (``calibrated.py``), by the
shape that the answerer's own have. Answers begin once a whole season is known, where the series holds two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.errors import NonFiniteOutput
from service.inference import calibrated, rules
from service.inference.answers import Band, History
from service.inference.batch import Batch
from service.inference.calibrated import LEVELS, Calibrated
from service.inference.cancellation import checkpoint
from service.inference.check import FIRST
from service.inference.choice import Choice
from service.inference.half_widths import of_rule, z_of
from service.inference.intervals import FARTHEST, Fan
from service.inference.seasons import Season
from service.levels import written
from service.verdicts import TIE

# Where the answerer says no widths of its own they are as the last values moved, two seasons or so many of them, and no
# less than this share of all moves.
_RECENT, _LEAST = 24, 0.2
# No value is outside by rounding alone.
_ROUNDING = 1.0 + 1e-12


@dataclass(frozen=True, slots=True)
class Answered:
    """The answered steps of one series, from ``first`` on: ``truth`` (NaN at gaps) and ``said`` [steps].

    ``below`` and ``above`` [1 + levels, steps] are the answerer's own widths, none and those of LEVELS. An error of
    ``least`` or less is none.
    """

    first: int
    truth: Floats
    said: Floats
    below: Floats
    above: Floats
    least: float

    def scores(self) -> Floats:
        """How far each answer is off, by the answerer's own widths [steps]; NaN at a gap."""
        off = self.truth - self.said
        return calibrated.scores(np.where(np.abs(off) <= self.least, 0.0, off), self.below, self.above)

    def band(self, edges: Floats) -> Band:
        """The interval that values of these scores [steps] are the bounds of."""
        with np.errstate(over="ignore"):
            below, above = (self._reach(edges, each) for each in (self.below, self.above))
            lower, upper = np.maximum(self.said - below, -FARTHEST), np.minimum(self.said + above, FARTHEST)
        return Band(lower.tolist(), upper.tolist())

    def _reach(self, edges: Floats, widths: Floats) -> Floats:
        return np.maximum(calibrated.reach(edges, widths) * _ROUNDING, self.least)


def told(choice: Choice, batch: Batch, levels: Sequence[float]) -> list[History]:
    """The answers of ``choice`` to ``batch``, with intervals of ``levels``.

    Raises:
        NonFiniteOutput: a network answered NaN or infinity.
    """
    found = []
    for place, row in enumerate(rows(choice, batch, np.arange(len(batch.lengths)), batch)):
        checkpoint()
        bands = {}
        if levels:
            errors = Calibrated(row.scores(), len(row.said))
            bands = {written(level): row.band(errors.edges(level)) for level in levels}
        found.append(
            History(
                row.first,
                row.said.tolist(),
                *who(choice),
                bands or None,
                choice.checks[place],
                choice.warnings[place],
                season(choice, batch, place),
            )
        )
    return found


def who(choice: Choice) -> tuple[str, str | None]:
    """Name and version of who answers; a rule has none."""
    return choice.name, None if choice.model is None else choice.model.card.version


def season(choice: Choice, batch: Batch, place: int) -> Season:
    """What the series at ``place`` was answered under."""
    steps = [*batch.told] if batch.told else [int(choice.seasons[place])]
    return Season(steps, told=bool(batch.told), weights=None)


def rows(choice: Choice, read: Batch, places: NDArray[np.intp], batch: Batch) -> Iterator[Answered]:
    """The answered steps of each row of ``read``, held against the values of ``batch``, where they are at ``places``.

    What is read are those values, or what stands in the place of some of them.
    """
    said, fan = _said(choice, read, places)
    truth, units = batch.gapped[places], batch.unit[places]
    below = above = np.empty((0, 0, 0))
    if fan is not None:
        lower, upper = fan.bounds(LEVELS)
        below, above = said - lower, upper - said
    known = FIRST if choice.model is None else choice.model.reading.first
    each = zip(read.lengths.tolist(), choice.seasons[places].tolist(), batch.begins[places].tolist(), strict=True)
    for row, (length, season, begins) in enumerate(each):
        first = begins + (max(known, season + 1) if 1 < season <= (length - begins) // 2 else known)
        before = slice(first - 1, max(length, first) - 1)
        answers = said[row, before]
        if not np.isfinite(answers).all():
            raise NonFiniteOutput(f"{choice.name} answered with a number that is not finite")
        unit = float(units[row])
        if fan is not None:
            widths = below[:, row, before], above[:, row, before]
        else:
            recent = _moved(read.values[row, :length], max(_RECENT, 2 * season))[before]
            one = _shape(choice, len(answers))[:, None] * np.maximum(recent, _LEAST * unit)
            widths = one, one
        least = TIE * unit
        down, up = (_rising(each, least) for each in widths)
        yield Answered(first, truth[row, first:length], answers, down, up, least)


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


def _shape(choice: Choice, steps: int) -> Floats:
    """Half-widths [levels] in units of a mean, whatever the step."""
    z = tuple(map(z_of, LEVELS))
    if choice.model is not None and choice.model.half_widths is not None:
        return choice.model.half_widths.at(z, 1)[:, 0, 0]
    return of_rule("naive", np.array([steps]), np.ones(1, np.int64), z, 1)[:, 0, 0]


def _rising(widths: Floats, floor: float) -> Floats:
    """``widths`` [levels, steps] after none, none lower than ``floor`` or the one before."""
    found = np.maximum.accumulate(np.maximum(widths, floor), axis=0)
    return np.concatenate((np.zeros((1, found.shape[1])), found))
