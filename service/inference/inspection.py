"""Looking inside one answer: states, gates and influence of each step, replayed in NumPy float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.inference.answers import Counterfactual
from service.inference.forgetting import Memory, memory_of
from service.inference.model import Model
from service.inference.sequences import Sequence, batches

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InspectedStep:
    """One step as the last recurrent layer saw it.

    ``step`` counts from 1 in the posted sequence; ``input`` is None at a gap; ``influence`` is d value / d input in the
    caller's own units, a list of two for pairs (by the index and by the value), and of a character (or
    word) by how much ``value`` falls when it is blanked.
    """

    step: int
    input: float | tuple[float, float] | str | None
    hidden: list[float]
    gates: dict[str, list[float]]
    influence: float | tuple[float, float]


@dataclass(frozen=True, slots=True)
class Inspection:
    """An answer and what it came from; ``reading`` says what it means.

    ``replayed`` is the same answer from NumPy; None for a general model, of which the steps are replayed, not what is
    asked about them, and influences are finite differences, and for one that writes.
    """

    model: str
    version: str
    value: float
    replayed: float | None
    steps: list[InspectedStep]
    memory: Memory
    counterfactuals: list[Counterfactual] | None
    reading: str
    output: str | None = None
    attention: list[list[float]] | None = None
    connectivity: list[list[float]] | None = None


def inspect(model: Model, sequence: Sequence) -> Inspection:
    """Inspect the answer of ``model`` to ``sequence``.

    Raises:
        InvalidInput: the model has no answer for it, or it is longer than can be looked into.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    reading = model.reading
    read = reading.taken_apart(sequence)
    if len(read) > reading.inspected:
        expected = f"at most {reading.inspected} steps to inspect"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("sequences.0", expected),))
    batch = next(batches([sequence]))
    model.require(batch)
    value = float(model.answer(batch)[0].item())
    unroller = reading.unroller(model.card.layers, model.weights())
    unrolled = unroller.forward(reading.seen(batch)[0, -reading.looks_back(len(read)) :])
    cell, taken = unroller.last_recurrent(unrolled)
    memory = memory_of(cell, taken)
    first = len(read) - len(taken) + 1
    traced = reading.traced(model.network, batch, unroller, unrolled)
    return Inspection(
        model=model.card.name,
        version=model.card.version,
        value=value,
        replayed=traced.replayed,
        steps=[
            InspectedStep(
                step=first + position,
                input=read[first - 1 + position],
                hidden=step.after[0].tolist(),
                gates={name: gate.tolist() for name, gate in step.gates.items()},
                influence=moved[0] if len(moved) == 1 else (moved[0], moved[1]),
            )
            for position, (step, moved) in enumerate(zip(taken, traced.influence.tolist(), strict=True))
        ],
        memory=memory,
        counterfactuals=reading.counterfactuals(model.network, batch, value),
        reading=reading.remembered(model.card.name, memory, first),
        output=traced.output,
        attention=_listed(traced.attention),
        connectivity=_listed(traced.connectivity),
    )


def _listed(matrix: Floats | None) -> list[list[float]] | None:
    if matrix is None:
        return None
    rows: list[list[float]] = matrix.tolist()
    return rows
