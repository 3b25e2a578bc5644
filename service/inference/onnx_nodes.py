"""The nodes of a graph that is written down whole, and those of a file, to be compared one by one. Runs no network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from service.cards import Cell

# For each cell its operator, gates, and letters of its states.
RECURRENT: Mapping[Cell, tuple[str, int, str]] = {
    "simplernn": ("RNN", 1, "h"),
    "lstm": ("LSTM", 4, "hc"),
    "gru": ("GRU", 3, "h"),
}


def initial_states(cell: Cell, units: int, layers: int) -> dict[str, int]:
    """Names of the states that so many recurrent layers begin with, and their units."""
    return {f"{letter}0_{layer}": units for layer in range(layers) for letter in RECURRENT[cell][2]}


class Node(NamedTuple):
    """One node of the graph, as the ONNX file has it."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, int | list[int]]


def nodes_of(graph: dict[str, Any]) -> list[Node]:
    """The nodes of a graph that was read."""
    return [
        Node(
            each["operator"],
            tuple(each["inputs"]),
            tuple(each["outputs"]),
            {a["name"]: a["ints"] or a["int"] or 0 for a in each["attributes"]},
        )
        for each in graph["nodes"]
    ]


def integers_of(tensor: dict[str, Any]) -> list[int]:
    """What a tensor of int64 that was read holds, up to eight of them."""
    data = bytes((tensor["data"] or b"")[:64])
    return [int.from_bytes(data[place : place + 8], "little", signed=True) for place in range(0, len(data), 8)]
