"""Looking inside one answer: states, gates and influence of each step, replayed in NumPy float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.inference import scaling
from service.inference.check import memory_truth
from service.inference.model import Model
from service.inference.retention import FORGOTTEN, Memory, forgotten_until, memory_of
from service.inference.sequences import Batch, Sequence, batches
from service.inference.unrolled import Unroller

Floats = NDArray[np.float64]

# Each step costs some units^2 and answers with some hundred numbers.
MOST_STEPS = 1024


@dataclass(frozen=True, slots=True)
class InspectedStep:
    """One step as the last recurrent layer saw it.

    ``step`` counts from 1 in the posted sequence; ``influence`` is d value / d input in the caller's own units, a
    list of two for pairs (by the index and by the value).
    """

    step: int
    input: float | tuple[float, float]
    hidden: list[float]
    gates: dict[str, list[float]]
    influence: float | tuple[float, float]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What flipping the parity of one step's index does: to the model's answer, and to the exact one.

    ``exact_change`` is None where no even index would be left.
    """

    step: int
    index: int
    flipped: int
    model_change: float
    exact_change: float | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """An answer and what it came from. ``replayed`` is the same answer from NumPy; ``reading`` says what it means."""

    model: str
    version: str
    value: float
    replayed: float
    steps: list[InspectedStep]
    memory: Memory
    counterfactuals: list[Counterfactual] | None
    reading: str


def inspect(model: Model, sequence: Sequence) -> Inspection:
    """Inspect the answer of ``model`` to ``sequence``.

    Raises:
        InvalidInput: the model has no answer for it, or it is longer than 1,024 steps.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    if len(sequence) > MOST_STEPS:
        expected = f"at most {MOST_STEPS} steps to inspect"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("sequences.0", expected),))
    batch = next(batches([sequence]))
    model.require(batch)
    value = float(model.answer(batch)[0].item())
    unroller = Unroller(model.card.layers, model.weights())
    unrolled = unroller.forward(_features(model, batch))
    gradient = unroller.gradient(unrolled)
    cell, taken = unroller.last_recurrent(unrolled)
    memory = memory_of(cell, taken)
    first = len(sequence) - len(taken) + 1
    if model.card.scaling == "causal":
        replayed = float(scaling.answers(batch.values[0, -1], batch.scaled.scale[0, -1], unrolled.outputs[-1]))
        influence = scaling.influence(batch.values[0], batch.scaled, unrolled.outputs, gradient)[:, None]
    else:
        replayed, influence = float(unrolled.outputs[-1]), gradient
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
        counterfactuals=None if batch.indices is None else _counterfactuals(model, batch, value),
        reading=_reading(model.card.name, memory, first),
    )


def _features(model: Model, batch: Batch) -> Floats:
    """What the network reads of the one sequence, float64 [timesteps, features]."""
    if model.card.window is not None:
        return np.asarray(batch.values[0, -model.card.window :, None])
    if batch.indices is not None:
        return np.stack((batch.indices[0], batch.values[0]), axis=-1)
    return np.asarray(batch.scaled.features[0], np.float64)


def _counterfactuals(model: Model, batch: Batch, value: float) -> list[Counterfactual]:
    """Each step's index with its parity flipped (0 and 1, 2 and 3, 4 and 5 change places), all else the same."""
    assert batch.indices is not None  # noqa: S101  # only pairs get here
    timesteps = batch.values.shape[1]
    indices = np.repeat(batch.indices, timesteps, axis=0)
    diagonal = np.arange(timesteps)
    flipped = batch.indices[0] + 1.0 - 2.0 * (batch.indices[0] % 2)
    indices[diagonal, diagonal] = flipped
    values = np.repeat(batch.values, timesteps, axis=0)
    changed = Batch(values, indices, np.repeat(batch.lengths, timesteps), diagonal)
    answers = model.answer(changed)[0] - value
    exact = memory_truth(changed) - memory_truth(batch)
    return [
        Counterfactual(step + 1, int(index), int(other), change, None if np.isnan(truth) else truth)
        for step, (index, other, change, truth) in enumerate(
            zip(batch.indices[0].tolist(), flipped.tolist(), answers.tolist(), exact.tolist(), strict=True)
        )
    ]


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
