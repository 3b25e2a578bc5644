"""The one check: what the rules and any models say of a batch, and how each did on it."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import rules
from service.inference.batch import Batch
from service.inference.check import FIRST, KNOWS, Standing, absolute_errors, lag_copies, span, taken_over, verdicts
from service.inference.least_squares import LeastSquares
from service.inference.model import Model
from service.inference.network import State
from service.verdicts import TIE, VERDICTS

# Answerers by their places: one for all sequences, or one for each [sequences].
Who = int | NDArray[np.intp]

RULES = len(rules.NAMES)


class Examination:
    """The rules and some models on one batch of series: what each says at every step, from what came before it.

    The rules have the first places among these answerers, in the order of ``rules.NAMES``, the models those after them.
    ``answers`` and ``mae`` [answerers, sequences] are their next values and their mean absolute errors over the checked
    steps, ``states`` and ``seconds`` what the models were left in, and the time that each took to read.
    """

    def __init__(self, batch: Batch, models: list[Model], first: int = FIRST) -> None:
        """Each checked step has ``first`` points before it. Raises NonFiniteOutput where a network has no answer.

        The models are some that take the batch: see :meth:`Model.require`.
        """
        self.batch, self.models, self.span = batch, models, span(batch, first)
        steps, start = batch.steps, self.span.start
        # [answerers, timesteps - start, sequences]
        self._predictions = np.empty((RULES + len(models), len(steps) - start, steps.shape[1]))
        rules.answer(LeastSquares(steps), start, self._predictions[:RULES], batch.seasons)
        self.states: list[State | None] = []
        self.seconds: list[float] = []
        for model, place in zip(models, self._predictions[RULES:], strict=True):
            began = time.perf_counter()
            place[:], state = model.read(batch, start)
            self.seconds.append(time.perf_counter() - began)
            self.states.append(state)
        self._errors = absolute_errors(batch, self.span, self._predictions)
        self.answers, self.mae = batch.last(self._predictions), self.span.mean(self._errors)

    def standing(self, who: Who) -> Standing:
        """``who`` beside the best rule on each sequence."""
        every, exact = np.arange(len(self.batch.lengths)), TIE * self.batch.unit
        best = self.mae[:RULES].argmin(axis=0)
        mae = self.mae[who] if isinstance(who, int) else self.mae[who, every]
        rule_mae = self.mae[best, every]
        differences = _steps_of(self._errors, who) - _steps_of(self._errors, best)
        given = verdicts(self.span, mae, rule_mae, differences, exact)
        value = self.answers[best, every]
        return Standing(self.span.steps, mae, rules.NAMES, best, rule_mae, value, given, exact)

    def knows(self, one: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Where the network ``one`` knows what no rule does [sequences]."""
        knowing: NDArray[np.bool_] = self.mae[one, np.arange(len(one))] <= KNOWS * self.mae[:RULES].min(axis=0)
        return knowing

    def takes_over(self, one: NDArray[np.intp], other: NDArray[np.intp], times: float) -> NDArray[np.bool_]:
        """Where ``one`` is better than ``other`` by so many ``times`` the standard error, or is exact [sequences]."""
        every, exact = np.arange(len(self.batch.lengths)), TIE * self.batch.unit
        differences = _steps_of(self._errors, one) - _steps_of(self._errors, other)
        mae, its = self.mae[one, every], self.mae[other, every]
        given = verdicts(self.span, mae, its, differences, exact, times)
        beaten = (given == VERDICTS.index("beats")) & (self.span.steps > 1)
        return taken_over(beaten, mae, its, exact) & (self.span.steps > 0)

    def copies(self, who: Who) -> NDArray[np.bool_]:
        """Where ``who`` merely repeats the value before [sequences]."""
        return lag_copies(self.batch, self.span, _steps_of(self._predictions, who))


def _steps_of(numbers: Floats, who: Who) -> Floats:
    """What is of ``who`` in ``numbers`` [answerers, steps, sequences], [steps, sequences]."""
    chosen: Floats = numbers[who] if isinstance(who, int) else numbers[who, :, np.arange(len(who))].T
    return chosen
