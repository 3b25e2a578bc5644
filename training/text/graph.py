"""From the trained Keras network to the graph of :mod:`service.inference.readings.text.form`, which is served."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from service.inference.readings.text.form import CONSTANTS, LAYERS, Sizes, nodes, weights
from training.onnx_form import NODES, recurrent_weights, serialised, tensor
from training.text.network import RECURRENT
from training.text.recipes import WritingRecipe


def to_onnx(network: Any, recipe: WritingRecipe) -> bytes:
    """The serialised, checked ONNX form of a network that :func:`training.text.network.build` made."""
    reading = recipe.source.reading
    sizes = Sizes(recipe.cell, recipe.units, reading.width, recipe.source.symbols, recipe.source.attention)
    trained = _weights(network, recipe)
    tensors: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(trained[name], np.float32) for name in weights(sizes)
    }
    whole = {name: np.array(value, np.int64) for name, value in CONSTANTS.items()}
    inputs = [
        tensor("sequence", ["N", "S", sizes.read]),
        tensor("length", ["N"], TensorProto.INT32),
        *(tensor(name, [1, "N", units]) for name, units in sizes.states.items()),
        tensor("written", ["N", "T", sizes.written]),
        *((tensor("memory", ["N", "M", sizes.units]), tensor("mask", ["N", 1, "M"])) if sizes.attention else ()),
    ]
    steps = ["S", "T"]
    outputs = [
        tensor("read", ["N", "S", sizes.units]),
        tensor("answer", ["N", "T", sizes.written]),
        *((tensor("attention", ["N", "T", "M"]),) if sizes.attention else ()),
        *(tensor(f"hidden_{layer}", [steps[layer], 1, "N", sizes.units]) for layer in range(LAYERS)),
        *(tensor(name.replace("0_", "_"), [1, "N", units]) for name, units in sizes.states.items()),
        *(tensor(name, list(value.shape)) for name, value in tensors.items()),
    ]
    return serialised(network.name, nodes(sizes), inputs, outputs, {**tensors, **whole})


def _weights(network: Any, recipe: WritingRecipe) -> dict[str, NDArray[np.float32]]:
    found = {}
    for name in ("attend", "answer"):
        layer = network.get_layer(name)
        found[f"{name}.kernel"], found[f"{name}.bias"] = np.asarray(layer.kernel), np.asarray(layer.bias)
    for index, name in enumerate(RECURRENT):
        found |= recurrent_weights(f"layer_{index}", NODES[recipe.cell], network.get_layer(name).cell)
    return found
