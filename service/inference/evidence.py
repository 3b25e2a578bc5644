"""A model's answers to a batch together with the evidence for them, and the choice of the best answerer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.inference.caveats import caveats, lag_copies
from service.inference.check import (
    FIRST,
    TIE,
    Check,
    RuleRecord,
    Span,
    absolute_errors,
    judge,
    judge_memory,
    mean_absolute_error,
    rule_record,
    span,
)
from service.inference.model import Model
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
        model.require(batch)
        predictions, state = model.read(batch)
        answers = batch.last(predictions)
        if batch.indices is not None:
            checks = judge_memory(batch, answers)
            lagging = np.zeros(len(checks), np.bool_)
        else:
            chosen, ruled = self.rules(max(FIRST, card.window or 0))
            checks = judge(batch, chosen, absolute_errors(batch, chosen, predictions), ruled)
            lagging = lag_copies(batch, chosen, predictions)
        return Evidence(answers, checks, caveats(card, batch, checks, lagging), state)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers one sequence: a model (None: a rule), and its evidence at that sequence's row."""

    model: Model | None
    name: str
    value: float
    check: Check | None
    warnings: list[str]


def choose(batch: Batch, models: list[Model]) -> list[Choice]:
    """For each sequence the answer of whichever model or rule has the best one-step-ahead record on it.

    Lowest mean absolute error; a network within 1e-3 S of the lowest wins over a rule. Where nothing can be
    checked drift answers two points and naive one.
    """
    examiner = Examiner(batch)
    chosen, ruled = examiner.rules()
    readings = [model.read(batch) for model in models]
    errors = [absolute_errors(batch, chosen, reading.predictions) for reading in readings]
    everyone = np.stack([*(mean_absolute_error(chosen, each) for each in errors), *ruled.mae])
    lowest = everyone.min(axis=0)
    winner = everyone.argmin(axis=0)
    if models:
        networks = everyone[: len(models)]
        winner = np.where(networks.min(axis=0) <= lowest + TIE * batch.unit, networks.argmin(axis=0), winner)
    unchecked = len(models) + np.where(batch.lengths > 1, ruled.names.index("drift"), ruled.names.index("naive"))
    winner = np.where(chosen.steps > 0, winner, unchecked)

    choices: dict[int, Choice] = {}
    for candidate in np.unique(winner).tolist():
        rows = np.flatnonzero(winner == candidate)
        if candidate < len(models):
            model = models[candidate]
            checks = judge(batch, chosen, errors[candidate], ruled)
            lagging = lag_copies(batch, chosen, readings[candidate].predictions)
            warnings = caveats(model.card, batch, checks, lagging)
            name, values = model.card.name, batch.last(readings[candidate].predictions)
        else:
            rule = candidate - len(models)
            model, name, values = None, f"rule:{ruled.names[rule]}", ruled.values[rule]
            checks = judge(batch, chosen, ruled.errors[rule], ruled)
            warnings = [[] for _ in checks]
        for row in rows.tolist():
            choices[row] = Choice(model, name, float(values[row]), checks[row], warnings[row])
    return [choices[row] for row in range(len(batch.lengths))]
