from __future__ import annotations

import numpy as np
import pytest

from service.inference.cumulative import cumulative_sum


@pytest.mark.parametrize(
    ("shape", "axis"), [((2, 9), 1), ((300, 9), 1), ((300, 1), 1), ((6, 5, 200), 1), ((9, 400), 0)]
)
def test_few_and_many_rows_are_summed_to_the_bit_as_numpy_sums_them(shape: tuple[int, ...], axis: int) -> None:
    numbers = np.random.default_rng(0).normal(size=shape)
    expected = np.cumsum(numbers, axis=axis)
    assert cumulative_sum(numbers, axis) is numbers
    np.testing.assert_array_equal(numbers, expected)
