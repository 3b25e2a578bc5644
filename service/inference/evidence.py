"""A model's answers to a batch together with the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.cards import ModelCard
from service.inference.caveats import LAG_COPY, caveats, length_caveat
from service.inference.check import (
    FIRST,
    Check,
    RuleRecord,
    Span,
    Standing,
    absolute_errors,
    judge,
    judge_memory,
    lag_copies,
    rule_record,
    span,
)
from service.inference.intervals import error_scale
from service.inference.model import Model, Reading
from service.inference.network import State
from service.inference.sequences import Batch

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers [sequences] of one model or rule to a batch, with a check and the warnings for each.

    ``scale`` [sequences] is what intervals are measured in, NaN where there are none. ``state`` is the network's after
    each sequence, for a forecast to go on from; None for a windowed model or a rule.
    """

    answers: Floats
    scale: Floats
    checks: list[Check | None]
    warnings: list[list[str]]
    state: State | None = None

    def take(self, rows: list[int]) -> Evidence:
        """The evidence for some of the sequences."""
        checks, warnings = [self.checks[row] for row in rows], [self.warnings[row] for row in rows]
        state = None if self.state is None else {name: part[:, rows] for name, part in self.state.items()}
        return Evidence(self.answers[rows], self.scale[rows], checks, warnings, state)


class Examiner:
    """Examines models and rules on one batch; the rules' own record is made once."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._records: dict[int, tuple[Span, RuleRecord]] = {}

    def rules(self, first: int = FIRST) -> tuple[Span, RuleRecord]:
        """The checked steps, each with ``first`` points before it, and the rules' record on them."""
        if first not in self._records:
            chosen = span(self.batch, first)
            self._records[first] = chosen, rule_record(self.batch, chosen)
        return self._records[first]

    def examine(self, model: Model) -> Evidence:
        """Answers and evidence of ``model``.

        Raises:
            InvalidInput: the model has no answer for this batch.
            NonFiniteOutput: the network answered NaN or infinity.
        """
        reading, answers, standing = self._judged(model)
        lagging = np.zeros(len(answers), np.bool_)
        if self.batch.indices is None:
            chosen, _ = self._rules_for(model)
            lagging = lag_copies(self.batch, chosen, reading.predictions[:, chosen.start :], LAG_COPY)
        return evidence_of(model.card, self.batch, answers, standing, lagging, reading.state)

    def tally(self, model: Model) -> tuple[Floats, NDArray[np.intp]]:
        """Answers of ``model``, and how often it had each of the verdicts. Raises as :meth:`examine` does."""
        _, answers, standing = self._judged(model)
        return answers, standing.tally()

    def _judged(self, model: Model) -> tuple[Reading, Floats, Standing]:
        model.require(self.batch)
        reading = model.read(self.batch)
        answers = self.batch.last(reading.predictions)
        if self.batch.indices is not None:
            return reading, answers, judge_memory(self.batch, answers)
        chosen, ruled = self._rules_for(model)
        errors = absolute_errors(self.batch, chosen, reading.predictions[:, chosen.start :])
        return reading, answers, judge(self.batch, chosen, errors, ruled)

    def _rules_for(self, model: Model) -> tuple[Span, RuleRecord]:
        return self.rules(max(FIRST, model.card.window or 0))


def evidence_of(
    card: ModelCard,
    batch: Batch,
    answers: Floats,
    standing: Standing,
    lagging: NDArray[np.bool_],
    state: State | None = None,
) -> Evidence:
    """The evidence for ``answers`` of the model with ``card``, ``lagging`` where they copy the value before."""
    outside = np.zeros(len(answers), np.bool_)
    if card.values is not None:
        low, high = card.values
        outside = (batch.values.min(axis=1) < low) | (batch.values.max(axis=1) > high)
    lengths = batch.lengths.tolist()
    odd = {length for length in set(lengths) if length_caveat(card, length)}
    checks = standing.checks()
    # Most answers need no warning, which is quickly seen.
    warnings: list[list[str]] = [[] for _ in checks]
    doubtful = standing.loses() | lagging | outside | (card.beaten_by is not None)
    if odd:
        doubtful |= np.isin(batch.lengths, list(odd))
    for row in np.flatnonzero(doubtful).tolist():
        warnings[row] = caveats(card, lengths[row], checks[row], lagging=lagging[row], outside=outside[row])
    scale = np.full(len(answers), np.nan)
    if card.intervals is not None:
        scale = error_scale(standing.mae, batch.unit, standing.moves, np.abs(batch.values).max(axis=1))
    return Evidence(answers, scale, checks, warnings, state)
