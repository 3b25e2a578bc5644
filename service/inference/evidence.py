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
from service.inference.model import Model, Reading
from service.inference.network import State
from service.inference.sequences import Batch

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers [sequences] of one model to a batch, with a check and the warnings for each.

    ``state`` is the network's after each sequence, for a forecast to go on from; None for a windowed model.
    """

    answers: Floats
    checks: list[Check | None]
    warnings: list[list[str]]
    state: State | None


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
        batch, card = self.batch, model.card
        reading, answers, standing = self._judged(model)
        checks = standing.checks()
        lagging = np.zeros(len(checks), np.bool_)
        if batch.indices is None:
            chosen, _ = self._rules_for(model)
            lagging = lag_copies(batch, chosen, reading.predictions, LAG_COPY)
        return Evidence(answers, checks, warnings_of(card, batch, checks, lagging), reading.state)

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
        errors = absolute_errors(self.batch, chosen, reading.predictions)
        return reading, answers, judge(self.batch, chosen, errors, ruled)

    def _rules_for(self, model: Model) -> tuple[Span, RuleRecord]:
        return self.rules(max(FIRST, model.card.window or 0))


def warnings_of(
    card: ModelCard, batch: Batch, checks: list[Check | None], lagging: NDArray[np.bool_]
) -> list[list[str]]:
    """Warnings for each sequence on the answers of the model with ``card``."""
    outside = [False] * len(checks)
    if card.values is not None:
        low, high = card.values
        outside = ((batch.values.min(axis=1) < low) | (batch.values.max(axis=1) > high)).tolist()
    lengths = batch.lengths.tolist()
    odd = {length for length in set(lengths) if length_caveat(card, length)}
    rows = zip(lengths, checks, lagging.tolist(), outside, strict=True)
    return [
        caveats(card, length, check, lagging=lag, outside=out)
        # Most answers need none, which is quickly seen.
        if lag or out or length in odd or card.beaten_by or (check is not None and check.verdict == "loses")
        else []
        for length, check, lag, out in rows
    ]
