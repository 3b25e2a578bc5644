"""What an ONNX file must be to be served: the chain of layers that training exports, and nothing beside it.

Each step's row passes one layer after the other, so that work and memory grow with steps times weights, whatever the
file says: no loop, no function, no subgraph, no operator that could make much of little. Runs no network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from service.errors import ModelRejected
from service.inference.onnx_file import read_graph

_FLOAT, _INT64 = 1, 7  # of TensorProto.DataType
# For each recurrent operator its kind on the card, gates, trained biases of each gate, and letters of its states.
_RECURRENT = {"RNN": ("simplernn", 1, 1, "h"), "LSTM": ("lstm", 4, 1, "hc"), "GRU": ("gru", 3, 2, "h")}
_RESET_BEFORE = ("gru-before", 3, 1, "h")
_MOST_UNITS = 4096


class Layer(NamedTuple):
    """One layer in the order in which a step passes through it, in the words of the card."""

    kind: str
    units: int
    activation: str


class Form(NamedTuple):
    """What the network is: numbers per step that it reads, its layers, trained numbers, and its states by input."""

    features: int
    layers: tuple[Layer, ...]
    parameters: int
    states: dict[str, int]


def form_of(model: bytes) -> Form:
    """The form of a serialised ONNX network.

    Raises:
        ModelRejected: it is no ONNX file, or anything but a chain of layers.
    """
    return _Chain(read_graph(model)).form()


class _Chain:
    """Follows the rows of all steps from node to node: each takes what the one before gave, ``width`` numbers a row."""

    def __init__(self, graph: dict[str, Any]) -> None:
        self._nodes = graph["nodes"]
        self._tensors = {each["name"]: each for each in graph["initializers"]}
        self._inputs = {each["name"]: _dimensions(each) for each in graph["inputs"]}
        self._needed = {"prediction"}
        self._outputs = {each["name"] for each in graph["outputs"]}
        self._flow, self._width = "sequence", 0
        self._steps, self._shapes = "", set[str]()
        self._layers: list[Layer] = []
        self._states: dict[str, int] = {}
        self._parameters = 0

    def form(self) -> Form:
        if not {"sequence", "length"} <= self._inputs.keys():
            raise ModelRejected("the ONNX file lacks the inputs sequence and length")
        *_, features = None, *self._inputs["sequence"]
        if features is None or len(self._inputs["sequence"]) != 3:
            raise ModelRejected("the ONNX file's input sequence is not [sequences, steps, a number of features]")
        self._width = features
        for node in self._nodes:
            self._follow(node)
        if missing := sorted(self._needed - self._outputs):
            raise ModelRejected(f"the ONNX file lacks the outputs {', '.join(missing)[:100]}")
        if self._flow != "prediction" or not self._layers:
            raise ModelRejected("the ONNX file's prediction is not what its layers answer")
        if self._inputs.keys() - {"sequence", "length"} != self._states.keys():
            raise ModelRejected("the ONNX file has inputs besides sequence, length and the states of its layers")
        return Form(features, tuple(self._layers), self._parameters, self._states)

    def _follow(self, node: dict[str, Any]) -> None:
        operator = node["operator"]
        if operator not in _OPERATORS:
            raise ModelRejected(f"the ONNX file has the operator {_plain(operator)}, which no model served here needs")
        attributes = {each["name"]: each["ints"] or each["int"] or 0 for each in node["attributes"]}
        try:
            _OPERATORS[operator](self, node["inputs"], node["outputs"], attributes)
        except (KeyError, ValueError, IndexError) as error:
            name = _plain(node["name"])
            raise ModelRejected(f"the ONNX file's node {name} ({operator}) is no part of a chain of layers") from error

    def _same(self, inputs: list[str], outputs: list[str]) -> None:
        """The rows go on, neither more nor wider."""
        (name,) = outputs
        _require(inputs[0] == self._flow)
        self._flow = name

    def transpose(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        """From sequences of steps to steps of sequences, or back."""
        _require(attributes == {"perm": [1, 0, 2]})
        self._same(inputs, outputs)
        self._steps = self._steps or outputs[0]

    def tanh(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        self._same(inputs, outputs)
        _require(not attributes and self._layers[-1].activation == "linear")
        self._layers[-1] = self._layers[-1]._replace(activation="tanh")

    def squeeze(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        """A recurrent layer's axis of directions, of which there is one, goes."""
        _require(not attributes and self._integers(inputs[1]) == [1])
        self._same(inputs, outputs)

    def reshape(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        """To the rows of one matrix, or to steps of sequences again."""
        _require(not attributes and (inputs[1] in self._shapes or self._integers(inputs[1]) == [-1, self._width]))
        self._same(inputs, outputs)

    def shape(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        """How many steps and sequences there are."""
        _require(attributes == {"start": 0, "end": 2} and inputs == [self._steps])
        self._shapes.update(outputs)

    def concat(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        counts, rest = inputs
        _require(attributes == {"axis": 0} and counts in self._shapes and self._integers(rest) == [-1])
        self._shapes.update(outputs)

    def dense(self, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        _, kernel, bias = inputs
        _, units = self._weights(kernel, "kernel")
        _require(not attributes and self._tensors[kernel]["dims"] == [self._width, units])
        _require(self._weights(bias, "bias") == [units])
        self._same(inputs, outputs)
        self._layer(Layer("dense", units, "linear"), self._width * units + units)

    def recurrent(self, operator: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        before = operator == "GRU" and "linear_before_reset" not in attributes
        kind, gates, biases, letters = _RESET_BEFORE if before else _RECURRENT[operator]
        _, kernel, recurrent, bias, length, *initial = inputs
        hidden, *final = outputs
        units, order = attributes["hidden_size"], sum(layer.kind != "dense" for layer in self._layers)
        rest = {"linear_before_reset": 1} if operator == "GRU" and not before else {}
        _require(attributes == {"hidden_size": units, **rest} and length == "length")
        _require(self._weights(kernel, "W") == [1, gates * units, self._width])
        _require(self._weights(recurrent, "R") == [1, gates * units, units])
        _require(self._weights(bias, "B") == [1, 2 * gates * units])
        _require(initial == [f"{letter}0_{order}" for letter in letters])
        _require(final == [f"{letter}_{order}" for letter in letters])
        _require(all(self._inputs[name][::2] == [1, units] for name in initial))
        self._states.update(dict.fromkeys(initial, units))
        self._needed.update(final)
        self._same(inputs, [hidden])
        self._layer(Layer(kind, units, "tanh"), gates * units * (self._width + units + biases))

    def _layer(self, layer: Layer, parameters: int) -> None:
        if not 1 <= layer.units <= _MOST_UNITS:
            raise ModelRejected(f"the ONNX file has a layer of {layer.units} units; at most {_MOST_UNITS} are served")
        self._layers.append(layer)
        self._width = layer.units
        self._parameters += parameters

    def _weights(self, name: str, role: str) -> list[int]:
        """Dimensions of weights that the file holds, and gives out under the name that they have everywhere."""
        _require(name == f"layer_{len(self._layers)}.{role}" and self._tensors[name]["type"] == _FLOAT)
        self._needed.add(name)
        dimensions: list[int] = self._tensors[name]["dims"]
        return dimensions

    def _integers(self, name: str) -> list[int]:
        tensor = self._tensors[name]
        _require(tensor["type"] == _INT64 and tensor["data"] is not None)
        data = bytes(tensor["data"][:64])
        return [int.from_bytes(data[place : place + 8], "little", signed=True) for place in range(0, len(data), 8)]


_Follow = Callable[[_Chain, list[str], list[str], dict[str, Any]], None]


def _recurrent(operator: str) -> _Follow:
    return lambda chain, *node: chain.recurrent(operator, *node)


_OPERATORS: dict[str, _Follow] = {
    "Transpose": _Chain.transpose,
    "Tanh": _Chain.tanh,
    "Squeeze": _Chain.squeeze,
    "Reshape": _Chain.reshape,
    "Shape": _Chain.shape,
    "Concat": _Chain.concat,
    "Gemm": _Chain.dense,
    **{operator: _recurrent(operator) for operator in _RECURRENT},
}


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError


def _dimensions(value: dict[str, Any]) -> list[int | None]:
    shape = ((value["type"] or {}).get("tensor") or {}).get("shape") or {"dimensions": []}
    return [each["value"] if each["parameter"] is None else None for each in shape["dimensions"]]


def _plain(name: str | None) -> str:
    """A name from a file, safe to be shown on one line."""
    return ascii((name or "without a name")[:60])[1:-1]
