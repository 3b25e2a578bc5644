"""A few short series, checked in plain Python: the same numbers as scaling, rules and check, several times sooner.

A NumPy call costs about a microsecond whatever it does, and a check makes more than a hundred; on a few dozen values
floats in a loop need less. Many requests are one short series. A test holds this file against the other way.
"""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import cast

import numpy as np

from service.inference.caveats import LAG_COPY
from service.inference.check import FIRST, TIE, Check, compared
from service.inference.rules import AR2_FIRST, SERIES_RULES, SINGULAR
from service.inference.scaling import CarryOfOne
from service.inference.sequences import LARGEST, SHORT, Sequence, Values, are_pairs, too_large

# From here on the other way is faster.
A_BATCH = 6
NAMES = tuple(SERIES_RULES)


def few_short_series(sequences: list[Sequence]) -> list[ShortSeries] | None:
    """What was posted, where it is a few short series of numbers; else None.

    Raises:
        InvalidInput: a value's magnitude is above 1e300.
    """
    if len(sequences) >= A_BATCH or any(len(each) > SHORT or are_pairs(each) for each in sequences):
        return None
    found = []
    for position, sequence in enumerate(sequences):
        values = list(map(float, cast("Values", sequence)))
        if max(map(abs, values)) > LARGEST:
            raise too_large(position)
        found.append(ShortSeries(values))
    return found


class ShortSeries:
    """A series of 1 to ``SHORT`` values, scaled, and the rules' record on it."""

    def __init__(self, values: list[float]) -> None:
        """``values`` are finite and at most 1e300 in magnitude."""
        self.values = values
        count = len(values)
        self.steps = max(min(count // 2, count - FIRST), 0)
        self._differences = [after - before for before, after in pairwise(values)]
        totals = list(accumulate(map(abs, self._differences), initial=0.0))
        self.carry: CarryOfOne = values[-1], totals[-1], count - 1.0
        self.scale = [0.0, *[total / position for position, total in enumerate(totals[1:], 1)]]
        # The prefixes whose answers count: one before each checked step, and the whole series.
        self._first = count - self.steps - 1
        self._targets = values[self._first + 1 :]
        answers = self._rule_answers()
        self.rule_values = [each[-1] for each in answers]
        self.rule_errors = [self.errors(each) for each in answers]
        self.rule_mae = [self._mean(each) for each in self.rule_errors]

    @property
    def unit(self) -> float:
        """S, the mean absolute difference."""
        return self.scale[-1]

    def features(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        """What a causally scaled network reads, float32 [1, timesteps, 2]."""
        flat = [0.0, 0.0]
        for difference, (before, scale) in zip(self._differences, pairwise(self.scale), strict=True):
            divisor = scale or 1.0
            flat += (difference / divisor, before / divisor)
        return np.array(flat, np.float32).reshape(1, -1, 2)

    def errors(self, answers: list[float]) -> list[float]:
        """Absolute errors at the checked steps of ``answers``, one for each counting prefix."""
        return [abs(value - answer) for value, answer in zip(self._targets, answers)]  # noqa: B905  # no last target

    def mean_error(self, answers: list[float]) -> float:
        """Mean absolute error of ``answers`` at the checked steps."""
        return self._mean(self.errors(answers))

    def counting(self, outputs: list[float]) -> list[float]:
        """A network's answers for the counting prefixes, from its outputs at every step."""
        first = self._first
        parts = zip(self.values[first:], self.scale[first:], outputs[first:], strict=True)
        return [value + scale * output for value, scale, output in parts]

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
        moves = [abs(answer - value) for answer, value in zip(answers[:-1], self.values[self._first :])]  # noqa: B905
        return self.steps > 0 and self._mean(moves) < LAG_COPY * self.unit

    def _mean(self, errors: list[float]) -> float:
        return sum(errors) / (self.steps or 1)

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
        naive = values[first:]
        drift = [value + step for value, step in zip(naive, [0.0, *self._differences][first:], strict=True)]
        line, ar2 = [], []
        total = moment = 0.0
        # Second moments of the equations of AR(2) whose target is known: see rules.ar2. The first moments telescope.
        dd = dl = ll = dt = lt = 0.0
        before = d = second = 0.0
        for t, value in enumerate(values):
            y = (value - origin) / unit
            step = y - before
            total += y
            moment += t * y
            if t >= 2:
                dd += d * d
                dl += d * before
                ll += before * before
                dt += d * step
                lt += before * step
            elif t:
                second = y
            if t >= first:
                count = t + 1.0
                slope = (moment - 0.5 * t * total) / max(count * (count * count - 1.0) / 12.0, 0.5)
                line.append(origin + unit * (total / count + slope * (count - 0.5 * t)))
                answer = drift[t - first]
                if t >= AR2_FIRST - 1:
                    equations = t - 1.0
                    mean_d, mean_level, mean_target = (
                        before / equations,
                        (total - y) / equations,
                        (y - second) / equations,
                    )
                    cdd = dd - before * mean_d
                    cdl = dl - before * mean_level
                    cll = ll - (total - y) * mean_level
                    cdt = dt - before * mean_target
                    clt = lt - (total - y) * mean_target
                    determinant = cdd * cll - cdl * cdl
                    if determinant > SINGULAR * dd * ll:
                        p = (cll * cdt - cdl * clt) / determinant
                        q = (cdd * clt - cdl * cdt) / determinant
                        answer = value + unit * (mean_target + p * (step - mean_d) + q * (y - mean_level))
                ar2.append(answer)
            before, d = y, step
        return [naive, drift, line, ar2]
