"""Recurrent passes with gradients of their own, about twice as fast on a CPU as what a backend derives by itself.

Each takes ``projected`` [timesteps, sequences, gates * units], the inputs' share of every gate with its bias, the
recurrent kernel [units, gates * units] in Keras' layout and order of gates, and the state's own bias where there is
one; each gives the state after every step [timesteps, sequences, units], from zeros. Forward keeps the states only.
Backward makes the gates of all steps anew in one large product, then walks back once, and what a step leaves for the
kernel's gradient is again one large product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from service.cards import Cell


def gru(projected: Any, kernel: Any, state_bias: Any) -> Any:
    """A GRU that resets after the matrix product, as Keras does by default."""

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, kernel: Any, bias: Any) -> Any:
        units = kernel.shape[0]

        def step(state: Any, inputs: Any) -> Any:
            carried = ops.matmul(state, kernel) + bias
            gates = ops.sigmoid(inputs[:, : 2 * units] + carried[:, : 2 * units])
            update, reset = gates[:, :units], gates[:, units:]
            candidate = ops.tanh(inputs[:, 2 * units :] + reset * carried[:, 2 * units :])
            state = candidate + update * (state - candidate)
            return state, state

        _, states = ops.scan(step, ops.zeros_like(projected[0, :, :units]), projected)

        def gradient(*args: Any, upstream: Any = None) -> Any:
            upstream = _arriving(states, args, upstream)
            before = _shifted(states)
            carried = _product(before, kernel) + bias
            gates = ops.sigmoid(projected[..., : 2 * units] + carried[..., : 2 * units])
            update, reset = gates[..., :units], gates[..., units:]
            carried = carried[..., 2 * units :]
            candidate = ops.tanh(projected[..., 2 * units :] + reset * carried)
            to_candidate = (1.0 - update) * (1.0 - candidate * candidate)
            to_update = (before - candidate) * update * (1.0 - update)
            to_reset = to_candidate * carried * reset * (1.0 - reset)
            to_carried = to_candidate * reset
            ways = ops.concatenate([to_update, to_reset, to_carried], axis=-1)
            turned = ops.transpose(kernel)

            def back(flow: Any, each: Any) -> Any:
                flow = flow + each[:, :units]
                through = ops.matmul(_thrice(flow) * each[:, 2 * units :], turned)
                return flow * each[:, units : 2 * units] + through, flow

            # One array a step: TensorFlow's scan takes no more when lengths differ from call to call.
            each = ops.concatenate([upstream, update, ways], axis=-1)
            _, flows = ops.scan(back, ops.zeros_like(states[0]), each, reverse=True)
            on_state = _thrice(flows) * ways
            on_inputs = ops.concatenate([on_state[..., : 2 * units], flows * to_candidate], axis=-1)
            return on_inputs, _outer(before, on_state), ops.sum(on_state, axis=(0, 1))

        return states, gradient

    return run(projected, kernel, state_bias)


def lstm(projected: Any, kernel: Any) -> Any:
    """An LSTM: input, forget, candidate and output gates."""

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, kernel: Any) -> Any:
        units = kernel.shape[0]

        def gates_of(total: Any) -> Any:
            opened = ops.sigmoid(total[..., : 2 * units])
            candidate = ops.tanh(total[..., 2 * units : 3 * units])
            return opened[..., :units], opened[..., units:], candidate, ops.sigmoid(total[..., 3 * units :])

        def step(carry: Any, inputs: Any) -> Any:
            state, cell = carry
            let_in, kept, candidate, let_out = gates_of(inputs + ops.matmul(state, kernel))
            cell = kept * cell + let_in * candidate
            carry = (let_out * ops.tanh(cell), cell)
            return carry, carry

        zeros = ops.zeros_like(projected[0, :, :units])
        _, (states, cells) = ops.scan(step, (zeros, zeros), projected)

        def gradient(*args: Any, upstream: Any = None) -> Any:
            upstream = _arriving(states, args, upstream)
            before, cells_before = _shifted(states), _shifted(cells)
            let_in, kept, candidate, let_out = gates_of(projected + _product(before, kernel))
            squashed = ops.tanh(cells)
            through = let_out * (1.0 - squashed * squashed)
            to_output = squashed * let_out * (1.0 - let_out)
            ways = ops.concatenate(
                [
                    candidate * let_in * (1.0 - let_in),
                    cells_before * kept * (1.0 - kept),
                    let_in * (1.0 - candidate * candidate),
                ],
                axis=-1,
            )
            turned = ops.transpose(kernel)

            def on_gates(flow: Any, cell_flow: Any, ways: Any, to_output: Any) -> Any:
                return ops.concatenate([_thrice(cell_flow) * ways, flow * to_output], axis=-1)

            def back(carry: Any, each: Any) -> Any:
                flow, cell_flow = carry
                arriving, through, kept, to_output = (each[:, k * units : (k + 1) * units] for k in range(4))
                flow = flow + arriving
                cell_flow = cell_flow + flow * through
                passed = ops.matmul(on_gates(flow, cell_flow, each[:, 4 * units :], to_output), turned)
                return (passed, cell_flow * kept), (flow, cell_flow)

            each = ops.concatenate([upstream, through, kept, to_output, ways], axis=-1)
            _, (flows, cell_flows) = ops.scan(back, (zeros, zeros), each, reverse=True)
            total = on_gates(flows, cell_flows, ways, to_output)
            return total, _outer(before, total)

        return states, gradient

    return run(projected, kernel)


def simplernn(projected: Any, kernel: Any) -> Any:
    """A simple recurrent layer of tanh units."""

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, kernel: Any) -> Any:
        def step(state: Any, inputs: Any) -> Any:
            state = ops.tanh(inputs + ops.matmul(state, kernel))
            return state, state

        _, states = ops.scan(step, ops.zeros_like(projected[0]), projected)

        def gradient(*args: Any, upstream: Any = None) -> Any:
            upstream = _arriving(states, args, upstream)
            units, turned = kernel.shape[0], ops.transpose(kernel)

            def back(flow: Any, each: Any) -> Any:
                total = (flow + each[:, :units]) * each[:, units:]
                return ops.matmul(total, turned), total

            each = ops.concatenate([upstream, 1.0 - states * states], axis=-1)
            _, totals = ops.scan(back, ops.zeros_like(states[0]), each, reverse=True)
            return totals, _outer(_shifted(states), totals)

        return states, gradient

    return run(projected, kernel)


def over(kind: Cell, layer: Any, inputs: Any) -> Any:
    """What the Keras layer ``layer`` makes of ``inputs`` [timesteps, sequences, features] at every step."""
    cell = layer.cell
    # Values of their own, since TensorFlow's custom gradients take no variables.
    kernel, bias = cell.recurrent_kernel * 1.0, cell.bias * 1.0
    if kind == "gru":
        return gru(_product(inputs, cell.kernel) + bias[0], kernel, bias[1])
    return PASSES[kind](_product(inputs, cell.kernel) + bias, kernel)


PASSES: Mapping[Cell, Callable[[Any, Any], Any]] = {"lstm": lstm, "simplernn": simplernn}


def _arriving(states: Any, args: Any, upstream: Any) -> Any:
    """The gradient that arrives at ``states``: the only argument on TensorFlow and JAX, a keyword on PyTorch."""
    return ops.reshape(args[0] if upstream is None else upstream, ops.shape(states))


def _thrice(values: Any) -> Any:
    return ops.concatenate([values, values, values], axis=-1)


def _shifted(states: Any) -> Any:
    """The state before each step."""
    return ops.concatenate([ops.zeros_like(states[:1]), states[:-1]], axis=0)


def _product(values: Any, kernel: Any) -> Any:
    """``values`` [timesteps, sequences, n] times ``kernel`` [n, m], as one matrix product."""
    flat = ops.matmul(ops.reshape(values, (-1, values.shape[-1])), kernel)
    return ops.reshape(flat, (*ops.shape(values)[:2], kernel.shape[-1]))


def _outer(left: Any, right: Any) -> Any:
    """The sum of outer products over all steps and sequences."""
    left = ops.reshape(left, (-1, left.shape[-1]))
    return ops.matmul(ops.transpose(left), ops.reshape(right, (-1, right.shape[-1])))
