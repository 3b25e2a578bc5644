"""The NumPy cells and their gradient against Keras' own layers and TensorFlow's GradientTape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.cards import Layer
from service.inference.unrolled import Unroller

pytestmark = pytest.mark.tensorflow

CELLS = ("simplernn", "lstm", "gru", "gru-before")
STACKS = [
    *([cell] for cell in CELLS),
    *([cell, cell] for cell in CELLS),
    ["simplernn", "lstm", "gru"],
    *(["dense", cell, "dense"] for cell in CELLS),
    ["dense", "gru", "lstm", "dense"],
]


def onnx_weights(kind: str, weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Keras' kernel, recurrent kernel and bias as ONNX lays them out."""
    kernel, recurrent, bias = weights
    blocks = {"simplernn": [0], "lstm": [0, 3, 1, 2], "gru": [0, 1, 2], "gru-before": [0, 1, 2]}[
        kind
    ]  # LSTM: i,f,c,o to i,o,f,c

    def gates(matrix: np.ndarray) -> np.ndarray:
        parts = np.split(matrix, len(blocks), axis=-1)
        return np.concatenate([parts[block] for block in blocks], axis=-1)

    both = bias if bias.ndim == 2 else np.stack((bias, np.zeros_like(bias)))
    return {
        "W": gates(kernel).T[None],
        "R": gates(recurrent).T[None],
        "B": np.concatenate([gates(part) for part in both])[None],
    }


def build(stack: list[str], features: int) -> tuple[Any, list[Layer], dict[str, np.ndarray]]:
    """A Keras model with random weights, the same as layers of a card, and its weights in ONNX layout."""
    import keras

    random = np.random.default_rng(11)
    layers: list[Layer] = []
    model = keras.Sequential([keras.Input((None, features))])
    kinds = {"simplernn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    for kind in stack:
        if kind == "dense":
            model.add(keras.layers.Dense(5, activation="tanh"))
        else:
            choice = {"reset_after": False} if kind == "gru-before" else {}
            model.add(kinds[kind.removesuffix("-before")](6, return_sequences=True, **choice))
        layers.append(Layer(kind=kind, units=5 if kind == "dense" else 6, activation="tanh", parameters=0))
    model.add(keras.layers.Dense(1))
    layers.append(Layer(kind="dense", units=1, activation="linear", parameters=0))
    model.set_weights([random.normal(scale=0.6, size=weight.shape) for weight in model.get_weights()])
    weights: dict[str, np.ndarray] = {}
    for index, (layer, card) in enumerate(zip(model.layers, layers, strict=True)):
        own = layer.get_weights()
        parts = {"kernel": own[0], "bias": own[1]} if card.kind == "dense" else onnx_weights(card.kind, own)
        weights |= {f"layer_{index}.{part}": value for part, value in parts.items()}
    return model, layers, weights


@pytest.mark.parametrize("stack", STACKS, ids="-".join)
@pytest.mark.parametrize("features", [1, 2])
def test_outputs_and_gradient_are_those_of_keras_and_its_tape(stack: list[str], features: int) -> None:
    import tensorflow as tf

    model, layers, weights = build(stack, features)
    sequence = np.random.default_rng(12).normal(size=(15, features)).astype(np.float32)
    watched = tf.constant(sequence[None])
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = model(watched)[0, :, 0]
        last = outputs[-1]
    expected = tape.gradient(last, watched).numpy()[0]
    unroller = Unroller(layers, weights)
    unrolled = unroller.forward(sequence)
    np.testing.assert_allclose(unrolled.outputs, outputs.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(unroller.gradient(unrolled), expected, rtol=1e-4, atol=1e-5)
