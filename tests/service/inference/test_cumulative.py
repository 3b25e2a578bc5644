from __future__ import annotations

import numpy as np
import pytest

from service.inference.cumulative import cumulative_sum, total


@pytest.mark.parametrize("shape", [(9, 2), (9, 300), (1, 300), (6, 200, 5), (6, 5, 200)])
def test_few_and_many_sequences_are_summed_to_the_bit_as_numpy_sums_them(shape: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(0).normal(size=shape)
    expected = np.cumsum(numbers, axis=-2)
    assert cumulative_sum(numbers) is numbers
    np.testing.assert_array_equal(numbers, expected)


@pytest.mark.parametrize("sequences", [1, 2, 31, 300])
def test_a_total_hangs_on_no_padding_and_no_other_sequence(sequences: int) -> None:
    # More numbers than NumPy adds one after another by itself.
    alone = np.random.default_rng(1).normal(size=(200, 1))
    (expected,) = np.cumsum(alone)[-1:]
    padded = np.zeros((300, sequences))
    padded[50:250] = alone
    np.testing.assert_array_equal(total(padded), np.full(sequences, expected))


def test_the_total_of_no_steps_is_zero() -> None:
    np.testing.assert_array_equal(total(np.empty((4, 0, 3))), np.zeros((4, 3)))
