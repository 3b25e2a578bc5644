"""How much of a recurrent layer's past is still in its last hidden state. Pure NumPy, float64.

Bengio, Simard and Frasconi 1994: the Jacobian d h_T / d h_t is a product of one factor a step, so what it forgets
it forgets exponentially. For the LSTM the state is the hidden state together with the cell state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from service.arrays import Floats
from service.inference.cancellation import checkpoint
from service.inference.cells import Cell, State, Step

# Sigmoid gates nearer to 0 or 1 than this, and tanh units nearer to -1 or 1 than twice this, are saturated.
_SATURATED = 0.05
# A unit whose hidden state moves less than this over the sequence is dead.
_DEAD = 1e-3
# A power of 2^24: what its norm has of the number of units and of their angles is less than 1e-5 of it.
_SQUARINGS = 25
# Below this share of what the last state keeps of itself a step counts as forgotten.
FORGOTTEN = 0.01


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last recurrent layer keeps.

    ``retained`` [timesteps]: Frobenius norm of d h_T / d state_t, as a share of that at t = T. ``half_life``: the
    fewest steps back from which on less than half is retained, None when that is before the sequence.
    ``spectral_radius``: largest absolute eigenvalue of the last step's state Jacobian. ``saturated``: share of
    gates (simple RNN: hidden units) and steps at a bound. ``dead``: share of units that hardly move.
    """

    retained: list[float]
    half_life: int | None
    spectral_radius: float
    saturated: float
    dead: float


def memory_of(cell: Cell, steps: list[Step]) -> Memory:
    """The memory of ``cell`` over the ``steps`` it took."""
    norms = _jacobian_norms(cell, steps)
    retained = norms / norms[-1]
    kept = np.flatnonzero(retained >= 0.5)
    hidden = np.stack([step.after[0] for step in steps])
    return Memory(
        retained=retained.tolist(),
        half_life=int(len(steps) - kept[0]) if kept[0] > 0 else None,
        spectral_radius=_spectral_radius(cell, steps[-1]),
        saturated=float(np.mean([_saturated(step) for step in steps])),
        dead=float((np.ptp(hidden, axis=0) < _DEAD).mean()),
    )


def _jacobian_norms(cell: Cell, steps: list[Step]) -> Floats:
    """Frobenius norms of d h_T / d state_t for each t, [timesteps]."""
    zero = np.zeros((cell.units, cell.units))
    flow: State = (np.eye(cell.units), *(zero for _ in cell.start()[1:]))
    norms = [np.linalg.norm(np.concatenate(flow))]
    for step in reversed(steps[1:]):
        checkpoint()
        _, flow = cell.back(step, flow)
        norms.append(np.linalg.norm(np.concatenate(flow)))
    return np.array(norms[::-1])


def _spectral_radius(cell: Cell, step: Step) -> float:
    parts = len(cell.start())
    whole = np.eye(parts * cell.units)
    _, before = cell.back(step, tuple(np.split(whole, parts, axis=1)))
    return spectral_radius(np.concatenate(before, axis=1))


def spectral_radius(matrix: Floats) -> float:
    """The largest magnitude of an eigenvalue, as the limit of the growth of the matrix's powers (Gelfand).

    Finding all eigenvalues of 256 units takes a tenth of a second, in which NumPy lets no other thread have the
    interpreter; a product takes a hundredth of that.
    """
    growth, power = 0.0, matrix
    for squarings in range(_SQUARINGS):
        norm = float(np.linalg.norm(power))
        if norm == 0.0:
            return 0.0
        growth += math.log(norm) / 2.0**squarings
        power = (power / norm) @ (power / norm)
    return math.exp(growth)


def _saturated(step: Step) -> float:
    gates = [gate for name, gate in step.gates.items() if name not in ("candidate", "cell")]
    if not gates:
        return float((np.abs(step.after[0]) > 1.0 - 2.0 * _SATURATED).mean())
    return float(np.mean([(gate < _SATURATED) | (gate > 1.0 - _SATURATED) for gate in gates]))


def forgotten_until(memory: Memory) -> int:
    """How many steps from the start are forgotten: all of them retain less than 1 %."""
    kept = np.flatnonzero(np.array(memory.retained) >= FORGOTTEN)
    return int(kept[0])
