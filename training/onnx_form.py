"""From Keras weights to the ONNX form that is served: standard RNN, LSTM and GRU nodes; writes no file.

The graph is batch-major float32 outside and time-major inside. Inputs: ``sequence`` [N, T, F], ``length`` int32
[N], and for recurrent layer k ``h0_k`` (LSTM also ``c0_k``) [1, N, units]. Outputs: ``prediction`` [N, T, 1], or as
many numbers as the last layer has units, at every step; per recurrent layer ``hidden_k`` [T, 1, N, units], ``h_k`` (and
``c_k``) [1, N, units]; and every weight by its name (``layer_i.W``, ``.R``, ``.B`` or ``.kernel``, ``.bias``), so that
they can be read without the onnx package. What comes out past a row's ``length`` means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from service.arrays import Floats32
from service.cards import Cell
from service.inference import onnx_nodes
from training.architectures import kind_of

OPSET, IR_VERSION = 21, 10


@dataclass(frozen=True, slots=True)
class Node:
    """An ONNX recurrent operator and where each of its gates stands in Keras' order."""

    operator: str
    gates: tuple[int, ...]
    attributes: Mapping[str, int]

    def reordered(self, kernel: Floats32) -> Floats32:
        """Gates along the last axis, from Keras' order to that of ONNX."""
        parts = np.split(kernel, len(self.gates), axis=-1)
        return np.concatenate([parts[gate] for gate in self.gates], axis=-1)


NODES: Mapping[Cell | Literal["gru-before"], Node] = {
    "simplernn": Node("RNN", (0,), {}),
    # Keras has input, forget, candidate, output; ONNX input, output, forget, candidate.
    "lstm": Node("LSTM", (0, 3, 1, 2), {}),
    # Both have update, reset, candidate; Keras resets after the matrix product.
    "gru": Node("GRU", (0, 1, 2), {"linear_before_reset": 1}),
    "gru-before": Node("GRU", (0, 1, 2), {}),
}


def to_onnx(model: Any) -> bytes:
    """The serialised, checked ONNX form of a Keras model built by :func:`training.architectures.build`."""
    graph = _Graph(model.name)
    features = model.input_shape[-1]
    graph.inputs += [tensor("sequence", ["N", "T", features]), tensor("length", ["N"], TensorProto.INT32)]
    graph.constants["direction_axis"] = np.array([1], np.int64)
    flow = graph.add("Transpose", ["sequence"], "steps", perm=[1, 0, 2])
    recurrent, flat = 0, False
    for index, layer in enumerate(model.layers):
        kind = kind_of(layer)
        if kind == "dense":
            flow = _dense(graph, index, layer, flow if flat else _flattened(graph, index, layer, flow))
        else:
            flow = _recurrent(graph, index, recurrent, layer, kind, _by_steps(graph, flow) if flat else flow)
            recurrent += 1
        flat = kind == "dense"
    graph.add("Transpose", [_by_steps(graph, flow) if flat else flow], "prediction", perm=[1, 0, 2])
    graph.outputs.insert(0, tensor("prediction", ["N", "T", model.output_shape[-1]]))
    return graph.serialised()


class _Graph:
    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.weights: dict[str, Floats32] = {}
        self.constants: dict[str, NDArray[np.int64]] = {}

    def add(self, operator: str, inputs: list[str], output: str | list[str], **attributes: Any) -> str:
        outputs = [output] if isinstance(output, str) else output
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
        return outputs[0]

    def weight(self, name: str, value: Any) -> str:
        self.weights[name] = np.ascontiguousarray(value, np.float32)
        return name

    def serialised(self) -> bytes:
        outputs = self.outputs + [tensor(name, list(value.shape)) for name, value in self.weights.items()]
        return _serialised(self.name, self.nodes, self.inputs, outputs, {**self.weights, **self.constants})


