"""The honest part of an answer: how a model did on the posted sequence itself, beside the simplest rules. Pure.

Every step is predicted from what came before it only. The later half of a sequence's steps counts, each with two
points (or a model's whole window) before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.batch import Batch
from service.inference.cumulative import total
from service.verdicts import TIE, VERDICTS, Verdict

# A model whose answers move less than this share of S away from the last value copies it.
LAG_COPY = 0.1
# Standard errors that a rule must be better by to answer in the default's place: the best of several that are about as
# good is better than another one by more than one of them, for no reason. A network must be better by one, and have no
# more than this share of the best rule's error: one that knows a line or a wave then knows what no rule does.
SURE, KNOWS = 3.0, 0.8
# Fewest points before a checked step: drift needs two.
FIRST = 2


@dataclass  # not frozen: that doubles the time to make one, and there is one for every sequence
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

    def in_words(self) -> str:
        """What was checked."""
        return "the last step" if self.steps == 1 else f"the last {self.steps} steps"


class Span(NamedTuple):
    """Which steps of a batch are checked.

    Of the targets x_2 ... x_T those from ``start`` on count, as far as ``mask`` [T - 1 - start, sequences] chooses
    them; None chooses all. ``steps`` [sequences] counts them, zero where a sequence is too short.

    ``divisor`` is the same as what a sum is divided by, never zero, and ``pairs`` is ``steps * (steps - 1)``, NaN below
    two steps: one for all where lengths are equal, else [sequences].
    """

    start: int
    mask: NDArray[np.bool_] | None
    steps: NDArray[np.int64]
    divisor: float | Floats
    pairs: float | Floats

    def counted(self, numbers: Floats) -> Floats:
        """``numbers`` [..., T - 1 - start, sequences], set to zero where a step is not checked."""
        if self.mask is not None:
            np.copyto(numbers, 0.0, where=~self.mask)
        return numbers

    def mean(self, numbers: Floats) -> Floats:
        """The mean of ``numbers`` [..., T - 1 - start, sequences] over the checked steps; zero where there are none."""
        # Divided before they are added, so that the sum stays finite.
        return total(numbers / self.divisor)


def span(batch: Batch, first: int = FIRST) -> Span:
    """The later half of each sequence's steps, each with ``first`` points or more before it.

    A gap does not count, nor do those before the first value as points.
    """
    width = batch.values.shape[1]
    if batch.length == width and batch.seen is None:
        most = max(min(width // 2, width - first), 0)
        pairs = float(most * (most - 1)) if most > 1 else math.nan
        return Span(width - 1 - most, None, np.full(len(batch.lengths), most), float(max(most, 1)), pairs)
    lengths = batch.lengths.astype(np.int64)
    steps = np.maximum(np.minimum(lengths // 2, lengths - first), 0)
    start = int((lengths - steps).min()) - 1
    target = np.arange(1 + start, width)[:, None]
    mask = (target >= lengths - steps) & (target < lengths)
    if batch.seen is not None:
        mask &= batch.seen.T[1 + start :] & (target >= batch.begins + first)
        steps = mask.sum(axis=0)
    return Span(start, mask, steps, np.maximum(steps, 1.0), np.where(steps > 1, steps * (steps - 1.0), np.nan))


def absolute_errors(batch: Batch, chosen: Span, predictions: Floats) -> Floats:
    """Absolute one-step-ahead errors [..., T - 1 - start, sequences], zero where a step is not checked.

    ``predictions`` [..., T - start, sequences] are those from ``start`` on.
    """
    errors = predictions[..., :-1, :] - batch.steps[1 + chosen.start :]
    return chosen.counted(np.abs(errors, out=errors))


def lag_copies(batch: Batch, chosen: Span, predictions: Floats) -> NDArray[np.bool_]:
    """Sequences whose one-step-ahead answers merely repeat the value before, where checked.

    ``predictions`` as in :func:`absolute_errors`.
    """
    moves = predictions[:-1] - batch.steps[chosen.start : -1]
    moved = chosen.mean(chosen.counted(np.abs(moves, out=moves)))
    copies: NDArray[np.bool_] = (moved < LAG_COPY * batch.unit) & (chosen.steps > 0)
    return copies


class Standing(NamedTuple):
    """Whoever answered each sequence of a batch beside the best rule there, each [sequences]; see :class:`Check`.

    ``rule`` are places in ``names``, ``verdicts`` those in ``VERDICTS``; beside a rule below ``exact`` there is no
    skill.
    """

    steps: NDArray[np.int64]
    mae: Floats
    names: tuple[str, ...]
    rule: NDArray[np.intp]
    rule_mae: Floats
    rule_value: Floats
    verdicts: NDArray[np.intp]
    exact: Floats

    def take(self, rows: NDArray[np.intp]) -> Standing:
        """That on some of the sequences."""
        rule, given, exact = self.rule[rows], self.verdicts[rows], self.exact[rows]
        errors, value = (self.mae[rows], self.rule_mae[rows]), self.rule_value[rows]
        return Standing(self.steps[rows], errors[0], self.names, rule, errors[1], value, given, exact)

    def given(self) -> list[Verdict | None]:
        """The verdict on each; None where no step could be checked."""
        rows = zip(self.verdicts.tolist(), self.steps.tolist(), strict=True)
        return [VERDICTS[verdict] if steps else None for verdict, steps in rows]

    def checks(self) -> list[Check | None]:
        """A record for each sequence; None where no step could be checked."""
        columns = self.steps, self.mae, self.rule, self.rule_mae, self.rule_value, self.verdicts, self.exact
        steps, mae, best, rule_mae, value, verdicts, exact = [column.tolist() for column in columns]
        names, given = map(self.names.__getitem__, best), map(VERDICTS.__getitem__, verdicts)
        skills = map(_skill, mae, rule_mae, exact)
        checks: list[Check | None] = list(map(Check, steps, mae, names, rule_mae, value, skills, given))
        if not all(steps):
            checks = [check if count else None for check, count in zip(checks, steps, strict=True)]
        return checks


def _skill(mae: float, rule_mae: float, exact: float) -> float | None:
    if rule_mae < exact or rule_mae == 0.0:
        return None
    skill = 1.0 - mae / rule_mae
    return skill if skill > -math.inf else None  # so large that it overflows


def verdicts(
    chosen: Span, mae: Floats, rule_mae: Floats, differences: Floats, exact: Floats, times: float = 1.0
) -> NDArray[np.intp]:
    """Places in ``VERDICTS`` [sequences] of errors with the mean ``mae``.

    ``differences`` [T - 1 - start, sequences] are those to the errors of the best rule. Means tie within ``exact``, or
    within so many ``times`` the standard error of their difference, which a single step does not have.
    """
    mean = mae - rule_mae
    # The squared standard error in units of the squared mean difference, so that squares stay finite; where that
    # difference is nothing the means tie anyway.
    with np.errstate(all="ignore"):
        scaled = differences / mean
        scaled -= 1.0
        scaled *= scaled
        squares = times**2 * total(chosen.counted(scaled))
    tied = (np.abs(mean) <= exact) | (squares >= chosen.pairs)
    return _verdicts(mae, rule_mae, tied)


def taken_over(beaten: NDArray[np.bool_], one: Floats, other: Floats, exact: Floats) -> NDArray[np.bool_]:
    """Where an answer with the mean error ``one`` is given in the place of one with that of ``other`` [sequences].

    Where the other one is ``beaten`` beyond doubt, or is not ``exact`` and the one is.
    """
    taken: NDArray[np.bool_] = beaten | ((one <= exact) & (other > exact))
    return taken


class Known(NamedTuple):
    """The exact answers [sequences], where a sequence itself tells them, and what simple rules answer."""

    truth: Floats
    rules: dict[str, Floats]


def judge(batch: Batch, answers: Floats, known: Known) -> Standing:
    """Answers whose truth is known: each one's own error beside that of the best rule."""
    every, exact, ruled = np.arange(len(answers)), TIE * batch.unit, np.array(list(known.rules.values()))
    errors = np.abs(ruled - known.truth)
    best = errors.argmin(axis=0)
    mae, rule_mae = np.abs(answers - known.truth), errors[best, every]
    given = _verdicts(mae, rule_mae, np.abs(mae - rule_mae) <= exact)
    steps = np.ones(len(answers), np.int64)
    return Standing(steps, mae, tuple(known.rules), best, rule_mae, ruled[best, every], given, exact)


def _verdicts(mae: Floats, rule_mae: Floats, tied: NDArray[np.bool_]) -> NDArray[np.intp]:
    # VERDICTS are in the order of these numbers: none, one or two.
    found: NDArray[np.intp] = 2 - (mae < rule_mae)
    found *= ~tied
    return found
