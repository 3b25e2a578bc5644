"""Looking inside one answer: states, gates and influence of each step, replayed in NumPy float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.inference.answers import Counterfactual
from service.inference.forgetting import FORGOTTEN, Memory, forgotten_until, memory_of
from service.inference.model import Model
from service.inference.sequences import Sequence, batches

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InspectedStep:
    """One step as the last recurrent layer saw it.

    ``step`` counts from 1 in the posted sequence; ``input`` is None at a gap; ``influence`` is d value / d input in the
    caller's own units, a list of two for pairs (by the index and by the value).
    """

    step: int
    input: float | tuple[float, float] | None
    hidden: list[float]
    gates: dict[str, list[float]]
    influence: float | tuple[float, float]


@dataclass(frozen=True, slots=True)
class Inspection:
    """An answer and what it came from; ``reading`` says what it means.

    ``replayed`` is the same answer from NumPy; None for a general model, of which the steps are replayed, not what is
    asked about them, and influences are finite differences.
    """

    model: str
    version: str
    value: float
    replayed: float | None
    steps: list[InspectedStep]
    memory: Memory
    counterfactuals: list[Counterfactual] | None
    reading: str


def inspect(model: Model, sequence: Sequence) -> Inspection:
    """Inspect the answer of ``model`` to ``sequence``.

    Raises:
        InvalidInput: the model has no answer for it, or it is longer than can be looked into.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    reading = model.reading
    if len(sequence) > reading.inspected:
        expected = f"at most {reading.inspected} steps to inspect"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("sequences.0", expected),))
    batch = next(batches([sequence]))
    model.require(batch)
    value = float(model.answer(batch)[0].item())
    unroller = reading.unroller(model.card.layers, model.weights())
    unrolled = unroller.forward(reading.seen(batch)[0, -reading.looks_back(len(sequence)) :])
    cell, taken = unroller.last_recurrent(unrolled)
    memory = memory_of(cell, taken)
    first = len(sequence) - len(taken) + 1
    replayed, influence = reading.traced(model.network, batch, unroller, unrolled)
    return Inspection(
        model=model.card.name,
        version=model.card.version,
        value=value,
        replayed=replayed,
        steps=[
            InspectedStep(
                step=first + position,
                input=sequence[first - 1 + position],
                hidden=step.after[0].tolist(),
                gates={name: gate.tolist() for name, gate in step.gates.items()},
                influence=moved[0] if len(moved) == 1 else (moved[0], moved[1]),
            )
            for position, (step, moved) in enumerate(zip(taken, influence.tolist(), strict=True))
        ],
        memory=memory,
        counterfactuals=reading.counterfactuals(model.network, batch, value),
        reading=_reading(model.card.name, memory, first),
    )


def _reading(name: str, memory: Memory, first: int) -> str:
    forgotten = forgotten_until(memory)
    half = "" if memory.half_life is None else f" Half of a step is gone for good {_steps(memory.half_life)} later."
    if forgotten:
        return (
            f"{name} has forgotten everything before step {first + forgotten}: less than {FORGOTTEN:.0%} of the state "
            f"at those steps is left in its answer.{half}"
        )
    kept = "all" if memory.retained[0] >= 1.0 else f"{memory.retained[0]:.0%}"
    return f"{name} answers with {kept} of its state at step {first} still in mind.{half}"


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
