"""A whole network unrolled over one sequence in NumPy, and back through time. Knows features, not their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.cards import Layer
from service.inference.cancellation import checkpoint
from service.inference.cells import CELLS, Cell, State, Step


@dataclass(frozen=True, slots=True)
class _Dense:
    kernel: Floats
    bias: Floats
    tanh: bool


@dataclass(frozen=True, slots=True)
class Unrolled:
    """One pass over a sequence: ``outputs`` [timesteps], and for each layer its values [timesteps, units] and steps.

    ``steps`` has an entry per layer, empty for a dense one.
    """

    outputs: Floats
    values: list[Floats]
    steps: list[list[Step]]


class Unroller:
    """The layers of one network, ready to be unrolled."""

    def __init__(self, layers: list[Layer], weights: Mapping[str, NDArray[np.float32]]) -> None:
        """``weights`` by the names of the ONNX form: ``layer_<i>.W``, ``.R``, ``.B`` or ``.kernel``, ``.bias``."""
        self.layers: list[Cell | _Dense] = []
        for index, layer in enumerate(layers):
            if layer.kind == "dense":
                kernel, bias = (weights[f"layer_{index}.{part}"].astype(np.float64) for part in ("kernel", "bias"))
                self.layers.append(_Dense(kernel, bias, layer.activation == "tanh"))
            else:
                w, r, b = (weights[f"layer_{index}.{part}"].astype(np.float64) for part in "WRB")
                self.layers.append(CELLS[layer.kind](w, r, b))

    def forward(self, features: Floats) -> Unrolled:
        """Outputs at every step for ``features`` [timesteps, features] from zero states."""
        x = features.astype(np.float64)
        values, steps = [], []
        for layer in self.layers:
            taken: list[Step] = []
            if isinstance(layer, _Dense):
                x = x @ layer.kernel + layer.bias
                x = np.tanh(x) if layer.tanh else x
            else:
                state = layer.start()
                for step_input in x:
                    checkpoint()
                    taken.append(layer.step(step_input, state))
                    state = taken[-1].after
                x = np.stack([step.after[0] for step in taken])
            values.append(x)
            steps.append(taken)
        return Unrolled(x[:, 0], values, steps)

    def last_recurrent(self, unrolled: Unrolled) -> tuple[Cell, list[Step]]:
        """The recurrent layer nearest to the answer, and its steps."""
        recurrent = [
            (layer, steps)
            for layer, steps in zip(self.layers, unrolled.steps, strict=True)
            if not isinstance(layer, _Dense)
        ]
        return recurrent[-1]

    def gradient(self, unrolled: Unrolled) -> Floats:
        """Gradient of the last output by the features, [timesteps, features], by back-propagation through time."""
        flow = np.zeros((len(unrolled.outputs), 1))
        flow[-1] = 1.0
        for layer, values, steps in zip(
            reversed(self.layers), reversed(unrolled.values), reversed(unrolled.steps), strict=True
        ):
            if isinstance(layer, _Dense):
                flow = (flow * (1.0 - values**2) if layer.tanh else flow) @ layer.kernel.T
            else:
                flow = _back_through_time(layer, steps, flow)
        return flow


def _back_through_time(cell: Cell, steps: list[Step], flow: Floats) -> Floats:
    """Cotangents of a recurrent layer's inputs from those of its hidden states, both [timesteps, ...]."""
    carried: State = cell.start()
    inputs = []
    for step, arriving in zip(reversed(steps), flow[::-1], strict=True):
        given, carried = cell.back(step, (carried[0] + arriving, *carried[1:]))
        inputs.append(given)
    return np.stack(inputs[::-1])
