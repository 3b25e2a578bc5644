"""The general network in its three forms: standard Keras layers, the fast form that is trained, the ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.cards import Cell
from service.errors import ModelRejected
from service.inference.readings.general.form import nodes, sizes_of
from service.inference.readings.general.network import GeneralNetwork
from tests.training.general.small import SMALL, batch
from training.recipes import CELLS

pytestmark = pytest.mark.tensorflow


@pytest.fixture(params=CELLS)
def built(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    from training.general import network

    shape = SMALL[request.param].shape
    model = network.build(shape, "general")
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(0.3 * rng.standard_normal(weight.shape))
    return model, shape


def inputs() -> list[Any]:
    drawn = batch()
    return [drawn.sequence, drawn.origins, drawn.asked, drawn.places]


def test_the_fast_form_answers_as_the_standard_layers(built: tuple[Any, Any]) -> None:
    from training.general.network import Learner

    model, shape = built
    assert np.asarray(Learner(model, shape)(inputs())) == pytest.approx(np.asarray(model(inputs())), rel=1e-4, abs=1e-4)


def test_the_fast_form_has_the_gradient_that_keras_derives(built: tuple[Any, Any]) -> None:
    import tensorflow as tf

    from training.general.network import Learner

    model, shape = built
    gradients = []
    for form in (model, Learner(model, shape)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.tanh(form(inputs())))
        gradients.append(
            [tf.convert_to_tensor(each).numpy() for each in tape.gradient(loss, model.trainable_variables)]
        )
    for expected, found in zip(*gradients, strict=True):
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_the_graph_answers_as_keras(built: tuple[Any, Any]) -> None:
    from training.general import graph

    model, shape = built
    served = GeneralNetwork(graph.to_onnx(model, shape))
    drawn = batch()
    expected = np.asarray(model(inputs()))
    count, several, horizons = drawn.asked.shape[:3]
    found = served.run(
        drawn.sequence,
        np.full(count, drawn.sequence.shape[1], np.int32),
        (np.repeat(np.arange(count), several), drawn.origins.ravel().astype(np.int64)),
        np.repeat(np.arange(count * several), horizons),
        drawn.asked.reshape(-1, drawn.asked.shape[-1]),
        drawn.places.reshape(-1, drawn.places.shape[-1]),
    )
    scale = max(1.0, float(np.abs(expected).max()))
    assert np.abs(found.quantiles.reshape(expected.shape) - expected).max() <= 1e-5 * scale


def test_a_graph_that_differs_from_keras_is_refused(built: tuple[Any, Any]) -> None:
    from training.general import export, graph
    from training.model_folder import ParityError

    model, shape = built
    keras_form, served = export.KerasGeneral(model), GeneralNetwork(graph.to_onnx(model, shape))
    export.require_parity(keras_form, served, "same")
    (last,) = (each for each in model.layers if each.name == "answer")
    last.bias.assign(last.bias + 1e-3)
    with pytest.raises(ParityError, match="other: the ONNX form differs from Keras"):
        export.require_parity(keras_form, served, "other")


def test_states_carried_on_give_what_one_pass_gives(built: tuple[Any, Any]) -> None:
    from training.general import graph

    model, shape = built
    served = GeneralNetwork(graph.to_onnx(model, shape))
    drawn = batch()
    sequence, asked, places = drawn.sequence[:3], drawn.asked[:3, 0, 0], drawn.places[:3, 0, 0]
    steps, rows = sequence.shape[1], np.arange(3)
    half = steps // 2

    def read(part: Any, state: Any) -> Any:
        length = part.shape[1]
        ends = (rows, np.full(3, length - 1))
        return served.run(part, np.full(3, length, np.int32), ends, rows, asked, places, state)

    whole = read(sequence, None)
    carried = read(sequence[:, half:], read(sequence[:, :half], None).state)
    assert carried.quantiles == pytest.approx(whole.quantiles, rel=1e-5, abs=1e-5)


def test_a_saved_model_needs_no_code_of_ours(built: tuple[Any, Any], tmp_path: Path) -> None:
    import keras

    model, _ = built
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(np.asarray(loaded(inputs())), np.asarray(model(inputs())))


def test_no_other_graph_is_taken_for_a_general_network(built: tuple[Any, Any], monkeypatch: Any) -> None:
    from training.general import graph

    model, shape = built
    assert sizes_of(graph.to_onnx(model, shape)).units == shape.units
    for place in (5, -2):
        changed = [each._replace(operator="Sigmoid" if place == 5 else "Mul") for each in [nodes(_sizes(shape))[place]]]
        others = nodes(_sizes(shape))
        others[place] = changed[0]
        monkeypatch.setattr(graph, "nodes", lambda _, others=others: others)
        with pytest.raises(ModelRejected, match="nodes"):
            sizes_of(graph.to_onnx(model, shape))


def _sizes(shape: Any) -> Any:
    from service.inference.readings.general.form import Sizes

    return Sizes(shape.cell, shape.dense, shape.units, shape.head, len(shape.quantiles))


@pytest.mark.parametrize("cell", CELLS)
def test_the_published_networks_are_of_equal_size(cell: Cell) -> None:
    from training.general import network
    from training.general.recipes import RECIPES

    count = network.parameters(network.build(RECIPES[f"series-{cell}"].shape, "general"))
    assert count == pytest.approx(66_845, rel=0.01)
