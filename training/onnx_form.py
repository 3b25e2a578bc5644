"""From Keras weights to the ONNX form that is served: standard RNN, LSTM and GRU nodes; writes no file.

The graph is batch-major float32 outside and time-major inside. Inputs: ``sequence`` [N, T, F], ``length`` int32
[N], and for recurrent layer k ``h0_k`` (LSTM also ``c0_k``) [1, N, units]. Outputs: ``prediction`` [N, T, 1] at
every step; per recurrent layer ``hidden_k`` [T, 1, N, units], ``h_k`` (and ``c_k``) [1, N, units]; and every
weight by its name (``layer_i.W``, ``.R``, ``.B`` or ``.kernel``, ``.bias``), so that they can be read without the
onnx package. What comes out past a row's ``length`` means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from service.cards import Cell
from training.architectures import kind_of

OPSET, IR_VERSION = 21, 10
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Node:
    """An ONNX recurrent operator and where each of its gates stands in Keras' order."""

    operator: str
    gates: tuple[int, ...]
    attributes: Mapping[str, int]

    def reordered(self, kernel: Floats) -> Floats:
        """Gates along the last axis, from Keras' order to that of ONNX."""
        parts = np.split(kernel, len(self.gates), axis=-1)
        return np.concatenate([parts[gate] for gate in self.gates], axis=-1)


NODES: Mapping[Cell, Node] = {
    "simplernn": Node("RNN", (0,), {}),
    # Keras has input, forget, candidate, output; ONNX input, output, forget, candidate.
    "lstm": Node("LSTM", (0, 3, 1, 2), {}),
    # Both have update, reset, candidate; Keras resets after the matrix product.
    "gru": Node("GRU", (0, 1, 2), {"linear_before_reset": 1}),
}


def to_onnx(model: Any) -> bytes:
    """The serialised, checked ONNX form of a Keras model built by :func:`training.architectures.build`."""
    graph = _Graph(model.name)
    features = model.input_shape[-1]
    graph.inputs += [_tensor("sequence", ["N", "T", features]), _tensor("length", ["N"], TensorProto.INT32)]
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
    graph.outputs.insert(0, _tensor("prediction", ["N", "T", 1]))
    return graph.serialised()


class _Graph:
    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.weights: dict[str, Floats] = {}
        self.constants: dict[str, NDArray[np.int64]] = {}

    def add(self, operator: str, inputs: list[str], output: str | list[str], **attributes: Any) -> str:
        outputs = [output] if isinstance(output, str) else output
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
        return outputs[0]

    def weight(self, name: str, value: Any) -> str:
        self.weights[name] = np.ascontiguousarray(value, np.float32)
        return name

    def serialised(self) -> bytes:
        tensors: dict[str, NDArray[Any]] = {**self.weights, **self.constants}
        graph = helper.make_graph(
            self.nodes,
            self.name,
            self.inputs,
            self.outputs + [_tensor(name, list(value.shape)) for name, value in self.weights.items()],
            [numpy_helper.from_array(value, name) for name, value in tensors.items()],
        )
        model = helper.make_model(
            graph, producer_name="unroll", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
        )
        onnx.checker.check_model(model, full_check=True)
        data: bytes = model.SerializeToString(deterministic=True)
        return data


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


def _recurrent(graph: _Graph, index: int, order: int, layer: Any, kind: Cell, flow: str) -> str:
    node = NODES[kind]
    cell, units = layer.cell, layer.units
    bias = np.asarray(cell.bias, np.float32)
    # SimpleRNN and LSTM add one bias; ONNX has one for the inputs and one for the state.
    both = bias if bias.ndim == 2 else np.stack((bias, np.zeros_like(bias)))
    weights = [
        graph.weight(f"layer_{index}.W", node.reordered(np.asarray(cell.kernel)).T[None]),
        graph.weight(f"layer_{index}.R", node.reordered(np.asarray(cell.recurrent_kernel)).T[None]),
        graph.weight(f"layer_{index}.B", node.reordered(both).reshape(1, -1)),
    ]
    letters = ["h", "c"] if kind == "lstm" else ["h"]
    initial, final = [f"{letter}0_{order}" for letter in letters], [f"{letter}_{order}" for letter in letters]
    graph.inputs += [_tensor(name, [1, "N", units]) for name in initial]
    hidden = f"hidden_{order}"
    graph.add(
        node.operator,
        [flow, *weights, "length", *initial],
        [hidden, *final],
        hidden_size=units,
        **node.attributes,
    )
    graph.outputs += [_tensor(hidden, ["T", 1, "N", units]), *(_tensor(name, [1, "N", units]) for name in final)]
    return graph.add("Squeeze", [hidden, "direction_axis"], f"flow_{order}")


def _tensor(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)
