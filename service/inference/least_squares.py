"""The least-squares line and AR(2) through the values so far, after every step of many sequences at once. Pure.

Everything comes from running sums over the steps, which no later value, padding or other sequence enters. A NumPy call
costs about a microsecond whatever it does, so what is alike is kept side by side and computed in one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.cumulative import cumulative_sum

# Below this share of the product of the raw second moments the normal equations say nothing: rounding alone
# leaves about 1e-14 on a straight line at offset 1e6.
SINGULAR = 1e-12
# The first step after which AR(2) is defined: three unknowns need three equations, each with two values before it.
AR2_FIRST = 4
# Places in the sums. A level is y at the step before, and a change what it had come by.
_CHANGE_LEVEL, _CHANGES, _LEVEL_TARGET, _CHANGE_TARGET, _LEVELS, _MOMENT, _TOTAL = range(7)
_Y, _D = 7, 8
_TABLE_STEPS = 8192


class _PerStep(NamedTuple):
    """What hangs on the number of the step only, each [timesteps, 1] but for ``line`` and ``slope``.

    ``line`` and ``slope`` [2, timesteps, 1] are what the sums of ``step * y`` and of ``y`` weigh in the line's next
    value and in its slope.
    """

    step: Floats
    equations: Floats
    line: Floats
    slope: Floats

    @staticmethod
    def of(timesteps: int) -> _PerStep:
        step = np.arange(float(timesteps))[:, None]
        # One value alone is its own line: y is zero there, whatever it is multiplied by.
        n, pairs = step + 1.0, np.maximum(step * (step + 1.0), 1.0)
        line = np.stack((6.0 / pairs, -2.0 / n))
        slope = np.stack((12.0 / pairs, -6.0 / n)) / (n + 1.0)
        return _PerStep(step, np.maximum(step - 1.0, 1.0), line, slope)


_SHORT = _PerStep.of(_TABLE_STEPS)


def _per_step(timesteps: int) -> _PerStep:
    return _SHORT if timesteps <= _TABLE_STEPS else _PerStep.of(timesteps)


class Ar2(NamedTuple):
    """``move = target + change * (d - mean d) + level * (y - mean y)`` at some of the steps, in the conditioned y.

    ``weights`` and ``means`` are [2, steps, sequences], of y and of d. Where it is not ``solvable`` the equations have
    no unique solution and the weights say nothing.
    """

    weights: Floats
    means: Floats
    target: Floats
    solvable: NDArray[np.bool_]


class LeastSquares:
    """Running sums over ``steps`` [timesteps, sequences], and what follows from them.

    They are those of ``y = (x - origin) / unit``, at most one in magnitude: the unit is a power of two, so that this
    changes no digit of an answer, and squares stay finite.
    """

    def __init__(self, steps: Floats) -> None:
        self.steps = steps
        self._per_step = _per_step(len(steps))
        sums = self._sums = np.zeros((9, *steps.shape))
        y, d = self.y, self.d = sums[_Y], sums[_D]
        np.subtract(steps, steps[0], out=y)
        self.unit = np.ldexp(1.0, np.frexp(np.maximum.reduce(np.abs(y), axis=0))[1])
        y /= self.unit
        np.subtract(y[1:], y[:-1], out=d[1:])
        np.multiply(self._per_step.step[: len(steps)], y, out=sums[_MOMENT])
        sums[_TOTAL] = y
        # Entry t holds the equation whose target is known at step t, from t = 2 on.
        if len(steps) > 2:
            before = sums[_Y:, 1:-1]
            np.multiply(before, d[1:-1], out=sums[_CHANGE_LEVEL : _CHANGES + 1, 2:])
            np.multiply(before, d[2:], out=sums[_LEVEL_TARGET : _CHANGE_TARGET + 1, 2:])
            np.multiply(y[1:-1], y[1:-1], out=sums[_LEVELS, 2:])
        cumulative_sum(sums[:_Y])

    def line(self, start: int, out: Floats) -> None:
        """The line's next value after each step from ``start`` on; goes to ``out`` [timesteps - start, sequences]."""
        np.multiply(self._weighed(self._per_step.line, start), self.unit, out=out)
        out += self.steps[0]

    def slope(self, start: int) -> Floats:
        """The line's slope after each step from ``start`` on, [timesteps - start, sequences]."""
        found = self._weighed(self._per_step.slope, start)
        found *= self.unit
        return found

    def _weighed(self, weights: Floats, start: int) -> Floats:
        moment, total = self._sums[_MOMENT : _TOTAL + 1, start:] * weights[:, start : len(self.steps)]
        moment += total
        weighed: Floats = moment
        return weighed

    def ar2(self, start: int) -> Ar2:
        """Least squares for the differences, ``x_{t+1} - x_t = c + p (x_t - x_{t-1}) + q x_t``; ``start`` >= 4.

        The same answer as for the values themselves, far better conditioned on a slow sinusoid.
        """
        count = self._per_step.equations[start : len(self.steps)]
        # The sums of the changes and of the targets telescope.
        sums = self._sums[_TOTAL : _Y + 1, start - 1 : -1]
        means, target = sums / count, (self.y[start:] - self.y[1]) / count
        raw = self._sums[:_MOMENT, start:]
        centred = np.empty(raw.shape)
        np.multiply(means, sums[1], out=centred[:_LEVEL_TARGET])
        np.multiply(target, sums, out=centred[_LEVEL_TARGET:_LEVELS])
        np.multiply(means[0], sums[0], out=centred[_LEVELS])
        np.subtract(raw, centred, out=centred)
        change_level = centred[_CHANGE_LEVEL]
        determinant = centred[_CHANGES] * centred[_LEVELS]
        determinant -= change_level * change_level
        solvable = determinant > SINGULAR * raw[_CHANGES] * raw[_LEVELS]
        # Cramer's rule for the weights of the level and of the change at once.
        weights = centred[_CHANGES :: _LEVELS - _CHANGES] * centred[_LEVEL_TARGET:_LEVELS]
        weights -= change_level * centred[_CHANGE_TARGET:_CHANGES:-1]
        np.divide(weights, determinant, out=weights, where=solvable)
        return Ar2(weights, means, target, solvable)

    def moves(self, fit: Ar2, start: int) -> Floats:
        """What comes next by ``fit``, the one from ``start`` on, less the value there: in the caller's units."""
        parts = self._sums[_Y:, start:] - fit.means
        parts *= fit.weights
        move, change = parts
        move += change
        move += fit.target
        move *= self.unit
        moves: Floats = move
        return moves
