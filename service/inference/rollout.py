"""Free-running forecasts: a network reads its own answers, on carried states. O(length + horizon)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.inference import scaling
from service.inference.cancellation import checkpoint
from service.inference.model import Model
from service.inference.network import State, step_by_step
from service.inference.sequences import Batch

Floats = NDArray[np.float64]


def roll_out(model: Model, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Floats:
    """The next ``horizon`` values of each sequence, float64 [sequences, horizon], in the caller's units.

    ``answers`` [sequences] are the first of them, and ``state`` is what the network was left in; see
    :class:`service.inference.model.Reading`.

    Raises:
        NonFiniteOutput: the network answered NaN or infinity.
    """
    if model.card.window is None:
        values = carry_on(model, answers, state, scaling.carry(batch.values, batch.lengths), horizon)
    else:
        values = _windowed(model, batch, horizon)
    model.require_finite(values)
    return values


def carry_on(model: Model, value: Floats, state: State | None, carry: scaling.Carry, horizon: int) -> Floats:
    """Answers [sequences, horizon] of which ``value`` [sequences] is the first, on from the states they left."""
    if len(value) == 1:
        last, total, differences = (each.item() for each in carry)
        return np.array([_carry_one_on(model, value.item(), state, (last, total, differences), horizon)])
    one = np.ones(len(value), np.int32)
    values = np.empty((len(value), horizon))
    values[:, 0] = value
    for ahead in range(1, horizon):
        checkpoint()
        scaled, carry = scaling.advance(carry, value)
        outputs, state = model.network.run(scaled.features, one, state)
        value = scaling.answers(value, scaled.scale[:, 0], outputs[:, 0])
        values[:, ahead] = value
    return values


def _carry_one_on(
    model: Model, value: float, state: State | None, carry: tuple[float, float, float], horizon: int
) -> list[float]:
    """What :func:`carry_on` gives for one sequence, bit for bit, without ten calls of NumPy a step."""
    last, total, differences = carry
    step = step_by_step(model.network, state or {})
    values = [value]
    for _ in range(1, horizon):
        difference, before = value - last, total / max(differences, 1.0)
        last, total, differences = value, total + abs(difference), differences + 1.0
        scale = total / differences
        value += scale * step(difference / (scale or 1.0), before / (scale or 1.0))
        values.append(value)
    return values


def _windowed(model: Model, batch: Batch, horizon: int) -> Floats:
    window = model.card.window or 0
    positions = (batch.lengths - window)[:, None] + np.arange(window)
    return slide_on(model, np.take_along_axis(batch.values, positions, axis=1), horizon)


def slide_on(model: Model, recent: Floats, horizon: int) -> Floats:
    """Answers [sequences, horizon] of a windowed model from the ``recent`` windows [sequences, window] on."""
    values = np.empty((len(recent), horizon))
    for ahead in range(horizon):
        values[:, ahead] = model.answer_windows(recent)
        recent = np.append(recent[:, 1:], values[:, ahead : ahead + 1], axis=1)
    return values
