"""The encoder-decoder with dot attention, and without it for comparison. Standard Keras layers only."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from service.cards import Cell
from training.architectures import CELLS
from training.text.recipes import WritingRecipe

# The recurrent layers, in the order of the served form.
RECURRENT = ("encoder", "decoder")


def build(recipe: WritingRecipe) -> Any:
    """A functional Keras model with fresh weights.

    Inputs: ``sequence`` [texts, steps, numbers], all zero past a text's end, and ``written`` [texts, symbols,
    symbols of the answer], what was written before each symbol; output alike, of which the softmax is what comes next.
    Where the task has no attention the decoder knows what was read by the encoder's last state only.
    """
    symbols = recipe.source.symbols
    sequence = keras.Input((None, recipe.source.reading.width), name="sequence")
    written = keras.Input((None, symbols), name="written")
    layer = CELLS[recipe.cell].layer
    encoder = layer(recipe.units, return_sequences=True, return_state=True, name="encoder")
    memory, *state = encoder(keras.layers.Masking(name="inside")(sequence))
    states = layer(recipe.units, return_sequences=True, name="decoder")(written, initial_state=state)
    if recipe.source.attention:
        context = keras.layers.Attention(name="attention")([states, memory])
        states = keras.layers.Concatenate(name="both")([states, context])
    attended = keras.layers.Dense(recipe.units, activation="tanh", name="attend")(states)
    answer = keras.layers.Dense(symbols, name="answer")(attended)
    model = keras.Model([sequence, written], answer, name=recipe.name)
    if recipe.chrono:
        remember(encoder, recipe.cell, recipe.chrono)
    return model


def remember(layer: Any, cell: Cell, steps: int) -> None:
    """Let the gates of an untrained ``layer`` keep what it reads for up to so many ``steps``; a simple RNN has none.

    Chrono initialisation (Tallec and Ollivier 2018): a gate that keeps a share 1 - 1/T forgets after T steps, and T is
    spread evenly from 2 to ``steps``. Keras' GRU keeps by its update gate, the first of its gates.
    """
    if cell == "simplernn":
        return
    bias, units = layer.cell.bias.numpy(), layer.units
    keep = np.log(np.linspace(1.0, max(steps - 1.0, 1.0), units))
    if cell == "lstm":
        bias[:units], bias[units : 2 * units] = -keep, keep
    else:
        bias[0, :units] = keep
    layer.cell.bias.assign(bias)
