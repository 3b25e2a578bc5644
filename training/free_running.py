"""Lets a causally scaled network run free inside the compiled loop, so that its own errors enter the loss.

After the observed values each answer is fed back as the next value, through the causal scaling of
:mod:`service.inference.scaling` written in TensorFlow, with gradients through everything.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from training.architectures import kind_of

State = list[list[Any]]


def observe(model: Any, inputs: Any) -> tuple[Any, State]:
    """Outputs [sequences, timesteps, 1] of ``model`` and the states of its recurrent layers after the last step."""
    states: State = []
    flow = inputs
    for layer in model.layers:
        if kind_of(layer) == "dense":
            flow = layer(flow)
        else:
            zeros = layer.get_initial_state(inputs.shape[0])
            _, flow, final = layer.inner_loop(flow, zeros, mask=None, training=True)
            states.append(list(final))
    return flow, states


def _step(model: Any, features: Any, states: State) -> tuple[Any, State]:
    flow, fresh, remaining = features, [], iter(states)
    for layer in model.layers:
        if kind_of(layer) == "dense":
            flow = layer(flow)
        else:
            flow, state = layer.cell(flow, next(remaining), training=True)
            fresh.append(list(state))
    return flow[:, 0], fresh


def error(model: Any, output: Any, states: State, future: Any, carried: Any) -> Any:
    """Weighted mean squared error of a free-running forecast, in units.

    ``output`` [sequences] is the network's output after the last observed value; ``future`` [sequences, horizon]
    and ``carried`` [sequences, 3] are those of :class:`training.tasks.base.Batch`.
    """
    horizon = future.shape[1]
    truth = tf.transpose(future)

    def advance(step: Any, output: Any, states: State, moved: Any, total: Any, count: Any, error: Any) -> Any:
        scale = total / count
        move = scale * output
        moved += move
        error += carried[:, 2] * tf.square(moved - truth[step])
        total += tf.abs(move)
        count += 1.0
        now = total / count
        output, states = _step(model, tf.stack((move / now, scale / now), axis=-1), states)
        return step + 1, output, states, moved, total, count, error

    zeros = tf.zeros_like(output)
    start = (0, output, states, zeros, carried[:, 0], carried[:, 1], zeros)
    *_, error = tf.while_loop(lambda step, *_: step < horizon, advance, start, maximum_iterations=horizon)
    return tf.reduce_mean(error) / horizon