def serialised(
    name: str, nodes: Iterable[onnx_nodes.Node], inputs: list[Any], outputs: list[Any], tensors: Mapping[str, Any]
) -> bytes:
    """A checked graph of ``nodes`` with what they need, byte by byte the same each time."""
    made = [
        helper.make_node(each.operator, each.inputs, each.outputs, each.outputs[0], **dict[str, Any](each.attributes))
        for each in nodes
    ]
    return _serialised(name, made, inputs, outputs, tensors)


def _serialised(
    name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any], tensors: Mapping[str, Any]
) -> bytes:
    held = [numpy_helper.from_array(value, name) for name, value in tensors.items()]
    model = helper.make_model(
        helper.make_graph(nodes, name, inputs, outputs, held),
        producer_name="unroll",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def recurrent_weights(layer: str, node: Node, cell: Any) -> dict[str, Floats32]:
    """The weights of a Keras ``cell`` as ``node`` takes them, ``<layer>.W``, ``.R`` and ``.B``."""
    bias = np.asarray(cell.bias, np.float32)
    # SimpleRNN and LSTM add one bias; ONNX has one for the inputs and one for the state.
    both = bias if bias.ndim == 2 else np.stack((bias, np.zeros_like(bias)))
    return {
        f"{layer}.W": node.reordered(np.asarray(cell.kernel)).T[None],
        f"{layer}.R": node.reordered(np.asarray(cell.recurrent_kernel)).T[None],
        f"{layer}.B": node.reordered(both).reshape(1, -1),
    }


def _dense(graph: _Graph, index: int, layer: Any, flow: str) -> str:
    kernel = graph.weight(f"layer_{index}.kernel", layer.kernel)
    bias = graph.weight(f"layer_{index}.bias", layer.bias)
    total = graph.add("Gemm", [flow, kernel, bias], f"sum_{index}")
    return graph.add("Tanh", [total], f"tanh_{index}") if layer.activation.__name__ == "tanh" else total


def _flattened(graph: _Graph, index: int, layer: Any, flow: str) -> str:
    """All steps of all sequences as the rows of one matrix, [T * N, width]: what Gemm takes."""
    shape = f"rows_{index}"
    graph.constants[shape] = np.array([-1, layer.kernel.shape[0]], np.int64)
    return graph.add("Reshape", [flow, shape], f"flat_{index}")


def _by_steps(graph: _Graph, flow: str) -> str:
    """Such rows as [T, N, width] again."""
    if "width" not in graph.constants:
        graph.constants["width"] = np.array([-1], np.int64)
        graph.add("Shape", ["steps"], "steps_and_sequences", start=0, end=2)
        graph.add("Concat", ["steps_and_sequences", "width"], "by_steps", axis=0)
    return graph.add("Reshape", [flow, "by_steps"], f"{flow}_by_steps")


def _recurrent(graph: _Graph, index: int, order: int, layer: Any, kind: Cell | Literal["gru-before"], flow: str) -> str:
    node = NODES[kind]
    units = layer.units
    weights = [graph.weight(*each) for each in recurrent_weights(f"layer_{index}", node, layer.cell).items()]
    letters = ["h", "c"] if kind == "lstm" else ["h"]
    initial, final = [f"{letter}0_{order}" for letter in letters], [f"{letter}_{order}" for letter in letters]
    graph.inputs += [tensor(name, [1, "N", units]) for name in initial]
    hidden = f"hidden_{order}"
    graph.add(
        node.operator,
        [flow, *weights, "length", *initial],
        [hidden, *final],
        hidden_size=units,
        **node.attributes,
    )
    graph.outputs += [tensor(hidden, ["T", 1, "N", units]), *(tensor(name, [1, "N", units]) for name in final)]
    return graph.add("Squeeze", [hidden, "direction_axis"], f"flow_{order}")


def tensor(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:
    """An input or output of a graph; names in ``shape`` are dimensions of any size."""
    return helper.make_tensor_value_info(name, kind, shape)
