"""Looking inside one answer: states, gates and influence of each step, replayed in NumPy float64."""

from __future__ import annotations

from dataclasses import dataclass

from service.arrays import Floats
from service.errors import InvalidInput, Problem
from service.inference.ablation import Off
from service.inference.answers import Counterfactual
from service.inference.batch import Batch
from service.inference.forgetting import Memory, memory_of
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.readings.told import Lacking
from service.inference.sequences import Sequence
from service.inference.writing import Output


@dataclass(frozen=True, slots=True)
class InspectedStep:
    """One step as the last recurrent layer saw it.

    ``step`` counts from 1 in the posted sequence; ``input`` is None at a gap; ``influence`` is d value / d input in the
    caller's own units, a list of two for pairs (by the index and by the value), and of a character, a
    word or a row of an image by how much ``value`` falls when it is blanked, of a letter that an image is drawn of by
    how much the image moves (root mean square).
    """

    step: int
    input: float | tuple[float, float] | str | list[float] | None
    hidden: list[float]
    gates: dict[str, list[float]]
    influence: float | tuple[float, float]


@dataclass(frozen=True, slots=True)
class Inspection:
    """An answer and what it came from; ``reading`` says what it means.

    ``replayed`` is the same answer from NumPy; None for a general model, of which the steps are replayed, not what is
    asked about them, and influences are finite differences, and for one that writes. ``without`` is the answer with
    the part off that was to be switched off, None where there is none: of one that writes the logarithm, like
    ``value``, of the probability that the same text would still have, and ``without_output`` what would be written.
    """

    model: str
    version: str
    value: float
    replayed: float | None
    steps: list[InspectedStep]
    memory: Memory
    counterfactuals: list[Counterfactual] | None
    reading: str
    output: Output | None = None
    attention: list[list[float]] | None = None
    connectivity: list[list[float]] | None = None
    without: float | None = None
    without_output: Output | None = None


def inspect(model: Model, sequence: Sequence, off: Off | None = None, season: tuple[int, ...] = ()) -> Inspection:
    """Inspect the answer of ``model`` to ``sequence``, and say what it is with a part of the network switched ``off``.

    ``season`` are those told, one or two; none: it is found, where the model asks for one.

    Raises:
        InvalidInput: the model has no answer for it, or it is longer than can be looked into, or has no such part.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    reading = model.reading
    read = reading.taken_apart(sequence)
    if len(read) > reading.inspected:
        expected = f"at most {reading.inspected} steps to inspect"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("sequences.0", expected),))
    batch = reading.taken(next(batches([sequence], season)))
    model.require(batch)
    value = float(model.answer(batch)[0].item())
    unroller = reading.unroller(model.card.layers, model.weights())
    features = reading.seen(batch)[0, -reading.looks_back(len(read)) :]
    unrolled = unroller.forward(features)
    cell, taken = unroller.last_recurrent(unrolled)
    memory = memory_of(cell, taken)
    first = len(read) - len(taken) + 1
    traced = reading.traced(model.network, batch, unroller, unrolled)
    lacking = None if off is None else _lacking(model, batch, off)
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
        without=None if lacking is None else lacking.value,
        without_output=None if lacking is None else lacking.output,
    )


def _lacking(model: Model, batch: Batch, off: Off) -> Lacking:
    found = model.reading.lacking(model.network, batch, model.card.layers, model.weights(), off)
    if found is None:
        expected = "a model whose whole answer is replayed, such as sine-lstm"
        raise InvalidInput(f"expected {expected}", code="not_replayed", problems=(Problem("model", expected),))
    return found


def _listed(matrix: Floats | None) -> list[list[float]] | None:
    if matrix is None:
        return None
    rows: list[list[float]] = matrix.tolist()
    return rows
