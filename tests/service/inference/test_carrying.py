"""A network that goes on from where it was answers what it answers to the whole, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference import scaling
from service.inference.carrying import Carried, HasRead, Read, carry_on
from service.inference.catalog import Catalog
from service.inference.engine import Engine


@pytest.mark.parametrize("cell", ["simplernn", "lstm", "gru"])
@pytest.mark.parametrize("task", ["linear", "sine"])
def test_sequences_that_grow_among_others_are_read_as_each_whole_and_alone(
    catalog: Catalog, task: str, cell: str
) -> None:
    network = catalog.get(f"{task}-{cell}").network
    rng = np.random.default_rng(5)
    whole = [rng.normal(size=length).cumsum() for length in (1, 2, 9, 64, 65, 200, 200, 331)]
    read: list[Carried | None] = [None] * len(whole)
    places = [0] * len(whole)
    while growing := [row for row, its in enumerate(whole) if places[row] < len(its)]:
        steps = [int(rng.choice([1, 1, 1, 3, 40, 180])) for _ in growing]
        further = [whole[row][places[row] : places[row] + step] for row, step in zip(growing, steps, strict=True)]
        for row, its, carried in zip(
            growing, further, carry_on(network, [read[row] for row in growing], further), strict=True
        ):
            read[row], places[row] = carried, places[row] + len(its)
    for its, carried in zip(whole, read, strict=True):
        features = scaling.causal(its[None]).features
        outputs, state = network.run(features, np.array([len(its)], np.int32))
        assert carried is not None
        assert carried.outputs.tobytes() == outputs[0].tobytes()
        assert {name: part.tobytes() for name, part in carried.state.items()} == {
            name: part[0, 0].tobytes() for name, part in state.items()
        }


def test_an_answer_from_what_was_read_before_is_the_same_answer(engine: Engine) -> None:
    rng = np.random.default_rng(6)
    grown = [rng.normal(size=length).cumsum() for length in (70, 3, 128, 1)]
    sequences = [its.tolist() for its in grown]
    read = carry_on(engine.catalog.get("sine-gru").network, [None] * 4, grown)
    reads = [Read(carried.outputs, None) for carried in read]
    assert engine.predict([*sequences], "sine-gru", read=reads) == engine.predict([*sequences], "sine-gru")
    # It is those outputs that the answers come from.
    moved = engine.predict([*sequences], "sine-gru", read=[Read(each.outputs + 1, None) for each in reads])
    assert [each.value for each in moved][:3] != [each.value for each in engine.predict([*sequences], "sine-gru")][:3]


def test_what_has_read_repeats_its_outputs_in_rows_of_the_longest() -> None:
    outputs, state = HasRead([np.ones(2, np.float32), np.full(3, 2, np.float32)]).run(
        np.zeros((2, 3, 2), np.float32), np.array([2, 3], np.int32)
    )
    np.testing.assert_array_equal(outputs, [[1, 1, 1], [2, 2, 2]])
    assert state == {}
