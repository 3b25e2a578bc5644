"""What a network has read of a sequence that grows, kept so that a further value costs one step and not all of them.

For networks that see a series causally scaled, and so at each step the same however the sequence goes on. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import scaling
from service.inference.network import Features, Lengths, Network, State, run_in_parts
from service.inference.padding import shared_out

Number = TypeVar("Number", bound=np.floating)


class Carried(NamedTuple):
    """A sequence as far as a network has read it.

    ``outputs`` float32 [timesteps] are the network's at each step; ``scaling``, the three numbers of a
    :class:`scaling.Carry`, and ``state``, float32 [units] by name, are what the next step is read with.
    """

    outputs: NDArray[np.float32]
    scaling: list[float]
    state: Mapping[str, NDArray[np.float32]]


class Read(NamedTuple):
    """What is known of a sequence that is asked about.

    ``outputs`` float32 [timesteps] are the network's at each step; ``season`` the one in the values before the later
    half, 1 for none, None where nobody has looked.
    """

    outputs: NDArray[np.float32]
    season: int | None


class HasRead:
    """A network that has read the sequences which it is asked about before: it repeats its ``outputs``."""

    def __init__(self, outputs: Sequence[NDArray[np.float32]]) -> None:
        """``outputs`` are those at all steps of each of the sequences."""
        self._outputs = padded(outputs)

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        """The outputs, and no state: it goes no further."""
        return self._outputs, {}


def carry_on(network: Network, before: Sequence[Carried | None], values: Sequence[Floats]) -> list[Carried]:
    """What ``network`` has read once it has read further ``values`` of each sequence, one or more.

    To the bit what one pass over the whole sequence gives. ``before`` is what it had read, None where that is nothing.
    """
    found: dict[int, Carried] = {}
    for places in _alike(before, values):
        further = padded([values[place] for place in places])
        lengths = np.array([len(values[place]) for place in places], np.int32)
        known = [each for place in places if (each := before[place]) is not None]
        read = _on(network, known, further, lengths)
        found.update(zip(places, read, strict=True))
    return [found[place] for place in range(len(values))]


def _alike(before: Sequence[Carried | None], values: Sequence[Floats]) -> Iterator[list[int]]:
    """Places that nothing, or something, was read of before, and about as much is read of now.

    The network takes the time of the longest for each.
    """
    kinds: dict[tuple[bool, int], list[int]] = {}
    for place, (read, its) in enumerate(zip(before, values, strict=True)):
        kinds.setdefault((read is None, len(its).bit_length()), []).append(place)
    for places in kinds.values():
        for some in shared_out([len(values[place]) for place in places]):
            yield [places[one] for one in some]


def padded(rows: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """``rows`` under each other, each padded with its own last number, which moves no scale."""
    longest = max(map(len, rows))
    if min(map(len, rows)) == longest:
        return np.concatenate(rows).reshape(len(rows), longest)  # numpy.stack takes three times as long
    table = np.empty((len(rows), longest), rows[0].dtype)
    for row, its in zip(table, rows, strict=True):
        row[: len(its)] = its
        row[len(its) :] = its[-1]
    return table


def _on(network: Network, known: list[Carried], further: Floats, lengths: Lengths) -> list[Carried]:
    """On by ``further`` values from what is ``known`` of all sequences; from their beginning where that is empty."""
    start, state = scaling.begin(further[:, 0]), None
    if known:
        start = scaling.Carry(*np.array([each.scaling for each in known]).T)
        state = {name: padded([each.state[name] for each in known])[None] for name in known[0].state}
    scaled, end = scaling.advance(start, further)
    outputs, after = run_in_parts(network, scaled.features, lengths, state)
    carries = np.stack((end.last, end.total, start.differences + lengths), axis=1).tolist()
    # Copies: what is kept of one sequence must not keep what was computed of all.
    read = [its[:length] for its, length in zip(outputs, lengths.tolist(), strict=True)]
    if known:
        read = [np.concatenate((before.outputs, its)) for before, its in zip(known, read, strict=True)]
    else:
        read = [its.copy() for its in read]
    return [
        Carried(its, carry, {name: part[0, row].copy() for name, part in after.items()})
        for row, (its, carry) in enumerate(zip(read, carries, strict=True))
    ]
