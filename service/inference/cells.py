"""The three recurrent cells in NumPy, float64: each step with its gates, and its vector-Jacobian product (BPTT).

The oracle that the served networks are tested against, and the eyes of an inspection. Weights are in ONNX layout
(the operators RNN, LSTM and GRU): W [gates * units, features], R [gates * units, units], B [2 * gates * units],
gates in the order i, o, f, c (LSTM) and z, r, h (GRU, with ``linear_before_reset``, which is Keras' reset_after, or
without).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.arrays import Floats

# (hidden,) or, for the LSTM, (hidden, cell); each [..., units].
State = tuple[Floats, ...]
Gates = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a cell: the state before and after it, and the gates by their textbook names, each [units]."""

    before: State
    after: State
    gates: Gates


class Cell(Protocol):
    """A recurrent cell. ``back`` takes cotangents [..., units] of the state after a step to those before it."""

    units: int

    def start(self) -> State:
        """Zero state."""
        ...

    def step(self, x: Floats, state: State) -> Step:
        """One step on input ``x`` [features]."""
        ...

    def back(self, step: Step, cotangents: State) -> tuple[Floats, State]:
        """Cotangents [..., features] of the input and of the state before ``step``."""
        ...


class _Weights:
    states = 1

    def __init__(self, w: Floats, r: Floats, b: Floats) -> None:
        self.units = r.shape[-1]
        self._w, self._r = np.squeeze(w, 0).astype(np.float64), np.squeeze(r, 0).astype(np.float64)
        self._wb, self._rb = np.split(np.squeeze(b, 0).astype(np.float64), 2)

    def start(self) -> State:
        return (np.zeros(self.units),) * self.states


class SimpleRnnCell(_Weights):
    """``h' = tanh(W x + R h + b)`` (Elman 1990)."""

    def step(self, x: Floats, state: State) -> Step:
        hidden = np.tanh(self._w @ x + self._r @ state[0] + self._wb + self._rb)
        return Step(state, (hidden,), {})

    def back(self, step: Step, cotangents: State) -> tuple[Floats, State]:
        inner = cotangents[0] * (1.0 - step.after[0] ** 2)
        return inner @ self._w, (inner @ self._r,)


class LstmCell(_Weights):
    """``c' = f c + i g``, ``h' = o tanh(c')`` (Hochreiter and Schmidhuber 1997, with the forget gate of Gers 2000)."""

    states = 2

    def step(self, x: Floats, state: State) -> Step:
        hidden, cell = state
        i, o, f, g = np.split(self._w @ x + self._r @ hidden + self._wb + self._rb, 4)
        i, o, f, g = _sigmoid(i), _sigmoid(o), _sigmoid(f), np.tanh(g)
        cell = f * cell + i * g
        return Step(
            state, (o * np.tanh(cell), cell), {"forget": f, "input": i, "output": o, "candidate": g, "cell": cell}
        )

    def back(self, step: Step, cotangents: State) -> tuple[Floats, State]:
        i, o, f, g = (step.gates[name] for name in ("input", "output", "forget", "candidate"))
        shown = np.tanh(step.after[1])
        to_cell = cotangents[1] + cotangents[0] * o * (1.0 - shown**2)
        inner = np.concatenate(
            (
                to_cell * g * i * (1.0 - i),
                cotangents[0] * shown * o * (1.0 - o),
                to_cell * step.before[1] * f * (1.0 - f),
                to_cell * i * (1.0 - g**2),
            ),
            axis=-1,
        )
        return inner @ self._w, (inner @ self._r, to_cell * f)


class GruCell(_Weights):
    """``h' = z h + (1 - z) g`` (Cho et al. 2014), the reset gate applied after the recurrent product."""

    def step(self, x: Floats, state: State) -> Step:
        (hidden,) = state
        xz, xr, xg = np.split(self._w @ x + self._wb, 3)
        hz, hr, hg = np.split(self._r @ hidden + self._rb, 3)
        z, r = _sigmoid(xz + hz), _sigmoid(xr + hr)
        g = np.tanh(xg + r * hg)
        return Step(state, (z * hidden + (1.0 - z) * g,), {"update": z, "reset": r, "candidate": g})

    def back(self, step: Step, cotangents: State) -> tuple[Floats, State]:
        z, r, g = (step.gates[name] for name in ("update", "reset", "candidate"))
        (hidden,), (after,) = step.before, cotangents
        recurrent = (self._r @ hidden + self._rb)[2 * self.units :]
        to_candidate = after * (1.0 - z) * (1.0 - g**2)
        to_update = after * (hidden - g) * z * (1.0 - z)
        to_reset = to_candidate * recurrent * r * (1.0 - r)
        inputs = np.concatenate((to_update, to_reset, to_candidate), axis=-1)
        states = np.concatenate((to_update, to_reset, to_candidate * r), axis=-1)
        return inputs @ self._w, (after * z + states @ self._r,)


class ResetBeforeCell(_Weights):
    """``h' = z h + (1 - z) g`` with ``g = tanh(W x + R (r h))``: the GRU of its paper and of the lecture's slide."""

    def step(self, x: Floats, state: State) -> Step:
        (hidden,) = state
        inputs, (rz, rr, rg) = self._w @ x + self._wb + self._rb, np.split(self._r, 3)
        xz, xr, xg = np.split(inputs, 3)
        z, r = _sigmoid(xz + rz @ hidden), _sigmoid(xr + rr @ hidden)
        g = np.tanh(xg + rg @ (r * hidden))
        return Step(state, (z * hidden + (1.0 - z) * g,), {"update": z, "reset": r, "candidate": g})

    def back(self, step: Step, cotangents: State) -> tuple[Floats, State]:
        z, r, g = (step.gates[name] for name in ("update", "reset", "candidate"))
        (hidden,), (after,), (rz, rr, rg) = step.before, cotangents, np.split(self._r, 3)
        to_candidate = after * (1.0 - z) * (1.0 - g**2)
        to_update = after * (hidden - g) * z * (1.0 - z)
        to_kept = to_candidate @ rg  # of what the reset gate lets through
        to_reset = to_kept * hidden * r * (1.0 - r)
        inputs = np.concatenate((to_update, to_reset, to_candidate), axis=-1)
        return inputs @ self._w, (after * z + to_kept * r + to_update @ rz + to_reset @ rr,)


CELLS: Mapping[str, type[SimpleRnnCell | LstmCell | GruCell | ResetBeforeCell]] = {
    "simplernn": SimpleRnnCell,
    "lstm": LstmCell,
    "gru": GruCell,
    "gru-before": ResetBeforeCell,
}


def _sigmoid(x: Floats) -> Floats:
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result
