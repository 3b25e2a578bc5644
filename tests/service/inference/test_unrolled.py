"""The NumPy network against the ONNX one and against finite differences, for every published model."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from service.inference.catalog import Catalog
from service.inference.model import Model
from service.inference.unrolled import Unroller
from tests.service.inference.chains import CHAINS

every_model = pytest.mark.parametrize("name", [folder.parent.name for folder in CHAINS])


def features_of(model: Model, timesteps: int) -> np.ndarray:
    random = np.random.default_rng(7)
    if model.reading.input == "pairs":
        return np.stack((random.integers(0, 6, timesteps), random.normal(size=timesteps)), axis=-1)
    return random.normal(size=(timesteps, model.network.form.features))


@every_model
def test_the_numpy_network_answers_as_the_onnx_network_does(catalog: Catalog, name: str) -> None:
    model = catalog.get(name)
    features = features_of(model, 30)
    outputs, _ = model.network.run(features[None].astype(np.float32), np.array([30], np.int32))
    unrolled = Unroller(model.card.layers, model.weights()).forward(features.astype(np.float32))
    np.testing.assert_allclose(unrolled.outputs, outputs[0], rtol=1e-5, atol=1e-5)


@every_model
def test_the_gradient_is_that_of_finite_differences(catalog: Catalog, name: str) -> None:
    model = catalog.get(name)
    features = features_of(model, 9)
    unroller = Unroller(model.card.layers, model.weights())
    gradient = unroller.gradient(unroller.forward(features))
    assert gradient.shape == features.shape
    step = 1e-5
    for place in np.ndindex(*features.shape):
        moved = np.zeros(features.shape)
        moved[place] = step
        up, down = (unroller.forward(features + sign * moved).outputs[-1] for sign in (1.0, -1.0))
        assert gradient[place] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-8)


@every_model
def test_each_step_keeps_its_gates_within_their_bounds(catalog: Catalog, name: str) -> None:
    model = catalog.get(name)
    unrolled = Unroller(model.card.layers, model.weights()).forward(features_of(model, 12))
    expected = {
        "simplernn": set(),
        "lstm": {"forget", "input", "output", "candidate", "cell"},
        "gru": {"update", "reset", "candidate"},
    }
    for layer, steps in zip(model.card.layers, unrolled.steps, strict=True):
        assert len(steps) == (0 if layer.kind == "dense" else 12)
        for before, after in pairwise(steps):
            assert all((a == b).all() for a, b in zip(before.after, after.before, strict=True))
        for step in steps:
            assert step.gates.keys() == expected[layer.kind]
            assert (np.abs(step.after[0]) <= 1.0).all()
            for gate, values in step.gates.items():
                assert values.shape == (layer.units,)
                if gate not in ("candidate", "cell"):
                    assert ((values >= 0.0) & (values <= 1.0)).all()


@every_model
def test_the_cards_layers_have_the_parameters_of_the_weights(catalog: Catalog, name: str) -> None:
    model = catalog.get(name)
    weights = model.weights()
    for index, layer in enumerate(model.card.layers):
        sizes = {part: weight.size for part, weight in weights.items() if part.startswith(f"layer_{index}.")}
        # ONNX writes two biases for every cell; Keras has the second in the GRU only.
        second_bias = sizes.get(f"layer_{index}.B", 0) // 2 if layer.kind != "gru" else 0
        assert layer.parameters == sum(sizes.values()) - second_bias
    assert sum(layer.parameters for layer in model.card.layers) == model.card.parameters
