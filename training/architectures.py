"""From a recipe to an untrained Keras model and back to a list of layers: one builder, one table of cells.

Standard Keras layers only, so that a saved model needs no code of ours. A new cell is a new line in ``CELLS``
(and in :mod:`training.onnx_form`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from service.cards import Cell, Layer
from training.recipes import Recipe


@dataclass(frozen=True, slots=True)
class CellKind:
    """A recurrent Keras layer class and the gates that its kernels concatenate, in Keras' order."""

    layer: Callable[..., Any]
    gates: tuple[str, ...]


CELLS: Mapping[Cell, CellKind] = {
    "simplernn": CellKind(keras.layers.SimpleRNN, ("state",)),
    "lstm": CellKind(keras.layers.LSTM, ("input", "forget", "candidate", "output")),
    "gru": CellKind(keras.layers.GRU, ("update", "reset", "candidate")),
}

# Where a simple RNN starts as averages: slopes of a tanh that is nearly a sign and of one that is nearly straight,
# the states' size, time constants in steps, and the share of units that average noise rather than count.
_STEEP, _FLAT, _GAIN = 4.0, 0.25, 0.25
_TIME_CONSTANTS = (1.0, 200.0)
_NOISE_SHARE = 0.625


def build(recipe: Recipe) -> Any:
    """A Keras model from [sequences, timesteps, features] to [sequences, timesteps, 1], with fresh weights."""
    layers = [keras.layers.Dense(units, activation="tanh") for units in recipe.before]
    # What only a GRU has, and what Keras itself chooses goes without saying.
    choice = {"reset_after": False} if recipe.reset == "before" else {}
    layers += [CELLS[recipe.cell].layer(units, return_sequences=True, **choice) for units in recipe.units]
    layers += [keras.layers.Dense(units, activation="tanh") for units in recipe.after]
    layers += [keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None, recipe.reading.features)), *layers], name=recipe.name)
    if recipe.initial == "averages":
        start_as_averages(model)
    return model


def start_as_averages(model: Any) -> None:
    """Let a simple RNN after a Dense layer begin as leaky sums and averages of its two causally scaled inputs.

    Three of the Dense units hand on the last change's sign, its size and the ratio of scales. Two recurrent units
    remember nothing; most of the others sum up how far a change is from its sign, which on a line is noise alone,
    and the rest average the constant ratio, which counts the steps. The time constants are spread evenly in their
    logarithm. Everything is trained from there.
    """
    dense, cell = model.layers[0], model.layers[1].cell
    into = dense.kernel.numpy()
    sign, size, ratio = range(3)
    into[:, :3] = 0.0
    into[0, sign], into[0, size], into[1, ratio] = _STEEP, _FLAT, _FLAT
    noise = int(_NOISE_SHARE * cell.units)
    slowest = np.concatenate([np.geomspace(*_TIME_CONSTANTS, count) for count in (noise, cell.units - noise)])
    decay = np.exp(-1.0 / slowest)
    decay[:2] = 0.0
    kernel = np.zeros(cell.kernel.shape)
    kernel[sign, :noise] = -np.tanh(_FLAT) / np.tanh(_STEEP)  # a change of one leaves nothing of it
    kernel[size, :noise] = 1.0
    kernel[ratio, noise:] = 1.0 - decay[noise:]
    kernel[:, :2] = 0.0
    kernel[sign, 0], kernel[size, 1] = _FLAT, _FLAT
    dense.kernel.assign(into)
    cell.kernel.assign(kernel * _GAIN / _FLAT)
    cell.recurrent_kernel.assign(np.diag(decay))


def build_float64(recipe: Recipe) -> Any:
    """The same network with float64 weights and arithmetic; its inputs are rounded to float32 as in any other."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        return build(recipe)
    finally:
        keras.config.set_dtype_policy(policy)


def kind_of(layer: Any) -> Cell | Literal["dense", "gru-before"]:
    """The card's name for a Keras layer.

    Raises:
        TypeError: a layer that the card has no word for.
    """
    for name, cell in CELLS.items():
        if isinstance(layer, cell.layer):  # type: ignore[arg-type]
            return "gru-before" if name == "gru" and not layer.reset_after else name
    if isinstance(layer, keras.layers.Dense):
        return "dense"
    raise TypeError(f"{type(layer).__name__} is neither Dense nor one of {', '.join(CELLS)}")


def describe(model: Any) -> list[Layer]:
    """The layers of ``model`` as its card lists them."""
    return [
        Layer(
            kind=kind_of(layer),
            units=layer.units,
            activation=layer.activation.__name__,
            parameters=layer.count_params(),
        )
        for layer in model.layers
    ]


def fold_input_scaling(model: Any, centre: np.ndarray, scale: np.ndarray) -> None:
    """Rewrite the first layer so that raw inputs give what ``(input - centre) / scale`` gave before.

    ``centre`` and ``scale`` are float64 [features].
    """
    first = model.layers[0]
    holder = first if kind_of(first) == "dense" else first.cell
    kernel = holder.kernel.numpy().astype(np.float64) / scale[:, None]
    bias = holder.bias.numpy().astype(np.float64)
    # The GRU has one bias for the inputs and one for the state; the inputs' comes first.
    inputs_bias = bias[0] if bias.ndim == 2 else bias
    inputs_bias -= centre @ kernel
    holder.kernel.assign(kernel)
    holder.bias.assign(bias)


def parameters(model: Any) -> int:
    """Number of trained weights."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)
