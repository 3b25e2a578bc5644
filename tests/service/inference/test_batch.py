"""What all that read a batch of padded sequences share."""

from __future__ import annotations

import numpy as np

from service.inference.padding import batches


def test_the_unit_is_the_mean_absolute_difference_of_the_rows_own_steps() -> None:
    (batch,) = batches([[1.0, 2.0, 4.0, 1.0], [9.0], [5.0, 5.0]])
    assert dict(zip(batch.rows.tolist(), batch.unit.tolist(), strict=True)) == {0: 2.0, 1: 0.0, 2: 0.0}


def test_the_last_entry_of_a_row_is_that_at_its_own_last_step() -> None:
    (batch,) = batches([[1.0, 2.0, 3.0], [9.0]])
    np.testing.assert_array_equal(batch.last(batch.steps), [9.0, 3.0])
    np.testing.assert_array_equal(batch.last(batch.steps[1:] + 0.5), [9.5, 3.5])
    (alike,) = batches([[1.0, 2.0], [9.0, 8.0]])
    np.testing.assert_array_equal(alike.last(alike.steps), [2.0, 8.0])


def test_some_of_its_rows_are_a_batch_of_their_own() -> None:
    (batch,) = batches([[1.0, 2.0, 3.0], [9.0, float("nan"), 8.0]])
    whole, gapped = batch.take(np.array([0])), batch.take(slice(1, None))
    assert whole.seen is None
    assert gapped.seen is not None
    np.testing.assert_array_equal(gapped.gapped, [[9.0, np.nan, 8.0]])
    assert [*whole.rows, *gapped.rows] == [0, 1]
