"""The graph of an encoder-decoder, written down once: training exports it, and no other is served as one.

The encoder reads; the decoder writes one symbol after the other, from the encoder's last state (Sutskever et al. 2014)
and, with attention, each time with a look at all that was read (Bahdanau et al. 2015; scores are plain products, as in
Luong et al. 2015). Both run in every call, so that a text is read in one
call and written in further ones on carried states. Inputs: ``sequence`` float32 [texts, steps, symbols], ``length``
int32 [texts], the encoder's states ``h0_0`` (LSTM also ``c0_0``) [1, texts, units]; ``memory`` [texts, read, units],
which an earlier call gave as ``read``, ``mask`` [texts, 1, read], zero where there is something to look at and hugely
negative elsewhere; ``written`` [texts, symbols so far, symbols of the answer], and the decoder's states ``h0_1``.
Outputs: ``read``, the final states ``h_0`` and ``h_1`` (and ``c_k``), ``answer`` [texts, symbols so far, symbols of the
answer], of which the softmax is what comes next, ``attention`` [texts, symbols so far, read], the hidden states
``hidden_k`` [steps, 1, texts, units], and every weight by its name. Without attention there is no ``memory``, no
``mask`` and no ``attention``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from service.cards import Cell
from service.errors import ModelRejected
from service.inference.onnx_file import read_graph
from service.inference.onnx_form import Form, Layer
from service.inference.onnx_nodes import RECURRENT, Node, initial_states, integers_of, nodes_of

_FLOAT, _INT64 = 1, 7  # of TensorProto.DataType
_MOST_UNITS = 1024
LAYERS = 2  # encoder and decoder
# What is added to the score of what must not be looked at.
HIDDEN = -1e9


class Sizes(NamedTuple):
    """What differs from one such network to the next: cell, units, the symbols read and written, and attention."""

    cell: Cell
    units: int
    read: int
    written: int
    attention: bool

    @property
    def states(self) -> dict[str, int]:
        """The initial states' names, and their units."""
        return initial_states(self.cell, self.units, LAYERS)


def nodes(sizes: Sizes) -> list[Node]:
    """All nodes in order."""
    return [
        *_recurrent(sizes, 0, "sequence", "length", "read"),
        *_recurrent(sizes, 1, "written", "", "state"),
        *(_ATTENTION if sizes.attention else []),
        Node("MatMul", ("both" if sizes.attention else "state", "attend.kernel"), ("attend_product",), {}),
        Node("Add", ("attend_product", "attend.bias"), ("attend_sum",), {}),
        Node("Tanh", ("attend_sum",), ("attended",), {}),
        Node("MatMul", ("attended", "answer.kernel"), ("answer_product",), {}),
        Node("Add", ("answer_product", "answer.bias"), ("answer",), {}),
    ]


def _recurrent(sizes: Sizes, layer: int, sequence: str, length: str, found: str) -> list[Node]:
    operator, _, letters = RECURRENT[sizes.cell]
    options: dict[str, int | list[int]] = {"hidden_size": sizes.units}
    if operator == "GRU":
        options["linear_before_reset"] = 1
    weights = tuple(f"layer_{layer}.{part}" for part in "WRB")
    initial = tuple(f"{letter}0_{layer}" for letter in letters)
    final = tuple(f"{letter}_{layer}" for letter in letters)
    return [
        Node("Transpose", (sequence,), (f"steps_{layer}",), {"perm": [1, 0, 2]}),
        Node(operator, (f"steps_{layer}", *weights, length, *initial), (f"hidden_{layer}", *final), options),
        Node("Squeeze", (f"hidden_{layer}", "direction"), (f"flow_{layer}",), {}),
        Node("Transpose", (f"flow_{layer}",), (found,), {"perm": [1, 0, 2]}),
    ]


