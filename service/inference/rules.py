"""The simplest rules that could fool a user: what a network must beat. Pure.

Every series rule says after each value of a series what comes next, from that value and those before it only: the
same layout as a network's one-step-ahead answers. Values are finite and at most 1e300 in magnitude.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.cumulative import total
from service.inference.least_squares import AR2_FIRST, LeastSquares

Whole = NDArray[np.integer]

# The last value again; one more step like the last one; the least-squares straight line through all values so far, read
# one step on; AR(2) with a constant, x_{t+1} = c + a x_t + b x_{t-1}, by least squares on the values so far; and the
# value one season before the next, which is naive where there is no season, so that naive is named there.
NAMES = ("naive", "drift", "line", "ar2", "seasonal_naive")
_DRIFT, _LINE, _AR2, _SEASONAL = 1, 2, 3, 4
_LARGEST = 1e300
# One step on from values up to 1e300 a fit may say more; beyond this it says nothing, and errors would overflow.
_LARGEST_STEP = 1e306
# An unstable recursion stops growing here, so that it meets its clip and never NaN.
_UNSTABLE = 1e150


def answer(fitted: LeastSquares, start: int, out: Floats, seasons: Whole | None = None) -> None:
    """What every rule says after each step from ``start`` on of the sequences that ``fitted`` was made of.

    Goes to ``out`` [rules, timesteps - start, sequences], in the order of ``NAMES``. Drift stands for AR(2) until that
    is defined: fewer than five values, or equations without a unique solution (a straight line); and the value itself
    for drift while there is only one. ``seasons`` [sequences] are 1 where there is none; None: nowhere is one.
    """
    steps, first = fitted.steps, max(start, 1)
    out[:] = steps[start:]
    out[_DRIFT :: _AR2 - _DRIFT, first - start :] += steps[first:] - steps[first - 1 : -1]
    fitted.line(start, out[_LINE])
    first = max(start, AR2_FIRST)
    if len(steps) > first:
        fit = fitted.ar2(first)
        with np.errstate(over="ignore"):
            found = fitted.moves(fit, first)
            found += steps[first:]
        np.minimum(found, _LARGEST_STEP, out=found)
        np.maximum(found, -_LARGEST_STEP, out=found)
        np.copyto(out[_AR2, first - start :], found, where=fit.solvable)
    if seasons is not None and (seasons > 1).any():
        known = np.arange(start + 1, len(steps) + 1)[:, None]
        out[_SEASONAL] = _season_before(steps, np.arange(steps.shape[1]), known, known * 0, seasons)


class Rule(Protocol):
    """A rule's answers [sequences, timesteps] after each of ``values`` of that shape."""

    def __call__(self, values: Floats, /) -> Floats: ...


def answers_of(rule: str, values: Floats, seasons: Whole | None = None) -> Floats:
    """The answers of one rule [sequences, timesteps]; ``seasons`` as in :func:`answer`."""
    fitted = LeastSquares(np.ascontiguousarray(values.T))
    out = np.empty((len(NAMES), *fitted.steps.shape))
    answer(fitted, 0, out, seasons)
    found: Floats = out[NAMES.index(rule)].T
    return found


def _season_before(steps: Floats, rows: NDArray[np.intp], known: Whole, further: Whole, seasons: Whole) -> Floats:
    """The last of the ``known`` values at the same place in the season as the one ``further`` steps after the next.

    Of ``steps`` [timesteps, sequences] those in ``rows``; the last value where less than a season is known.
    """
    seasons = np.where(seasons <= known, seasons, 1)
    found: Floats = steps[known - seasons + further % seasons, rows]
    return found


# Those that no season has to be known for.
SERIES_RULES: Mapping[str, Rule] = {name: partial(answers_of, name) for name in NAMES[:_SEASONAL]}


def extend(
    rule: str,
    values: Floats,
    lengths: NDArray[np.int32],
    horizon: int,
    rows: NDArray[np.intp] | None = None,
    seasons: Whole | None = None,
) -> Floats:
    """What ``rule`` says of the ``horizon`` steps after the first ``lengths`` values of each row.

    ``rows`` says which row of ``values`` each length is of, where that is not simply the next one; ``seasons`` [rows of
    values] as in :func:`answer`. Returns float64 [lengths, horizon]: the rule applied to its own answers, its
    coefficients as they are (its own answers fit them exactly). Growth beyond 1e300 stays there.
    """
    rows, ends = np.arange(len(values)) if rows is None else rows, lengths - 1
    fitted = LeastSquares(np.ascontiguousarray(values.T))
    return _ahead(rule, fitted, _said(fitted, ends), rows, ends, horizon, seasons).T


