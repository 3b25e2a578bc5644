"""The ONNX form against Keras: all cells, stacked, ragged, and with states carried on."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from service.inference.network import OnnxNetwork
from service.inference.readings.windows import Windows
from tests.conftest import MODELS
from training.general.recipes import RECIPES
from training.recipes import CELLS, Recipe
from training.text import recipes as writing

SIXTEEN = Windows(window=16)
pytestmark = pytest.mark.tensorflow


@pytest.fixture(params=[*CELLS, "gru-before"])
def model(request: pytest.FixtureRequest) -> Any:
    from training import architectures

    cell, _, reset = request.param.partition("-")
    recipe = Recipe("x", "memory", cell, "memory", (7, 5), (), before=(3,), after=(4,), reset=reset or "after")
    built = architectures.build(recipe)
    rng = np.random.default_rng(1)
    for weight in built.weights:
        weight.assign(0.5 * rng.standard_normal(weight.shape))
    return built


def test_ragged_batches_answer_like_keras(model: Any) -> None:
    from training import onnx_form

    network = OnnxNetwork(onnx_form.to_onnx(model), 2)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((9, 12, 2)).astype(np.float32)
    lengths = rng.integers(1, 13, 9).astype(np.int32)
    inside = np.arange(12) < lengths[:, None]
    served, _ = network.run(inputs, lengths)
    assert served[inside] == pytest.approx(np.asarray(model(inputs))[..., 0][inside], abs=2e-6)


def test_carried_states_go_on_where_they_stopped(model: Any) -> None:
    from training import onnx_form

    network = OnnxNetwork(onnx_form.to_onnx(model), 2)
    inputs = np.random.default_rng(0).standard_normal((3, 12, 2)).astype(np.float32)
    first, state = network.run(inputs[:, :5], np.full(3, 5, np.int32))
    rest, _ = network.run(inputs[:, 5:], np.full(3, 7, np.int32), state)
    assert np.concatenate((first, rest), axis=1) == pytest.approx(np.asarray(model(inputs))[..., 0], abs=2e-6)


def test_the_graph_keeps_to_its_contract(model: Any) -> None:
    from training import onnx_form

    graph = onnx.load_from_string(onnx_form.to_onnx(model))
    assert (graph.ir_version, graph.opset_import[0].version) == (10, 21)
    recurrent = {"RNN", "LSTM", "GRU"} & {node.op_type for node in graph.graph.node}
    assert len(recurrent) == 1
    states = {"h0_0", "h0_1"} | ({"c0_0", "c0_1"} if recurrent == {"LSTM"} else set())
    assert {each.name for each in graph.graph.input} == {"sequence", "length"} | states
    outputs = [each.name for each in graph.graph.output]
    assert outputs[0] == "prediction"
    finals = {name.replace("0_", "_") for name in states}
    weights = {"layer_0.kernel", "layer_0.bias", "layer_1.W", "layer_1.R", "layer_1.B", "layer_4.kernel"}
    assert finals | weights | {"hidden_0", "hidden_1"} <= set(outputs)
    assert not any(tensor.external_data for tensor in graph.graph.initializer)


def test_the_slides_gru_has_371_parameters_and_keras_own_401() -> None:
    """The lecture's equation resets before the product and needs one bias; what is exported and served is as many."""
    from training import architectures, onnx_form

    for reset, parameters, kind in (("before", 371, "gru-before"), ("after", 401, "gru")):
        built = architectures.build(Recipe("x", "linear", "gru", "comparison", (10,), (), reading=SIXTEEN, reset=reset))
        form = OnnxNetwork(onnx_form.to_onnx(built), 1).form
        assert architectures.parameters(built) == form.parameters == parameters
        assert [layer.kind for layer in architectures.describe(built)] == [kind, "dense"]
        assert [layer.kind for layer in form.layers] == [kind, "dense"]


def test_a_row_alone_has_the_bits_that_it_has_in_a_batch(model: Any) -> None:
    from training import onnx_form

    network = OnnxNetwork(onnx_form.to_onnx(model), 2)
    inputs = np.random.default_rng(3).standard_normal((5, 12, 2)).astype(np.float32)
    together, _ = network.run(inputs, np.full(5, 12, np.int32))
    for row in range(5):
        alone, _ = network.run(inputs[row : row + 1], np.full(1, 12, np.int32))
        assert np.array_equal(alone[0], together[row])


def test_the_weights_can_be_read_through_onnx_runtime(model: Any) -> None:
    from training import onnx_form

    weights = OnnxNetwork(onnx_form.to_onnx(model), 2).weights()
    assert np.array_equal(weights["layer_0.kernel"], np.asarray(model.layers[0].kernel))
    gates = weights["layer_1.W"].shape[1] // 7
    assert weights["layer_1.R"].shape == (1, 7 * gates, 7)
    assert weights["layer_1.B"].shape == (1, 2 * 7 * gates)


def test_a_layer_without_a_word_for_it_is_refused() -> None:
    import keras

    from training.architectures import kind_of

    with pytest.raises(TypeError, match="Dropout"):
        kind_of(keras.layers.Dropout(0.5))


@pytest.mark.parametrize("name", sorted(folder.name for folder in MODELS.iterdir() if (folder / "1").is_dir()))
def test_a_published_onnx_file_is_the_form_of_its_keras_file(name: str) -> None:
    import keras

    from training import onnx_form
    from training.general import graph, recurrence  # noqa: F401  # whose layers the general models' files name
    from training.text import graph as text_graph

    model = keras.saving.load_model(MODELS / name / "1" / "model.keras", compile=False)
    published = onnx.load(MODELS / name / "1" / "model.onnx")
    if (general := RECIPES.get(name)) is not None:
        form = graph.to_onnx(model, general.shape)
    elif (recipe := writing.RECIPES.get(name)) is not None:
        form = text_graph.to_onnx(model, recipe)
    else:
        form = onnx_form.to_onnx(model)
    assert published.graph == onnx.load_from_string(form).graph