_ATTENTION = [
    Node("Transpose", ("memory",), ("columns",), {"perm": [0, 2, 1]}),
    Node("MatMul", ("state", "columns"), ("products",), {}),
    Node("Add", ("products", "mask"), ("scores",), {}),
    Node("Softmax", ("scores",), ("attention",), {"axis": -1}),
    Node("MatMul", ("attention", "memory"), ("context",), {}),
    Node("Concat", ("state", "context"), ("both",), {"axis": -1}),
]
CONSTANTS = {"direction": [1]}


def weights(sizes: Sizes) -> dict[str, list[int]]:
    """Dimensions of all weights by name."""
    gates, units = RECURRENT[sizes.cell][1], sizes.units
    found = {}
    for layer, symbols in enumerate((sizes.read, sizes.written)):
        found[f"layer_{layer}.W"] = [1, gates * units, symbols]
        found[f"layer_{layer}.R"] = [1, gates * units, units]
        found[f"layer_{layer}.B"] = [1, 2 * gates * units]
    return {
        **found,
        "attend.kernel": [2 * units if sizes.attention else units, units],
        "attend.bias": [units],
        "answer.kernel": [units, sizes.written],
        "answer.bias": [sizes.written],
    }


def form_of(sizes: Sizes) -> Form:
    """The layers in the order in which a symbol passes through them, as a card lists them, and what was trained."""
    layers = (
        Layer(sizes.cell, sizes.units, "tanh"),
        Layer(sizes.cell, sizes.units, "tanh"),
        Layer("dense", sizes.units, "tanh"),
        Layer("dense", sizes.written, "linear"),
    )
    # Cells but the GRU are trained with one bias, and the graph has two.
    second = 0 if sizes.cell == "gru" else RECURRENT[sizes.cell][1] * sizes.units
    parameters = sum(math.prod(each) for each in weights(sizes).values()) - LAYERS * second
    return Form(sizes.read, layers, parameters, sizes.states)


def sizes_of(model: bytes) -> Sizes:
    """The sizes of a serialised encoder-decoder.

    Raises:
        ModelRejected: it is no ONNX file, or holds anything but that graph.
    """
    graph = read_graph(model)
    tensors = {each["name"]: each for each in graph["initializers"]}
    try:
        operators = {each["operator"] for each in graph["nodes"]}
        cell = next(cell for cell, (operator, _, _) in RECURRENT.items() if operator in operators)
        units, read = tensors["layer_0.R"]["dims"][2], tensors["layer_0.W"]["dims"][2]
        sizes = Sizes(cell, units, read, tensors["answer.bias"]["dims"][0], "Softmax" in operators)
    except (StopIteration, KeyError, IndexError) as error:
        raise ModelRejected("the ONNX file lacks parts of an encoder-decoder") from error
    if not all(1 <= size <= _MOST_UNITS for size in sizes[1:4]):
        raise ModelRejected(f"the ONNX file has a layer of more than {_MOST_UNITS} units, or of none")
    _require(nodes_of(graph) == nodes(sizes), "its nodes")
    dims = {name: each["dims"] for name, each in tensors.items() if each["type"] == _FLOAT}
    _require(dims == weights(sizes), "its weights")
    whole = {name: integers_of(each) for name, each in tensors.items() if each["type"] == _INT64}
    _require(whole == CONSTANTS and len(tensors) == len(dims) + len(whole), "its constants")
    inputs = {"sequence", "length", "written", *sizes.states, *(("memory", "mask") if sizes.attention else ())}
    _require({each["name"] for each in graph["inputs"]} == inputs, "its inputs")
    outputs = {
        "read",
        "answer",
        *(("attention",) if sizes.attention else ()),
        *(name.replace("0_", "_") for name in sizes.states),
    }
    outputs |= {f"hidden_{layer}" for layer in range(LAYERS)}
    _require({each["name"] for each in graph["outputs"]} == {*outputs, *dims}, "its outputs")
    return sizes


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ModelRejected(f"the ONNX file is not the graph of an encoder-decoder: {what} are others")
