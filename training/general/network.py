"""The general series model's network: an encoder that reads every step once, and a head that answers each question.

The encoder is Dense(tanh) and two recurrent layers; the head takes both layers' states at an origin, and what is asked
of one horizon, and gives quantiles in scales from the origin's value: offsets, plus a mixture of the places that the
question brings along. Standard Keras layers only, so that a saved model needs no code of ours.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from service.inference.readings.general.asked import ASKED_FEATURES, PLACES
from service.inference.readings.general.causal import STEP_FEATURES
from training.architectures import CELLS
from training.general import recurrence
from training.general.recipes import Shape

# The recurrent layers, in the order in which a step passes through them, and the layers of the head.
RECURRENT = ("first", "second")
HEAD = ("context", "question", "think", "answer")


def build(shape: Shape, name: str) -> Any:
    """A functional Keras model with fresh weights.

    Inputs: ``sequence`` [series, steps, STEP_FEATURES], ``origins`` int32 [series, origins], ``asked`` [series,
    origins, horizons, ASKED_FEATURES], ``places`` [..., PLACES]; output [series, origins, horizons, quantiles].
    """
    sequence = keras.Input((None, STEP_FEATURES), name="sequence")
    origins = keras.Input((None,), dtype="int32", name="origins")
    asked = keras.Input((None, None, ASKED_FEATURES), name="asked")
    places = keras.Input((None, None, PLACES), name="places")
    layer = CELLS[shape.cell].layer
    steps = keras.layers.Dense(shape.dense, activation="tanh", name="read")(sequence)
    first = layer(shape.units, return_sequences=True, name="first")(steps)
    second = layer(shape.units, return_sequences=True, name="second")(first)
    states = keras.layers.Concatenate(name="states")([first, second])
    context = keras.layers.Dense(shape.head, name="context")(states)
    context = ops.take_along_axis(context, ops.expand_dims(origins, -1), axis=1)
    question = keras.layers.Dense(shape.head, use_bias=False, name="question")(asked)
    hidden = ops.silu(ops.expand_dims(context, 2) + question)
    hidden = hidden + keras.layers.Dense(shape.head, activation="silu", name="think")(hidden)
    count = len(shape.quantiles)
    start = keras.initializers.VarianceScaling(0.01)
    answer = keras.layers.Dense(count + PLACES, kernel_initializer=start, name="answer")(hidden)
    mixed = ops.sum(answer[..., count:] * places, axis=-1, keepdims=True)
    return keras.Model([sequence, origins, asked, places], answer[..., :count] + mixed, name=name)


def parameters(model: Any) -> int:
    """Number of trained weights."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


class Learner(keras.Model):  # type: ignore[misc]
    """The same network, sharing the layers of ``network``, in the form that is fast to train: time goes first."""

    def __init__(self, network: Any, shape: Shape) -> None:
        super().__init__()
        self.network = network
        self.cell, self.count = shape.cell, len(shape.quantiles)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The quantiles for (sequence, origins, asked, places), as :func:`build` describes them."""
        sequence, origins, asked, places = inputs
        layer = self.network.get_layer
        steps = layer("read")(ops.transpose(sequence, (1, 0, 2)))
        first = recurrence.over(self.cell, layer("first"), steps)
        second = recurrence.over(self.cell, layer("second"), first)
        states = ops.concatenate([first, second], axis=-1)
        series = ops.shape(sequence)[0]
        # Only states at origins go on to the head.
        rows = ops.cast(origins, "int32") * series + ops.expand_dims(ops.arange(series, dtype="int32"), 1)
        taken = ops.take(ops.reshape(states, (-1, states.shape[-1])), rows, axis=0)
        return _headed([layer(name) for name in HEAD], self.count, taken, asked, places)


class HeadLearner(keras.Model):  # type: ignore[misc]
    """The head of ``network`` alone, on states that stand still; it trains no other layer."""

    def __init__(self, network: Any, shape: Shape) -> None:
        super().__init__()
        self.parts = [network.get_layer(name) for name in HEAD]
        self.count = len(shape.quantiles)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The quantiles for (states [series, origins, units] at the origins, asked, places), as :func:`build` does."""
        return _headed(self.parts, self.count, *inputs)


def _headed(parts: list[Any], count: int, states: Any, asked: Any, places: Any) -> Any:
    context, question, think, answer = parts
    hidden = ops.silu(ops.expand_dims(context(states), 2) + question(asked))
    found = answer(hidden + think(hidden))
    return found[..., :count] + ops.sum(found[..., count:] * places, axis=-1, keepdims=True)
