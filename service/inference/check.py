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
_VERDICTS: tuple[Verdict, ...] = ("ties", "beats", "loses")
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

    ``mask`` [sequences, timesteps - 1] chooses targets x_2 ... x_T; ``steps`` [sequences] counts them, zero where
    a sequence is too short.
    """

    mask: NDArray[np.bool_]
    steps: NDArray[np.int64]


def span(batch: Batch, first: int = FIRST) -> Span:
    """The later half of each sequence's steps, each with ``first`` points or more before it."""
    lengths = batch.lengths.astype(np.int64)
    steps = np.clip(np.minimum(lengths // 2, lengths - first), 0, None)
    target = np.arange(1, batch.values.shape[1])
    return Span((target >= (lengths - steps)[:, None]) & (target < lengths[:, None]), steps)


def absolute_errors(batch: Batch, chosen: Span, predictions: Floats) -> Floats:
    """Absolute one-step-ahead errors [..., sequences, timesteps - 1], zero where a step is not checked."""
    return np.where(chosen.mask, np.abs(batch.values[:, 1:] - predictions[..., :-1]), 0.0)


def mean_absolute_error(chosen: Span, errors: Floats) -> Floats:
    """Mean over the checked steps [..., sequences]; zero where there are none."""
    result: Floats = (errors / np.maximum(chosen.steps, 1)[:, None]).sum(axis=-1)
    return result


def lag_copies(batch: Batch, chosen: Span, predictions: Floats, share: float) -> NDArray[np.bool_]:
    """Rows whose one-step-ahead answers move less than ``share`` of S from the value before, where checked."""
    moves = np.where(chosen.mask, np.abs(predictions[:, :-1] - batch.values[:, :-1]), 0.0)
    copies: NDArray[np.bool_] = mean_absolute_error(chosen, moves) < share * batch.unit
    return copies & (chosen.steps > 0)


class RuleRecord(NamedTuple):
    """All series rules on one batch: ``errors`` [rules, sequences, timesteps - 1], ``mae`` and ``values``
    (the answers for the next value) [rules, sequences].
    """

    names: tuple[str, ...]
    errors: Floats
    mae: Floats
    values: Floats


def rule_record(batch: Batch, chosen: Span) -> RuleRecord:
    """Every series rule's one-step-ahead record on ``batch``."""
    predictions = np.stack([rule(batch.values) for rule in rules.SERIES_RULES.values()])
    errors = absolute_errors(batch, chosen, predictions)
    return RuleRecord(tuple(rules.SERIES_RULES), errors, mean_absolute_error(chosen, errors), batch.last(predictions))


def judge(batch: Batch, chosen: Span, errors: Floats, ruled: RuleRecord) -> list[Check | None]:
    """A verdict per sequence on a model with these absolute ``errors``; None where no step could be checked."""
    rows = np.arange(len(batch.lengths))
    best = ruled.mae.argmin(axis=0)
    exact = TIE * batch.unit
    tolerance = np.maximum(exact, _standard_error(chosen, errors - ruled.errors[best, rows]))
    mae, rule_mae = mean_absolute_error(chosen, errors), ruled.mae[best, rows]
    columns = (chosen.steps, mae, best, rule_mae, ruled.values[best, rows])
    judged = zip(*(column.tolist() for column in columns), *_compared_all(mae, rule_mae, tolerance, exact), strict=True)
    return [
        Check(steps, error, ruled.names[rule], rule_error, value, skill, verdict) if steps else None
        for steps, error, rule, rule_error, value, skill, verdict in judged
    ]


def judge_memory(batch: Batch, answers: Floats) -> list[Check | None]:
    """A verdict per memory sequence, where the truth is known: this answer's error beside the index-blind mean's."""
    truth, blind = memory_truth(batch), rules.index_blind_mean(batch.values, batch.lengths)
    mae, rule_mae, exact = np.abs(answers - truth), np.abs(blind - truth), TIE * batch.unit
    columns = (mae.tolist(), rule_mae.tolist(), blind.tolist(), *_compared_all(mae, rule_mae, exact, exact))
    return [
        Check(1, error, "index_blind_mean", rule_error, value, skill, verdict)
        for error, rule_error, value, skill, verdict in zip(*columns, strict=True)
    ]


def memory_truth(batch: Batch) -> Floats:
    """The exact answers to a batch of pairs [sequences], NaN where the mean is undefined."""
    assert batch.indices is not None  # noqa: S101  # only pairs get here
    return rules.even_mean(batch.indices, batch.values, batch.lengths)


def compared(mae: float, rule_mae: float, tolerance: float, exact: float) -> tuple[float | None, Verdict]:
    """Skill and verdict: errors within ``tolerance`` tie, and beside a rule below ``exact`` there is no skill."""
    skill = None if rule_mae < exact or rule_mae == 0.0 else 1.0 - mae / rule_mae
    if skill is not None and not math.isfinite(skill):  # beside an error so small that the share overflows
        skill = None
    if abs(mae - rule_mae) <= tolerance:
        return skill, "ties"
    return skill, "beats" if mae < rule_mae else "loses"


def _compared_all(
    mae: Floats, rule_mae: Floats, tolerance: Floats, exact: Floats
) -> tuple[list[float | None], list[Verdict]]:
    """What :func:`compared` gives for each row; a call for each would be a tenth of a large batch's time."""
    shown = (rule_mae >= exact) & (rule_mae > 0.0)
    with np.errstate(over="ignore"):
        skill = 1.0 - mae / np.where(shown, rule_mae, 1.0)
    shown &= np.isfinite(skill)
    verdict = np.where(np.abs(mae - rule_mae) <= tolerance, 0, np.where(mae < rule_mae, 1, 2))
    skills = [value if is_shown else None for value, is_shown in zip(skill.tolist(), shown.tolist(), strict=True)]
    return skills, [_VERDICTS[each] for each in verdict.tolist()]


def _standard_error(chosen: Span, difference: Floats) -> Floats:
    """Standard error of the mean difference; zero for a single step."""
    # In units of the largest difference, so that squares stay finite.
    unit = np.abs(difference).max(axis=1, initial=0.0)
    scaled = difference / np.where(unit > 0.0, unit, 1.0)[:, None]
    steps = np.maximum(chosen.steps, 1)
    mean = scaled.sum(axis=1) / steps
    squares = np.where(chosen.mask, (scaled - mean[:, None]) ** 2, 0.0).sum(axis=1)
    result: Floats = unit * np.sqrt(squares / np.maximum(steps - 1, 1) / steps)
    return result
