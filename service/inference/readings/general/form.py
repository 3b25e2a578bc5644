"""The general models' ONNX graph, written down once: training exports it, and no other graph is served as one.

Inputs: ``sequence`` float32 [series, steps, STEP_FEATURES], ``length`` int32 [series], the initial state of each
recurrent layer ``h0_k`` (LSTM also ``c0_k``) [1, series, units]; and the questions: ``origins`` int64 [origins], the
places step * series + row after which forecasts start, and for every question ``which`` int64 [questions] of them it is
about, and ``asked`` float32 [questions, ASKED_FEATURES]. Outputs: ``answer`` [questions, levels + PLACES], an offset
for each level and the share of each place; per recurrent layer ``hidden_k`` [steps, 1, series, units] and the final
``h_k`` (and ``c_k``); and every weight by its name. Offsets and places are added up outside, in float64: ONNX Runtime
sums a row in an order that hangs on where it lies.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from service.cards import Cell
from service.errors import ModelRejected
from service.inference.onnx_file import read_graph
from service.inference.onnx_form import Form, Layer
from service.inference.onnx_nodes import RECURRENT, Node, initial_states, integers_of, nodes_of
from service.inference.readings.general.asked import ASKED_FEATURES, PLACES
from service.inference.readings.general.causal import STEP_FEATURES

_FLOAT, _INT64 = 1, 7  # of TensorProto.DataType
_MOST_UNITS = 1024
LAYERS = 2


class Sizes(NamedTuple):
    """What differs from one general network to the next: its cell, the units of its parts, the levels it answers."""

    cell: Cell
    dense: int
    units: int
    head: int
    levels: int

    @property
    def states(self) -> dict[str, int]:
        """The initial states' names, and their units."""
        return initial_states(self.cell, self.units, LAYERS)


def nodes(sizes: Sizes) -> list[Node]:
    """All nodes in order."""
    operator, _, letters = RECURRENT[sizes.cell]
    options: dict[str, int | list[int]] = {"hidden_size": sizes.units}
    if operator == "GRU":
        options["linear_before_reset"] = 1
    found = [
        Node("Transpose", ("sequence",), ("steps",), {"perm": [1, 0, 2]}),
        Node("Shape", ("steps",), ("counts",), {"start": 0, "end": 2}),
        Node("Concat", ("counts", "rest"), ("by_steps",), {"axis": 0}),
        Node("Reshape", ("steps", "features"), ("rows",), {}),
        Node("Gemm", ("rows", "read.kernel", "read.bias"), ("read_sum",), {}),
        Node("Tanh", ("read_sum",), ("read_rows",), {}),
        Node("Reshape", ("read_rows", "by_steps"), ("flow_0",), {}),
    ]
    for layer in range(LAYERS):
        weights = tuple(f"layer_{layer}.{part}" for part in "WRB")
        initial = tuple(f"{letter}0_{layer}" for letter in letters)
        final = tuple(f"{letter}_{layer}" for letter in letters)
        hidden, flow = f"hidden_{layer}", f"flow_{layer + 1}"
        found += [
            Node(operator, (f"flow_{layer}", *weights, "length", *initial), (hidden, *final), options),
            Node("Squeeze", (hidden, "direction"), (flow,), {}),
            Node("Reshape", (flow, "units"), (f"states_{layer}",), {}),
            Node("Gather", (f"states_{layer}", "origins"), (f"at_origins_{layer}",), {"axis": 0}),
        ]
    return [
        *found,
        Node("Concat", ("at_origins_0", "at_origins_1"), ("at_origins",), {"axis": 1}),
        Node("Gemm", ("at_origins", "context.kernel", "context.bias"), ("contexts",), {}),
        Node("Gather", ("contexts", "which"), ("context",), {"axis": 0}),
        Node("MatMul", ("asked", "question.kernel"), ("question",), {}),
        Node("Add", ("context", "question"), ("first_sum",), {}),
        Node("Sigmoid", ("first_sum",), ("first_gate",), {}),
        Node("Mul", ("first_sum", "first_gate"), ("first",), {}),
        Node("Gemm", ("first", "think.kernel", "think.bias"), ("second_sum",), {}),
        Node("Sigmoid", ("second_sum",), ("second_gate",), {}),
        Node("Mul", ("second_sum", "second_gate"), ("second",), {}),
        Node("Add", ("first", "second"), ("thought",), {}),
        Node("Gemm", ("thought", "answer.kernel", "answer.bias"), ("answer",), {}),
    ]


