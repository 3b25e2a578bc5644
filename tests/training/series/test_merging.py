"""A merged network answers exactly the mean of its members."""

from __future__ import annotations

import numpy as np
import pytest

from training.recipes import CELLS, Recipe
from training.series.merging import merged

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("cell", CELLS)
def test_a_merged_network_answers_the_mean_of_its_members(cell: str) -> None:
    import keras

    from training import architectures

    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((6, 17, 2)).astype(np.float32)
    members = []
    for _ in range(3):
        member = architectures.build(Recipe("x", "x", cell, "series", (5,), ()))  # type: ignore[arg-type]
        member.set_weights([0.3 * rng.standard_normal(each.shape) for each in member.get_weights()])
        members.append(member)
    whole = architectures.build(Recipe("x", "x", cell, "series", (15,), ()))  # type: ignore[arg-type]
    whole.set_weights(merged([member.get_weights() for member in members]))
    mean = np.mean([np.asarray(member(inputs)) for member in members], axis=0)
    np.testing.assert_allclose(np.asarray(whole(inputs)), mean, atol=2e-6)


def test_one_member_stays_as_it_is() -> None:
    weights = [np.ones((2, 3)), np.ones((3, 3)), np.ones(3), np.ones((3, 1)), np.ones(1)]
    for one, other in zip(merged([weights]), weights, strict=True):
        np.testing.assert_array_equal(one, other)
