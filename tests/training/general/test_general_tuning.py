"""Training a general network on: from the weights that it has, the part that is asked for, the same each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.training.general.small import SMALL, batch
from training.general.recipes import Plan

pytestmark = pytest.mark.tensorflow
SHAPE, PLAN = SMALL["gru"].shape, Plan(12, rate=1e-2, batch=8, origins=4, horizons=3)
READER = 8  # weights of the dense layer and the two recurrent ones that read the steps


@pytest.fixture(scope="module")
def built() -> Any:
    import keras

    from training.general.network import build

    keras.utils.set_random_seed(0)
    return build(SHAPE, "general")


def whole(_: np.random.Generator) -> Any:
    from training.general.tuning import Drawn

    drawn = batch()
    return Drawn((drawn.sequence, drawn.origins, drawn.asked, drawn.places), drawn.truth)


@pytest.mark.system
def test_the_whole_network_learns_and_again_the_same(built: Any) -> None:
    from training.general.tuning import Tuning

    start = built.get_weights()
    tuning = Tuning(built, SHAPE, PLAN, "whole")
    steps = list(tuning.steps(start, 3, whole, 5, 12))
    assert [each.updates for each in steps] == [5, 10, 12]
    assert steps[-1].loss < steps[0].loss
    again = list(tuning.steps(start, 3, whole, 5, 12))
    for one, other in zip(steps[-1].weights, again[-1].weights, strict=True):
        assert np.array_equal(one, other)
    assert all(np.any(one != other) for one, other in zip(start, steps[-1].weights, strict=True))


def test_the_head_learns_alone_and_what_reads_the_steps_stands_still(built: Any) -> None:
    from service.inference.finetuning.frozen import Frozen
    from training.general import graph
    from training.general.tuning import Drawn, Tuning

    start, drawn = built.get_weights(), batch()
    states = Frozen(graph.to_onnx(built, SHAPE)).said(drawn).states
    tuning = Tuning(built, SHAPE, PLAN, "head")
    read = Drawn((states, drawn.asked, drawn.places), drawn.truth)
    *_, last = tuning.steps(start, 0, lambda _: read, 12, 12)
    for one, other in zip(start[:READER], last.weights[:READER], strict=True):
        assert np.array_equal(one, other)
    assert all(np.any(one != other) for one, other in zip(start[READER:], last.weights[READER:], strict=True))