def constants(sizes: Sizes) -> dict[str, list[int]]:
    """The whole numbers that the graph holds, by name."""
    return {
        "rest": [-1],
        "features": [-1, STEP_FEATURES],
        "units": [-1, sizes.units],
        "direction": [1],
    }


def weights(sizes: Sizes) -> dict[str, list[int]]:
    """The trained weights by name, and their dimensions."""
    _, gates, _ = RECURRENT[sizes.cell]
    found = {"read.kernel": [STEP_FEATURES, sizes.dense], "read.bias": [sizes.dense]}
    for layer, width in enumerate((sizes.dense, sizes.units)):
        found[f"layer_{layer}.W"] = [1, gates * sizes.units, width]
        found[f"layer_{layer}.R"] = [1, gates * sizes.units, sizes.units]
        found[f"layer_{layer}.B"] = [1, 2 * gates * sizes.units]
    return found | {
        "context.kernel": [LAYERS * sizes.units, sizes.head],
        "context.bias": [sizes.head],
        "question.kernel": [ASKED_FEATURES, sizes.head],
        "think.kernel": [sizes.head, sizes.head],
        "think.bias": [sizes.head],
        "answer.kernel": [sizes.head, sizes.levels + PLACES],
        "answer.bias": [sizes.levels + PLACES],
    }


def form_of(sizes: Sizes) -> Form:
    """The network in the words of the card."""
    layers = (
        Layer("dense", sizes.dense, "tanh"),
        *(Layer(sizes.cell, sizes.units, "tanh") for _ in range(LAYERS)),
        Layer("dense", sizes.head, "linear"),
        Layer("dense", sizes.head, "linear"),
        Layer("dense", sizes.head, "silu"),
        Layer("dense", sizes.levels + PLACES, "linear"),
    )
    # Cells but the GRU are trained with one bias, and the graph has two.
    second = 0 if sizes.cell == "gru" else RECURRENT[sizes.cell][1] * sizes.units
    parameters = sum(math.prod(each) for each in weights(sizes).values()) - LAYERS * second
    return Form(STEP_FEATURES, layers, parameters, sizes.states)


def sizes_of(model: bytes) -> Sizes:
    """The sizes of a serialised general network.

    Raises:
        ModelRejected: it is no ONNX file, or holds anything but that graph.
    """
    graph = read_graph(model)
    tensors = {each["name"]: each for each in graph["initializers"]}
    try:
        operators = {each["operator"] for each in graph["nodes"]}
        cell = next(cell for cell, (operator, _, _) in RECURRENT.items() if operator in operators)
        dense, units = tensors["read.bias"]["dims"][0], tensors["layer_0.R"]["dims"][2]
        sizes = Sizes(cell, dense, units, tensors["think.bias"]["dims"][0], tensors["answer.bias"]["dims"][0] - PLACES)
    except (StopIteration, KeyError, IndexError) as error:
        raise ModelRejected("the ONNX file lacks parts of a general series network") from error
    if not all(1 <= size <= _MOST_UNITS for size in sizes[1:]):
        raise ModelRejected(f"the ONNX file has a layer of more than {_MOST_UNITS} units, or of none")
    _require(nodes_of(graph) == nodes(sizes), "its nodes")
    dims = {name: each["dims"] for name, each in tensors.items() if each["type"] == _FLOAT}
    _require(dims == weights(sizes), "its weights")
    whole = {name: integers_of(each) for name, each in tensors.items() if each["type"] == _INT64}
    _require(whole == constants(sizes) and len(tensors) == len(dims) + len(whole), "its constants")
    inputs = {"sequence", "length", "origins", "which", "asked", *sizes.states}
    _require({each["name"] for each in graph["inputs"]} == inputs, "its inputs")
    final = {name.replace("0_", "_") for name in sizes.states} | {f"hidden_{layer}" for layer in range(LAYERS)}
    _require({each["name"] for each in graph["outputs"]} == {"answer", *final, *dims}, "its outputs")
    return sizes


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ModelRejected(f"the ONNX file is not the graph of a general series network: {what} are others")
