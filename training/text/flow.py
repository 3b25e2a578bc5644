"""How much of the loss's gradient comes back through time to each step of what an encoder reads."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

# When training is looked at: before it, and after these shares of it.
MOMENTS = (0.0, 0.1, 0.25, 0.5, 1.0)


def flow(network: Any, sequence: Any, written: Any, told: Any, counts: Any) -> list[float]:
    """The norm of d loss / d state at each step of ``sequence``, the last one first, as a mean over its texts.

    The state is what the encoder hands on: an LSTM's cell state, of other cells the hidden one. All texts are of one
    length, and the network writes what it is ``told`` from the last state only, without a look back: whatever it learns
    about an early step has come this way. Arrays are those of :class:`training.text.fitting.Arrays`.
    """
    encoder, decoder, attend, answer = (network.get_layer(name) for name in ("encoder", "decoder", "attend", "answer"))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, reduction="sum")
    passed: list[Any] = []
    with tf.GradientTape() as tape:
        state = encoder.cell.get_initial_state(len(sequence))
        for step in range(sequence.shape[1]):
            _, state = encoder.cell(sequence[:, step], state)
            passed.append(state[-1])
        scores = answer(attend(decoder(written, initial_state=state)))
        error = loss(told, scores, sample_weight=counts)
    norms = [np.linalg.norm(each, axis=-1).mean() for each in tape.gradient(error, passed)]
    return [float(norm) for norm in reversed(norms)]
