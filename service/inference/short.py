"""One short series, checked in plain Python: the same numbers as scaling, rules and check, several times sooner.

A NumPy call costs about a microsecond whatever it does, and a check makes more than a hundred; on a few dozen values
floats in a loop need less. Most requests are one short series. A test holds this file against the other way.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import cast

import numpy as np

from service.inference.caveats import LAG_COPY
from service.inference.check import FIRST, TIE, Check, compared
from service.inference.rules import AR2_FIRST, SERIES_RULES, SINGULAR
from service.inference.sequences import LARGEST, Sequence, Values, are_pairs, too_large

# Where the other way has caught up.
LONGEST = 64
NAMES = tuple(SERIES_RULES)
_NAIVE, _DRIFT, _LINE, _AR2 = range(4)


def short_series(sequences: list[Sequence]) -> ShortSeries | None:
    """The one short series that was posted; None where it is anything else.

    Raises:
        InvalidInput: a value's magnitude is above 1e300.
    """
    if len(sequences) != 1 or len(sequences[0]) > LONGEST or are_pairs(sequences[0]):
        return None
    values = list(map(float, cast("Values", sequences[0])))
    if max(map(abs, values)) > LARGEST:
        raise too_large(0)
    return ShortSeries(values)


class ShortSeries:
    """A series of 1 to ``LONGEST`` values, scaled, and the rules' record on it."""

    def __init__(self, values: list[float]) -> None:
        """``values`` are finite and at most 1e300 in magnitude."""
        self.values = values
        count = len(values)
        self.steps = max(min(count // 2, count - FIRST), 0)
        self.scale = [0.0]
        total = 0.0
        for position in range(1, count):
            total += abs(values[position] - values[position - 1])
            self.scale.append(total / position)
        # The prefixes whose answers count: one before each checked step, and the whole series.
        self._first = count - self.steps - 1
        answers = self._rule_answers()
        self.rule_values = [each[-1] for each in answers]
        self.rule_errors = [self.errors(each) for each in answers]
        self.rule_mae = [self._mean(each) for each in self.rule_errors]

    @property
    def unit(self) -> float:
        """S, the mean absolute difference."""
        return self.scale[-1]

    @cached_property
    def features(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        """What a causally scaled network reads, float32 [1, timesteps, 2]."""
        values, scale = self.values, self.scale
        flat = [0.0, 0.0]
        for position in range(1, len(values)):
            divisor = scale[position] or 1.0
            flat.append((values[position] - values[position - 1]) / divisor)
            flat.append(scale[position - 1] / divisor)
        return np.array(flat, np.float32).reshape(1, -1, 2)

    def errors(self, answers: list[float]) -> list[float]:
        """Absolute errors at the checked steps of ``answers``, one for each counting prefix."""
        return [abs(value - answer) for value, answer in zip(self.values[self._first + 1 :], answers, strict=False)]

    def mean_error(self, answers: list[float]) -> float:
        """Mean absolute error of ``answers`` at the checked steps."""
        return self._mean(self.errors(answers))

    def counting(self, outputs: list[float]) -> list[float]:
        """A network's answers for the counting prefixes, from its outputs at every step."""
        values, scale = self.values, self.scale
        return [values[t] + scale[t] * outputs[t] for t in range(self._first, len(values))]

    def judge(self, errors: list[float]) -> Check | None:
        """The verdict on answers with these ``errors``; None where no step could be checked."""
        if not self.steps:
            return None
        best = min(range(len(NAMES)), key=self.rule_mae.__getitem__)
        mae, rule_mae, exact = self._mean(errors), self.rule_mae[best], TIE * self.unit
        tolerance = max(exact, self._standard_error(errors, self.rule_errors[best]))
        skill, verdict = compared(mae, rule_mae, tolerance, exact)
        return Check(self.steps, mae, NAMES[best], rule_mae, self.rule_values[best], skill, verdict)

    def lags(self, answers: list[float]) -> bool:
        """Whether ``answers`` merely repeat the value before."""
        moves = [abs(answers[j] - self.values[self._first + j]) for j in range(self.steps)]
        return self.steps > 0 and self._mean(moves) < LAG_COPY * self.unit

    def _mean(self, errors: list[float]) -> float:
        # Dividing first, as sums of huge errors overflow.
        return sum([error / self.steps for error in errors])

    def _standard_error(self, errors: list[float], others: list[float]) -> float:
        differences = [one - other for one, other in zip(errors, others, strict=True)]
        unit = max(map(abs, differences))
        if unit == 0.0 or self.steps == 1:
            return 0.0
        mean = sum([each / unit for each in differences]) / self.steps
        squares = sum([(each / unit - mean) ** 2 for each in differences])
        return unit * math.sqrt(squares / (self.steps - 1) / self.steps)

    def _rule_answers(self) -> list[list[float]]:
        """The rules' answers for the counting prefixes, in the order of ``NAMES``."""
        values, first = self.values, self._first
        origin = values[0]
        unit = math.ldexp(1.0, math.frexp(max(max(values) - origin, origin - min(values)))[1])
        found: list[list[float]] = [[], [], [], []]
        total = moment = 0.0
        # Sums over the equations of AR(2) whose target is known: see rules.ar2.
        d = level = target = dd = dl = ll = dt = lt = 0.0
        y = step = before = step_before = 0.0
        for t, value in enumerate(values):
            y = (value - origin) / unit
            total += y
            moment += t * y
            step = y - before
            if t >= 2:
                d += step_before
                level += before
                target += step
                dd += step_before * step_before
                dl += step_before * before
                ll += before * before
                dt += step_before * step
                lt += before * step
            if t >= first:
                drift = value + (value - values[t - 1]) if t else value
                found[_NAIVE].append(value)
                found[_DRIFT].append(drift)
                count = t + 1.0
                slope = (moment - 0.5 * t * total) / max(count * (count * count - 1.0) / 12.0, 0.5)
                found[_LINE].append(origin + unit * (total / count + slope * (count - 0.5 * t)))
                answer = drift
                if t >= AR2_FIRST - 1:
                    m = t - 1.0
                    mean_d, mean_level, mean_target = d / m, level / m, target / m
                    cdd, cdl, cll = dd - d * mean_d, dl - d * mean_level, ll - level * mean_level
                    cdt, clt = dt - d * mean_target, lt - level * mean_target
                    determinant = cdd * cll - cdl * cdl
                    if determinant > SINGULAR * dd * ll:
                        p = (cll * cdt - cdl * clt) / determinant
                        q = (cdd * clt - cdl * cdt) / determinant
                        move = mean_target + p * (step - mean_d) + q * (y - mean_level)
                        answer = value + unit * move
                found[_AR2].append(answer)
            before, step_before = y, step
        return found
