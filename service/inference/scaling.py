"""Causal scaling: what a series network sees of a sequence, and how its output becomes an answer. Pure.

At step t the network sees ``(x_t - x_{t-1}) / s_t`` and ``s_{t-1} / s_t``, with s_t the mean absolute
difference of x_1 ... x_t, and its output y_t means ``x_t + s_t * y_t``. Nothing after step t enters step t, so
one pass over a sequence gives every one-step-ahead answer without look-ahead, and an offset or a factor on the
input carries over to the answer by construction. All of it is float64, and no difference is ever squared
(squares overflow); only the network runs in float32. Where s_t = 0 the features are zero and the answer is x_t.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.cumulative import cumulative_sum

# Moves of at most this share of the values themselves are rounding (64 places of the last binary digit).
ROUNDING = 2.0**-46


def unit_of(moves: Floats, magnitude: Floats) -> Floats:
    """``moves``, mean absolute differences, as a unit that is never zero: NaN where nothing moved yet.

    ``magnitude`` is the largest magnitude among the values whose differences they are, of the same shape.
    """
    unit: Floats = np.where(moves > ROUNDING * magnitude, moves, np.nan)
    return unit


class Scaled(NamedTuple):
    """``features`` float32 [sequences, timesteps, 2]; ``scale`` float64 [sequences, timesteps], s_t."""

    features: NDArray[np.float32]
    scale: Floats


def causal(values: Floats) -> Scaled:
    """Features and scales of ``values``, float64 [sequences, timesteps] with at least one timestep.

    The scales lie in memory step by step.
    """
    sequences, timesteps = values.shape
    features = np.zeros((sequences, timesteps, 2), np.float32)
    scale = np.zeros((timesteps, sequences))
    if timesteps > 1:
        steps, scales = np.ascontiguousarray(values.T), scale[1:]
        difference = steps[1:] - steps[:-1]
        cumulative_sum(np.abs(difference, out=scales))
        scales /= np.arange(1.0, timesteps)[:, None]
        divisor = np.where(scales > 0.0, scales, 1.0)
        features[:, 1:, 0] = np.divide(difference, divisor, out=difference).T
        features[:, 1:, 1] = np.divide(scale[:-1], divisor, out=divisor).T
    return Scaled(features, scale.T)


def answers(values: Floats, scale: Floats, outputs: NDArray[np.float32], out: Floats | None = None) -> Floats:
    """Next values ``x_t + s_t * y_t`` in the caller's units, in ``out`` where it is given; all of one shape."""
    found: Floats = np.multiply(scale, outputs, out=out)
    found += values
    return found


def influence(values: Floats, scaled: Scaled, outputs: Floats, gradient: Floats) -> Floats:
    """How much one sequence's last answer moves with each of its values, by the chain rule through the scaling.

    Args:
        values: float64 [timesteps].
        scaled: its scaling as :func:`causal` gives it, one sequence.
        outputs: the network's outputs [timesteps].
        gradient: d last output / d features, [timesteps, 2].

    Returns:
        d answer / d x_t, float64 [timesteps], in the caller's own units. Where a difference is exactly zero its
        absolute value has no derivative and zero is taken.
    """
    scale, (first, second) = scaled.scale[0], np.moveaxis(scaled.features[0].astype(np.float64), -1, 0)
    safe = np.where(scale > 0.0, scale, np.inf)
    # In units of the last scale, so that nothing is squared or divided by a tiny number twice.
    share = scale[-1] / safe
    to_difference = gradient[:, 0] * share
    to_scale = -(gradient[:, 0] * first + gradient[:, 1] * second) * share
    to_scale[:-1] += gradient[1:, 1] * share[1:]
    to_scale[-1] += outputs[-1]
    count = np.maximum(np.arange(len(values)), 1)
    later = np.cumsum((to_scale / count)[::-1])[::-1]
    to_difference[1:] += np.sign(np.diff(values)) * later[1:]
    to_difference[0] = 0.0
    result: Floats = to_difference - np.append(to_difference[1:], 0.0)
    result[-1] += 1.0
    return result


class Carry(NamedTuple):
    """What one more value needs to know of all values before it; each is float64 [sequences]."""

    last: Floats
    total: Floats
    differences: Floats


def carry(values: Floats, lengths: NDArray[np.int32], rows: NDArray[np.intp] | None = None) -> Carry:
    """The state of the scaling after the first ``lengths`` values of each row.

    ``rows`` says which row of ``values`` each length is of, where that is not simply the next one.
    """
    rows = np.arange(len(values)) if rows is None else rows
    ends = lengths - 1
    steps = np.ascontiguousarray(values.T)
    total = np.zeros(steps.shape)
    cumulative_sum(np.abs(steps[1:] - steps[:-1], out=total[1:]))
    return Carry(steps[ends, rows], total[ends, rows], ends.astype(np.float64))


def begin(first: Floats) -> Carry:
    """The state before the ``first`` value of each sequence [sequences], which no difference leads to."""
    return Carry(first, np.zeros(len(first)), np.full(len(first), -1.0))


def advance(state: Carry, values: Floats) -> tuple[Scaled, Carry]:
    """Scale further ``values`` [sequences, timesteps], at least one of each sequence, and the state after them.

    To the bit what :func:`causal` gives for the whole.
    """
    sequences, timesteps = values.shape
    difference = values.copy()
    difference[:, 0] -= state.last
    difference[:, 1:] -= values[:, :-1]
    total = np.abs(difference)
    total[:, 0] += state.total
    np.add.accumulate(total, axis=1, out=total)
    count = state.differences[:, None] + np.arange(1.0, timesteps + 1.0)
    scale = total / np.maximum(count, 1.0)
    before = np.empty((sequences, timesteps))
    before[:, 0] = state.total / np.maximum(state.differences, 1.0)
    before[:, 1:] = scale[:, :-1]
    divisor = np.where(scale > 0.0, scale, 1.0)
    features = np.empty((sequences, timesteps, 2), np.float32)
    features[:, :, 0] = difference / divisor
    features[:, :, 1] = before / divisor
    return Scaled(features, scale), Carry(values[:, -1], total[:, -1], count[:, -1])
