"""The simplest rules that could fool a user: what a network must beat. Pure.

Every series rule maps ``values``, float64 [sequences, timesteps], to the array of the same shape whose entry t
is the rule's answer for x_{t+1} made from x_1 ... x_t only, the same layout as a network's one-step-ahead
answers; of these it gives the entries from ``start`` on, [sequences, timesteps - start]. Values are finite and at
most 1e300 in magnitude.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from service.inference.cumulative import cumulative_sum

Floats = NDArray[np.float64]

# Below this share of the product of the raw second moments the normal equations say nothing: rounding alone
# leaves about 1e-14 on a straight line at offset 1e6.
SINGULAR = 1e-12
AR2_FIRST = 5
# An unstable recursion stops growing here, so that it meets its clip and never NaN.
_UNSTABLE = 1e150
_LARGEST = 1e300


def differences(values: Floats) -> Floats:
    """What :func:`numpy.diff` gives along the last axis, for a fifth of its time on a few short rows."""
    return values[..., 1:] - values[..., :-1]


def naive(values: Floats, start: int = 0) -> Floats:
    """The last value again."""
    return values[:, start:].copy("K")


def drift(values: Floats, start: int = 0) -> Floats:
    """One more step like the last one, ``2 x_n - x_{n-1}``; the value itself while there is only one."""
    predicted = naive(values, start)
    first = max(start, 1)
    predicted[:, first - start :] += differences(values[:, first - 1 :])
    return predicted


def line(values: Floats, start: int = 0) -> Floats:
    """The least-squares straight line through all values so far, read one step on."""
    return _line(values, start)[0]


def ar2(values: Floats, start: int = 0) -> Floats:
    """AR(2) with a constant, ``x_{t+1} = c + a x_t + b x_{t-1}``, by least squares on the values so far.

    Drift stands for it until it is defined: fewer than five values, or equations without a unique solution (a
    straight line).
    """
    predicted = drift(values, start)
    first = max(start, AR2_FIRST - 1)
    if values.shape[1] > first:
        fit = _ar2(values, first)
        step = differences(fit.y[:, first - 1 :])
        move = fit.c + fit.p * step + fit.q * fit.y[:, first:]
        np.copyto(predicted[:, first - start :], values[:, first:] + fit.unit * move, where=fit.solvable)
    return predicted


class Rule(Protocol):
    """A series rule: its answers from the step ``start`` on."""

    def __call__(self, values: Floats, start: int = 0, /) -> Floats: ...


SERIES_RULES: Mapping[str, Rule] = {"naive": naive, "drift": drift, "line": line, "ar2": ar2}


def extend(
    rule: str,
    values: Floats,
    lengths: NDArray[np.int32],
    horizon: int,
    rows: NDArray[np.intp] | None = None,
) -> Floats:
    """What ``rule`` says of the ``horizon`` steps after the first ``lengths`` values of each row.

    ``rows`` says which row of ``values`` each length is of, where that is not simply the next one. Returns float64
    [lengths, horizon]: the rule applied to its own answers, its coefficients as they are (its own answers fit them
    exactly). Growth beyond 1e300 stays there.
    """
    rows, ends = np.arange(len(values)) if rows is None else rows, lengths - 1
    ahead = np.arange(float(horizon))
    if rule == "ar2":
        found = _extend_ar2(values, rows, ends, horizon)
    else:
        first = SERIES_RULES[rule](values)[rows, ends]
        found = first[:, None] + _SLOPES[rule](values)[rows, ends][:, None] * ahead
    return np.clip(found, -_LARGEST, _LARGEST)


def index_blind_mean(values: Floats, lengths: NDArray[np.int32]) -> Floats:
    """Mean of the first ``lengths`` values of each row, indices ignored; [sequences]."""
    return _masked_mean(values, np.arange(values.shape[1]) < lengths[:, None])


def even_mean(indices: Floats, values: Floats, lengths: NDArray[np.int32]) -> Floats:
    """The exact answer of the memory task: mean of the values whose index is even; [sequences].

    NaN where a row has no even index, since the mean is undefined there.
    """
    inside = np.arange(values.shape[1]) < lengths[:, None]
    return _masked_mean(values, inside & (indices % 2 == 0))


def _last_difference(values: Floats) -> Floats:
    return np.diff(values, prepend=values[:, :1])


def _line(values: Floats, start: int = 0) -> tuple[Floats, Floats]:
    """The least-squares line's next value and its slope, after each step from ``start`` on."""
    origin, unit, y = _conditioned(values)
    k = np.arange(values.shape[1], dtype=np.float64)
    moment, total = cumulative_sum(k * y, axis=1)[:, start:], cumulative_sum(y, axis=1)[:, start:]
    k = k[start:]
    count = k + 1.0
    spread = np.maximum(count * (count * count - 1.0) / 12.0, 0.5)
    slope = (moment - 0.5 * k * total) / spread
    return origin + unit * (total / count + slope * (count - 0.5 * k)), unit * slope


