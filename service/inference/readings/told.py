"""What a reading says of a batch, of what follows it, and of where its answers come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.intervals import Fan
from service.inference.network import State
from service.inference.seasons import Season
from service.inference.writing import Output


class Answers(NamedTuple):
    """What a network made of a batch.

    ``predictions`` float64 [n, sequences]: the answers after each of the last n timesteps, each made from the steps up
    to that one only; NaN before the first that can be answered, and meaningless past a sequence's length. ``state`` is
    the network's after each sequence's last step, None for a reading that carries none.
    """

    predictions: Floats
    state: State | None


class Ahead(NamedTuple):
    """What follows some sequences: ``values`` [sequences, horizon].

    ``fan`` is the spread around them, where the network itself says it; None where it is to be had from its card.
    ``seasons`` are those that each sequence is answered under, None for a reading that knows none.
    """

    values: Floats
    fan: Fan | None = None
    seasons: list[Season] | None = None


class Foretold(NamedTuple):
    """Forecasts from past origins, ``ahead`` [origins * sequences, horizon]: all sequences from the first origin first.

    ``answers`` [steps, sequences] are those one step ahead on the way, NaN before the first that can be answered; None
    where the network itself says the spread of its forecasts, which they are else measured for. ``state`` is what
    :meth:`Reading.ahead` goes on from to the same horizon, of a general reading: it says the future in the same pass.
    """

    ahead: Ahead
    answers: Floats | None
    state: State | None = None


class Traced(NamedTuple):
    """Where the answer to a single sequence comes from.

    ``replayed`` is the answer by another way, None where there is none but the network's own; ``influence`` [steps,
    columns] how much it moves with each number read, in the client's units. Of an answer that was written: ``output``
    itself, how each symbol of it hangs on each step, ``connectivity`` [symbols, steps], and ``attention`` alike.
    """

    replayed: float | None
    influence: Floats
    output: Output | None = None
    attention: Floats | None = None
    connectivity: Floats | None = None


class Lacking(NamedTuple):
    """The answer to a single sequence without a part of the network: its ``value``, and what would have been written.

    Of an answer that was written the value is how likely it still is, the logarithm of its probability.
    """

    value: float
    output: Output | None = None


class Refusal(NamedTuple):
    """Which sequences of a batch have no answer, ``bad`` bool [sequences], by which code, and what was expected."""

    bad: NDArray[np.bool_]
    code: str
    expected: str
