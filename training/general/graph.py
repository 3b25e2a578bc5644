"""From the trained Keras network to the graph of :mod:`service.inference.readings.general.form`, which is served."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from service.inference.readings.general.asked import ASKED_FEATURES, PLACES
from service.inference.readings.general.causal import STEP_FEATURES
from service.inference.readings.general.form import LAYERS, Sizes, constants, nodes, weights
from training.general.network import RECURRENT
from training.general.recipes import Shape
from training.onnx_form import NODES, recurrent_weights, serialised, tensor


def to_onnx(network: Any, shape: Shape) -> bytes:
    """The serialised, checked ONNX form of a network that :func:`training.general.network.build` made."""
    sizes = Sizes(shape.cell, shape.dense, shape.units, shape.head, len(shape.quantiles))
    trained = _weights(network, shape)
    tensors: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(trained[name], np.float32) for name in weights(sizes)
    }
    whole = {name: np.array(value, np.int64) for name, value in constants(sizes).items()}
    inputs = [
        tensor("sequence", ["N", "T", STEP_FEATURES]),
        tensor("length", ["N"], TensorProto.INT32),
        *(tensor(name, [1, "N", units]) for name, units in sizes.states.items()),
        tensor("origins", ["O"], TensorProto.INT64),
        tensor("which", ["Q"], TensorProto.INT64),
        tensor("asked", ["Q", ASKED_FEATURES]),
    ]
    outputs = [
        tensor("answer", ["Q", sizes.levels + PLACES]),
        *(tensor(f"hidden_{layer}", ["T", 1, "N", sizes.units]) for layer in range(LAYERS)),
        *(tensor(name.replace("0_", "_"), [1, "N", units]) for name, units in sizes.states.items()),
        *(tensor(name, list(value.shape)) for name, value in tensors.items()),
    ]
    return serialised(network.name, nodes(sizes), inputs, outputs, {**tensors, **whole})


def _weights(network: Any, shape: Shape) -> dict[str, NDArray[np.float32]]:
    found = {}
    for name in ("read", "context", "question", "think", "answer"):
        layer = network.get_layer(name)
        found[f"{name}.kernel"] = np.asarray(layer.kernel)
        if layer.use_bias:
            found[f"{name}.bias"] = np.asarray(layer.bias)
    for index, name in enumerate(RECURRENT):
        found |= recurrent_weights(f"layer_{index}", NODES[shape.cell], network.get_layer(name).cell)
    return found