# How each straight rule goes on, after each step.
_SLOPES: Mapping[str, Callable[[Floats], Floats]] = {
    "naive": np.zeros_like,
    "drift": _last_difference,
    "line": lambda values: _line(values)[1],
}


class _Ar2(NamedTuple):
    """``move = c + p * step + q * y`` after each step from ``start`` on, in the conditioned ``y``, which has all."""

    origin: Floats
    unit: Floats
    y: Floats
    c: Floats
    p: Floats
    q: Floats
    solvable: NDArray[np.bool_]


def _ar2(values: Floats, start: int = AR2_FIRST - 1) -> _Ar2:
    """Least squares for the differences, ``x_{t+1} - x_t = c + p (x_t - x_{t-1}) + q x_t``; ``start`` is at least 4.

    The same answer as for the values themselves, far better conditioned on a slow sinusoid.
    """
    origin, unit, y = _conditioned(values)
    # One row for a step, so that sums over the steps run along the memory.
    x = np.ascontiguousarray(y.T)
    step = x[1:] - x[:-1]
    d, level, target = step[:-1], x[1:-1], step[1:]
    moments = np.empty((6, *d.shape))
    moments[0] = level
    pairs = ((d, d), (d, level), (level, level), (d, target), (level, target))
    for moment, pair in zip(moments[1:], pairs, strict=True):
        np.multiply(*pair, out=moment)
    # Entry j sums the equations whose target is known at step j + 2; three unknowns need three of them.
    sum_level, dd, dl, ll, dt, lt = cumulative_sum(moments, axis=1)[:, start - 2 :]
    count = np.arange(start - 1.0, len(x) - 1.0)[:, None]
    # The sums of differences telescope.
    mean_d, mean_level, mean_target = (x[start - 1 : -1] - x[0]) / count, sum_level / count, (x[start:] - x[1]) / count
    least = SINGULAR * dd * ll
    dd = dd - count * mean_d * mean_d
    dl = dl - count * mean_d * mean_level
    ll = ll - count * mean_level * mean_level
    dt = dt - count * mean_d * mean_target
    lt = lt - count * mean_level * mean_target
    determinant = dd * ll - dl * dl
    solvable = determinant > least
    divisor = np.where(solvable, determinant, 1.0)
    p = (ll * dt - dl * lt) / divisor
    q = (dd * lt - dl * dt) / divisor
    c = mean_target - p * mean_d - q * mean_level
    return _Ar2(origin, unit, y, c.T, p.T, q.T, solvable.T)


def _extend_ar2(values: Floats, rows: NDArray[np.intp], ends: NDArray[np.int32], horizon: int) -> Floats:
    origin, unit, y = _conditioned(values)
    level, step = y[rows, ends], _last_difference(y)[rows, ends]
    c, p, q = np.zeros(len(rows)), np.ones(len(rows)), np.zeros(len(rows))  # drift, until AR(2) is defined
    if values.shape[1] >= AR2_FIRST:
        fit = _ar2(values)
        entry = np.maximum(ends - (AR2_FIRST - 1), 0)
        defined = (ends >= AR2_FIRST - 1) & fit.solvable[rows, entry]
        c, p, q = (np.where(defined, new[rows, entry], old) for new, old in ((fit.c, c), (fit.p, p), (fit.q, q)))
    found = np.empty((len(rows), horizon))
    for ahead in range(horizon):
        step = np.clip(c + p * step + q * level, -_UNSTABLE, _UNSTABLE)
        level = np.clip(level + step, -_UNSTABLE, _UNSTABLE)
        found[:, ahead] = level
    with np.errstate(over="ignore"):
        continued: Floats = origin[rows] + unit[rows] * found
    return continued


def _masked_mean(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    count = chosen.sum(axis=1)
    total = np.where(chosen, values / np.maximum(count, 1)[:, None], 0.0).sum(axis=1)
    return np.where(count > 0, total, np.nan)


def _conditioned(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Origin, unit and ``(values - origin) / unit`` per row, magnitudes at most one.

    The unit is a power of two, so this changes no digit of a linear rule's answer, and squares stay finite.
    """
    origin = values[:, :1]
    shifted = values - origin
    _, exponent = np.frexp(np.abs(shifted).max(axis=1, keepdims=True))
    unit = np.ldexp(1.0, exponent)
    return origin, unit, shifted / unit
