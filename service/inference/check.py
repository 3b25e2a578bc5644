"""The honest part of an answer: how a model did on the posted sequence itself, beside the simplest rules. Pure.

Every step is predicted from what came before it only. The later half of a sequence's steps counts, each with two
points (or a model's whole window) before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.inference import rules
from service.inference.sequences import Batch

Floats = NDArray[np.float64]
Verdict = Literal["beats", "ties", "loses"]

# Differences below this share of the sequence's mean absolute difference S say nothing about a model.
TIE = 1e-3
VERDICTS: tuple[Verdict, ...] = ("ties", "beats", "loses")
# Fewest points before a checked step: drift needs two.
FIRST = 2


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every sequence
class Check:
    """A model's one-step-ahead record on one sequence beside the best rule's.

    ``mae`` and ``rule_mae`` are mean absolute errors over ``steps`` steps in the sequence's own unit;
    ``rule_value`` is that rule's answer for the next value; ``skill`` is 1 - mae / rule_mae, None when the rule
    is all but exact.
    """

    steps: int
    mae: float
    rule: str
    rule_mae: float
    rule_value: float
    skill: float | None
    verdict: Verdict


class Span(NamedTuple):
    """Which steps of a batch are checked.

    Of the targets x_2 ... x_T those from ``start`` on count, as far as ``mask`` [sequences, T - 1 - start] chooses
    them; None chooses all. ``steps`` [sequences] counts them, zero where a sequence is too short.
    """

    start: int
    mask: NDArray[np.bool_] | None
    steps: NDArray[np.int64]

    def counted(self, numbers: Floats) -> Floats:
        """``numbers`` [..., sequences, T - 1 - start], zero where a step is not checked."""
        return numbers if self.mask is None else np.where(self.mask, numbers, 0.0)


def span(batch: Batch, first: int = FIRST) -> Span:
    """The later half of each sequence's steps, each with ``first`` points or more before it."""
    width = batch.values.shape[1]
    if batch.length == width:
        most = max(min(width // 2, width - first), 0)
        return Span(width - 1 - most, None, np.full(len(batch.lengths), most))
    lengths = batch.lengths.astype(np.int64)
    steps = np.maximum(np.minimum(lengths // 2, lengths - first), 0)
    start = int((lengths - steps).min()) - 1
    target = np.arange(1 + start, width)
    return Span(start, (target >= (lengths - steps)[:, None]) & (target < lengths[:, None]), steps)


def absolute_errors(batch: Batch, chosen: Span, predictions: Floats) -> Floats:
    """Absolute one-step-ahead errors [..., sequences, T - 1 - start], zero where a step is not checked.

    ``predictions`` [..., sequences, T - start] are those from ``start`` on.
    """
    return chosen.counted(np.abs(batch.values[:, 1 + chosen.start :] - predictions[..., :-1]))


def mean_absolute_error(chosen: Span, errors: Floats) -> Floats:
    """Mean over the checked steps [..., sequences]; zero where there are none."""
    result: Floats = (errors / np.maximum(chosen.steps, 1)[:, None]).sum(axis=-1)
    return result


def lag_copies(batch: Batch, chosen: Span, predictions: Floats, share: float) -> NDArray[np.bool_]:
    """Rows whose one-step-ahead answers move less than ``share`` of S from the value before, where checked.

    ``predictions`` as in :func:`absolute_errors`.
    """
    moves = chosen.counted(np.abs(predictions[:, :-1] - batch.values[:, chosen.start : -1]))
    copies: NDArray[np.bool_] = mean_absolute_error(chosen, moves) < share * batch.unit
    return copies & (chosen.steps > 0)


class RuleRecord(NamedTuple):
    """All series rules on one batch: ``errors`` [rules, sequences, T - 1 - start], ``mae`` and ``values``
    (the answers for the next value) [rules, sequences].
    """

    names: tuple[str, ...]
    errors: Floats
    mae: Floats
    values: Floats


def rule_record(batch: Batch, chosen: Span) -> RuleRecord:
    """Every series rule's one-step-ahead record on ``batch``."""
    # Stacked as they lie in memory: see Batch.
    predictions = np.stack([rule(batch.values, chosen.start).T for rule in rules.SERIES_RULES.values()])
    predictions = predictions.transpose(0, 2, 1)
    errors = absolute_errors(batch, chosen, predictions)
    return RuleRecord(tuple(rules.SERIES_RULES), errors, mean_absolute_error(chosen, errors), batch.last(predictions))


class Standing(NamedTuple):
    """A model's errors on a batch beside the best rule's, each [sequences]; see :class:`Check`.

    ``verdicts`` are places in ``VERDICTS``; beside a rule below ``exact`` there is no skill; ``moves`` is the mean
    absolute difference over the checked steps, zero where nothing was checked.
    """

    steps: NDArray[np.int64]
    mae: Floats
    rules: list[str]
    rule_mae: Floats
    rule_value: Floats
    verdicts: NDArray[np.intp]
    exact: Floats
    moves: Floats

    def loses(self) -> NDArray[np.bool_]:
        """Where the rule was better [sequences]."""
        lost: NDArray[np.bool_] = (self.verdicts == VERDICTS.index("loses")) & (self.steps > 0)
        return lost

    def tally(self) -> NDArray[np.intp]:
        """How often each of ``VERDICTS`` was given; a sequence that could not be checked has none."""
        return np.bincount(self.verdicts[self.steps > 0], minlength=len(VERDICTS))

    def checks(self) -> list[Check | None]:
        """A record for each sequence; None where no step could be checked."""
        steps, mae, rule_mae, value = (
            column.tolist() for column in (self.steps, self.mae, self.rule_mae, self.rule_value)
        )
        verdicts = map(VERDICTS.__getitem__, self.verdicts.tolist())
        checks: list[Check | None] = list(map(Check, steps, mae, self.rules, rule_mae, value, self._skills(), verdicts))
        for row in np.flatnonzero(self.steps == 0).tolist():
            checks[row] = None
        return checks

    def _skills(self) -> list[float | None]:
        """As :func:`compared` gives them; a call for each would be a tenth of a large batch's time."""
        shown = (self.rule_mae >= self.exact) & (self.rule_mae > 0.0)
        with np.errstate(over="ignore"):
            skill = 1.0 - self.mae / np.where(shown, self.rule_mae, 1.0)
        shown &= np.isfinite(skill)
        return [value if is_shown else None for value, is_shown in zip(skill.tolist(), shown.tolist(), strict=True)]


def judge(batch: Batch, chosen: Span, errors: Floats, ruled: RuleRecord) -> Standing:
    """A model with these absolute ``errors`` beside the best rule on each sequence."""
    rows = np.arange(len(batch.lengths))
    best = ruled.mae.argmin(axis=0)
    exact = TIE * batch.unit
    mae, rule_mae = mean_absolute_error(chosen, errors), ruled.mae[best, rows]
    difference = errors.copy("K")
    difference -= ruled.errors[best, rows]
    tolerance = np.maximum(exact, _standard_error(chosen, difference))
    names = [ruled.names[each] for each in best.tolist()]
    verdicts = _verdicts(mae, rule_mae, tolerance)
    moves = ruled.mae[ruled.names.index("naive")]
    return Standing(chosen.steps, mae, names, rule_mae, ruled.values[best, rows], verdicts, exact, moves)


def judge_memory(batch: Batch, answers: Floats) -> Standing:
    """Memory answers, whose truth is known: each one's own error beside the index-blind mean's."""
    truth, blind = memory_truth(batch), rules.index_blind_mean(batch.values, batch.lengths)
    exact = TIE * batch.unit
    once = np.ones(len(answers), np.int64)
    names = ["index_blind_mean"] * len(answers)
    mae, rule_mae = np.abs(answers - truth), np.abs(blind - truth)
    return Standing(once, mae, names, rule_mae, blind, _verdicts(mae, rule_mae, exact), exact, np.zeros(len(mae)))


def memory_truth(batch: Batch) -> Floats:
    """The exact answers to a batch of pairs [sequences], NaN where the mean is undefined."""
    assert batch.indices is not None  # noqa: S101  # only pairs get here
    return rules.even_mean(batch.indices, batch.values, batch.lengths)


def _verdicts(mae: Floats, rule_mae: Floats, tolerance: Floats) -> NDArray[np.intp]:
    """As :func:`compared` finds them, as places in ``VERDICTS``."""
    beats_or_loses = np.where(mae < rule_mae, VERDICTS.index("beats"), VERDICTS.index("loses"))
    return np.where(np.abs(mae - rule_mae) <= tolerance, VERDICTS.index("ties"), beats_or_loses)


def compared(mae: float, rule_mae: float, tolerance: float, exact: float) -> tuple[float | None, Verdict]:
    """Skill and verdict: errors within ``tolerance`` tie, and beside a rule below ``exact`` there is no skill."""
    skill = None if rule_mae < exact or rule_mae == 0.0 else 1.0 - mae / rule_mae
    if skill is not None and not math.isfinite(skill):  # beside an error so small that the share overflows
        skill = None
    if abs(mae - rule_mae) <= tolerance:
        return skill, "ties"
    return skill, "beats" if mae < rule_mae else "loses"


def _standard_error(chosen: Span, difference: Floats) -> Floats:
    """Standard error of the mean difference; zero for a single step."""
    # In units of the largest difference, so that squares stay finite.
    unit = np.abs(difference).max(axis=1, initial=0.0)
    scaled = difference / np.where(unit > 0.0, unit, 1.0)[:, None]
    steps = np.maximum(chosen.steps, 1)
    mean = scaled.sum(axis=1) / steps
    squares = chosen.counted((scaled - mean[:, None]) ** 2).sum(axis=1)
    result: Floats = unit * np.sqrt(squares / np.maximum(steps - 1, 1) / steps)
    return result