def ahead(
    fitted: LeastSquares,
    rows: NDArray[np.intp],
    ends: NDArray[np.int32],
    horizon: int,
    seasons: Whole | None = None,
) -> Floats:
    """What every rule says of the ``horizon`` steps after the values at ``ends`` of the sequences in ``rows`` [places].

    The sequences are those that ``fitted`` was made of, with their ``seasons``. Returns float64 [rules, horizon,
    places], each as in :func:`extend`.
    """
    said = _said(fitted, ends)
    return np.stack([_ahead(rule, fitted, said, rows, ends, horizon, seasons) for rule in NAMES])


def _said(fitted: LeastSquares, ends: NDArray[np.int32]) -> Floats:
    """What every rule says after each step from the earliest of ``ends`` on, as :func:`answer` without seasons."""
    start = int(ends.min())
    answers = np.empty((len(NAMES), len(fitted.steps) - start, fitted.steps.shape[1]))
    answer(fitted, start, answers)
    return answers


def _ahead(
    rule: str,
    fitted: LeastSquares,
    said: Floats,
    rows: NDArray[np.intp],
    ends: NDArray[np.int32],
    horizon: int,
    seasons: Whole | None,
) -> Floats:
    """One rule's part of :func:`ahead` [horizon, places]."""
    steps, start, further = fitted.steps, len(fitted.steps) - said.shape[1], np.arange(horizon)[:, None]
    if rule == "seasonal_naive" and seasons is not None:
        return _season_before(steps, rows, ends + 1, further, seasons[rows])
    first = said[NAMES.index(rule), ends - start, rows]
    if rule == "ar2":
        found = _extend_ar2(fitted, rows, ends, horizon)
        found[0] = first
    else:
        slope = np.zeros_like(first)
        if rule == "line":
            slope = fitted.slope(start)[ends - start, rows]
        elif rule == "drift":
            slope = steps[ends, rows] - steps[np.maximum(ends - 1, 0), rows]
        found = first + slope * further
    return np.clip(found, -_LARGEST, _LARGEST)


def _extend_ar2(fitted: LeastSquares, rows: NDArray[np.intp], ends: NDArray[np.int32], horizon: int) -> Floats:
    y, d = fitted.y[ends, rows], fitted.d[ends, rows]
    level, change, constant = np.zeros(len(rows)), np.ones(len(rows)), np.zeros(len(rows))  # drift, until it is defined
    if len(fitted.steps) > AR2_FIRST:
        first = max(int(ends.min()), AR2_FIRST)
        fit, entry = fitted.ar2(first), np.maximum(ends - first, 0)
        defined = (ends >= AR2_FIRST) & fit.solvable[entry, rows]
        weights, means = fit.weights[:, entry, rows], fit.means[:, entry, rows]
        level, change = np.where(defined, weights, (level, change))
        constant = np.where(defined, fit.target[entry, rows] - (weights * means).sum(axis=0), constant)
    found, part = np.empty((horizon, len(rows))), np.empty(len(rows))
    for step in found:
        np.multiply(level, y, out=part)
        d *= change
        part += constant
        d += part
        np.minimum(np.maximum(d, -_UNSTABLE, out=d), _UNSTABLE, out=d)
        np.add(y, d, out=step)
        y = np.minimum(np.maximum(step, -_UNSTABLE, out=step), _UNSTABLE, out=step)
    with np.errstate(over="ignore"):
        continued: Floats = fitted.steps[0, rows] + fitted.unit[rows] * found
    return continued


def index_blind_mean(values: Floats, lengths: NDArray[np.int32]) -> Floats:
    """Mean of the first ``lengths`` values of each row, indices ignored; [sequences]."""
    return _masked_mean(values, np.arange(values.shape[1]) < lengths[:, None])


def even_mean(indices: Floats, values: Floats, lengths: NDArray[np.int32]) -> Floats:
    """The exact answer of the memory task: mean of the values whose index is even; [sequences].

    NaN where a row has no even index, since the mean is undefined there.
    """
    inside = np.arange(values.shape[1]) < lengths[:, None]
    return _masked_mean(values, inside & (indices % 2 == 0))


def _masked_mean(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    count = chosen.sum(axis=1)
    shares = np.where(chosen, values / np.maximum(count, 1)[:, None], 0.0)
    return np.where(count > 0, total(shares.T), np.nan)
