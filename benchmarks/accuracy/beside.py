"""The rules that a network's error is printed beside: the best, and the best that could fool a user. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from service.cards import Evaluation, Score
from training.markdown import number

# What someone without a network might use. The other rules are the answer itself where there is no noise.
FOOLING: Mapping[str, tuple[str, ...]] = {
    "linear": ("naive",),
    "sine": ("naive", "drift", "quadratic"),
    "memory": ("index_blind_mean",),
}
# Knows which indices count, as no user of a memory model does.
_EXACT = "even_mean"
Measure = Callable[[Score], float]


def mse(score: Score) -> float:
    """Mean squared error."""
    return score.mse


def mae(score: Score) -> float:
    """Mean absolute error."""
    return score.mae


def rmse(score: Score) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(score.mse))


def best(evaluation: Evaluation, measure: Measure) -> tuple[str, float]:
    """The best rule on this test and its error."""
    errors = {rule: measure(score) for rule, score in evaluation.rules.items() if rule != _EXACT}
    rule = min(errors, key=errors.__getitem__)
    return rule, errors[rule]


def fooling(task: str, evaluation: Evaluation, measure: Measure) -> tuple[str, float]:
    """The best of the rules that could fool a user of ``task`` on this test, and its error."""
    known = {rule: evaluation.rules[rule] for rule in FOOLING[task] if rule in evaluation.rules}
    return best(evaluation.model_copy(update={"rules": known}), measure)


def named(rule: str, error: float) -> str:
    """A rule and its error in words."""
    return f"{rule.replace('_', ' ')} {number(error)}"


def rules(task: str, evaluation: Evaluation, measure: Measure) -> str:
    """The best rule and the best fooling one with their errors, once if they are the same."""
    return ", ".join(
        dict.fromkeys(named(*found) for found in (best(evaluation, measure), fooling(task, evaluation, measure)))
    )


def skill(error: float, rival: float) -> str:
    """1 - error / rival, with as many digits as tell it from 1."""
    ratio = error / rival
    return f"1 - {number(ratio)}" if 0.0 < ratio < 0.01 else f"{1.0 - ratio:.3g}"
