"""Posted sequences become batches: each is found whole in one, of a bounded size, or is refused where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.inference.padding import BATCH_STEPS, batches
from service.inference.sequences import Sequence

value = st.floats(-1e300, 1e300)
values = st.lists(st.lists(value, min_size=1, max_size=12), min_size=1, max_size=20)
pairs = st.lists(
    st.lists(st.tuples(st.integers(0, 5).map(float), value), min_size=1, max_size=9), min_size=1, max_size=9
)


@given(values | pairs)
def test_every_sequence_is_found_whole_at_the_position_it_was_posted_at(sequences: list[Sequence]) -> None:
    found: dict[int, Sequence] = {}
    for batch in batches(sequences):
        for row, (position, length) in enumerate(zip(batch.rows.tolist(), batch.lengths.tolist(), strict=True)):
            assert position not in found
            series = batch.values[row, :length].tolist()
            indices = None if batch.indices is None else batch.indices[row, :length].tolist()
            found[position] = series if indices is None else list(zip(indices, series, strict=True))
    assert [found[position] for position in range(len(sequences))] == sequences


def test_a_row_is_padded_with_its_own_last_value() -> None:
    (batch,) = batches([[1.0, 2.0, 3.0], [9.0]])
    np.testing.assert_array_equal(batch.values, [[9.0, 9.0, 9.0], [1.0, 2.0, 3.0]])


def test_a_batch_has_a_bounded_number_of_steps_padding_included() -> None:
    lengths = [1, 70_000, 1000, 3, *([500] * 300), 65_536, 2]
    shapes = [batch.values.shape for batch in batches([[0.5] * length for length in lengths])]
    assert sum(rows for rows, _ in shapes) == len(lengths)
    for rows, timesteps in shapes:
        assert rows == 1 or rows * timesteps <= BATCH_STEPS


def test_numbers_and_pairs_in_one_request_are_refused_at_the_first_that_differs() -> None:
    with pytest.raises(InvalidInput) as refused:
        list(batches([[1.0], [2.0], [(0.0, 1.0)]]))
    assert refused.value.code == "mixed_sequences"
    assert refused.value.problems[0].where == "sequences.2"


@pytest.mark.parametrize("too_large", [1.01e300, -1e308])
def test_a_magnitude_above_1e300_is_refused_where_it_is(too_large: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        list(batches([[1e300, -1e300], [0.0, too_large, 0.0], [1.0]]))
    assert refused.value.code == "out_of_range"
    assert refused.value.problems[0].where == "sequences.1"
