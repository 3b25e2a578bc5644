"""A series, causally scaled: any list of numbers, from the first to the last, continued on carried states."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import scaling
from service.inference.batch import Batch
from service.inference.cancellation import checkpoint
from service.inference.network import Network, State, run_in_parts, step_by_step
from service.inference.readings.reading import Origins, Reading
from service.inference.readings.told import Ahead, Answers, Foretold, Traced
from service.inference.unrolled import Unrolled, Unroller


class Series(Reading):
    """Each step's change and scale so far (:mod:`service.inference.scaling`), the next value as the answer.

    A forecast reads its own answers, on carried states: O(length + horizon).
    """

    kind: Literal["series"] = "series"
    features: ClassVar[int] = 2
    any_series: ClassVar[bool] = True
    carries: ClassVar[bool] = True

    def seen(self, batch: Batch) -> NDArray[Any]:
        return batch.scaled.features

    def read(self, network: Network, batch: Batch, start: int = 0) -> Answers:
        features, scale = batch.scaled
        outputs, state = run_in_parts(network, features, batch.lengths)
        values = batch.steps[start:]
        return Answers(scaling.answers(values, scale.T[start:], outputs.T[start:], np.empty_like(values)), state)

    def ahead(self, network: Network, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        return Ahead(_carry_on(network, answers, state, scaling.carry(batch.values, batch.lengths), horizon))

    def foretold(self, network: Network, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        """One pass that leaves its state at every origin, from where all forecasts run on side by side."""
        features, scale = batch.scaled
        every = np.arange(len(features))
        outputs: NDArray[np.float32] = np.zeros(features.shape[:2], np.float32)
        states: list[State] = []
        state: State | None = None
        start = np.zeros(len(features), np.int32)
        for stop in origins:
            length = np.maximum(stop - start, 1)  # a sequence that has no further origin reads on, to no end
            steps = np.minimum(start[:, None] + np.arange(length.max()), outputs.shape[1] - 1)
            part, state = run_in_parts(network, features[every[:, None], steps], length, state)
            inside = np.arange(length.max()) < (stop - start)[:, None]
            outputs[np.nonzero(inside)[0], steps[inside]] = part[inside]
            states.append(state)
            start = stop
        answers = scaling.answers(batch.values, scale, outputs)
        left = {name: np.concatenate([each[name] for each in states], axis=1) for name in states[0]}
        rows, ends = np.tile(every, len(origins)), origins.ravel()
        carry = scaling.carry(batch.values, ends, rows)
        return Foretold(Ahead(_carry_on(network, answers[rows, ends - 1], left, carry, horizon)), answers.T)

    def traced(self, network: Network, batch: Batch, unroller: Unroller, unrolled: Unrolled) -> Traced:
        outputs, gradient = unrolled.outputs, unroller.gradient(unrolled)
        replayed = scaling.answers(batch.values[0, -1], batch.scaled.scale[0, -1], outputs[-1])
        influence = scaling.influence(batch.values[0], batch.scaled, outputs, gradient)
        return Traced(float(replayed), influence[:, None])


def _carry_on(network: Network, value: Floats, state: State | None, carry: scaling.Carry, horizon: int) -> Floats:
    """Answers [sequences, horizon] of which ``value`` [sequences] is the first, on from the states they left."""
    if len(value) == 1:
        return _carry_one_on(network, value.item(), state, carry, horizon)
    one = np.ones(len(value), np.int32)
    values = np.empty((len(value), horizon))
    values[:, 0] = value
    for ahead in range(1, horizon):
        checkpoint()
        scaled, carry = scaling.advance(carry, value[:, None])
        outputs, state = network.run(scaled.features, one, state)
        value = scaling.answers(value, scaled.scale[:, 0], outputs[:, 0])
        values[:, ahead] = value
    return values


def _carry_one_on(network: Network, value: float, state: State | None, carry: scaling.Carry, horizon: int) -> Floats:
    """What :func:`_carry_on` gives for one sequence, bit for bit, without ten calls of NumPy a step."""
    last, total, differences = (each.item() for each in carry)
    step = step_by_step(network, state or {})
    values = [value]
    for _ in range(1, horizon):
        difference, before = value - last, total / max(differences, 1.0)
        last, total, differences = value, total + abs(difference), differences + 1.0
        scale = total / differences
        value += scale * step(difference / (scale or 1.0), before / (scale or 1.0))
        values.append(value)
    return np.array([values])
