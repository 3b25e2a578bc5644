"""From the trained Keras network to the graph of :mod:`service.inference.readings.general.form`, which is served."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from service.inference.readings.general.asked import ASKED_FEATURES, PLACES
from service.inference.readings.general.causal import STEP_FEATURES
from service.inference.readings.general.form import LAYERS, Sizes, constants, nodes, weights
from training.general.network import RECURRENT
from training.general.recipes import Shape
from training.onnx_form import IR_VERSION, NODES, OPSET


def to_onnx(network: Any, shape: Shape) -> bytes:
    """The serialised, checked ONNX form of a network that :func:`training.general.network.build` made."""
    sizes = Sizes(shape.cell, shape.dense, shape.units, shape.head, len(shape.quantiles))
    trained = _weights(network, shape)
    tensors: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(trained[name], np.float32) for name in weights(sizes)
    }
    whole = {name: np.array(value, np.int64) for name, value in constants(sizes).items()}
    inputs = [
        _tensor("sequence", ["N", "T", STEP_FEATURES]),
        _tensor("length", ["N"], TensorProto.INT32),
        *(_tensor(name, [1, "N", units]) for name, units in sizes.states.items()),
        _tensor("origins", ["O"], TensorProto.INT64),
        _tensor("which", ["Q"], TensorProto.INT64),
        _tensor("asked", ["Q", ASKED_FEATURES]),
    ]
    outputs = [
        _tensor("answer", ["Q", sizes.levels + PLACES]),
        *(_tensor(f"hidden_{layer}", ["T", 1, "N", sizes.units]) for layer in range(LAYERS)),
        *(_tensor(name.replace("0_", "_"), [1, "N", units]) for name, units in sizes.states.items()),
        *(_tensor(name, list(value.shape)) for name, value in tensors.items()),
    ]
    graph = helper.make_graph(
        [
            helper.make_node(
                each.operator, each.inputs, each.outputs, each.outputs[0], **dict[str, Any](each.attributes)
            )
            for each in nodes(sizes)
        ],
        network.name,
        inputs,
        outputs,
        [numpy_helper.from_array(value, name) for name, value in {**tensors, **whole}.items()],
    )
    model = helper.make_model(
        graph, producer_name="unroll", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _weights(network: Any, shape: Shape) -> dict[str, NDArray[np.float32]]:
    node = NODES[shape.cell]
    found = {}
    for name in ("read", "context", "question", "think", "answer"):
        layer = network.get_layer(name)
        found[f"{name}.kernel"] = np.asarray(layer.kernel)
        if layer.use_bias:
            found[f"{name}.bias"] = np.asarray(layer.bias)
    for index, name in enumerate(RECURRENT):
        cell = network.get_layer(name).cell
        bias = np.asarray(cell.bias)
        # SimpleRNN and LSTM add one bias; ONNX has one for the inputs and one for the state.
        both = bias if bias.ndim == 2 else np.stack((bias, np.zeros_like(bias)))
        found[f"layer_{index}.W"] = node.reordered(np.asarray(cell.kernel)).T[None]
        found[f"layer_{index}.R"] = node.reordered(np.asarray(cell.recurrent_kernel)).T[None]
        found[f"layer_{index}.B"] = node.reordered(both).reshape(1, -1)
    return found


def _tensor(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)
