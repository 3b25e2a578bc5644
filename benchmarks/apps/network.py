"""The network that every other contestant serves: the same ONNX file on the same features, one thread, no check.

Knows no framework, so that each is measured with the same work inside. Needs numpy and onnxruntime.
"""

from __future__ import annotations

import os

import numpy as np
import onnxruntime as ort

from service.inference.scaling import answers, causal


class Network:
    """The session of the model folder that the variable MODEL names."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        file = os.environ["MODEL"] + "/model.onnx"
        self._session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        states = [node for node in self._session.get_inputs() if node.name not in ("sequence", "length")]
        self._units = {node.name: node.shape[-1] for node in states}
        self._zeros = self._zero_state(1)

    def next_values(self, values: np.ndarray) -> np.ndarray:
        """The next value of each sequence; ``values`` are float64 [sequences, timesteps]."""
        features, scale = causal(values)
        rows, steps = values.shape
        state = self._zeros if rows == 1 else self._zero_state(rows)
        feeds = {"sequence": features, "length": np.full(rows, steps, np.int32), **state}
        output = self._session.run(["prediction"], feeds)[0][:, :, 0]
        return answers(values, scale, output)[:, -1]

    def next_value(self, sequence: list[float]) -> float:
        """The value after ``sequence``."""
        return float(self.next_values(np.array([sequence]))[0])

    def _zero_state(self, rows: int) -> dict[str, np.ndarray]:
        return {name: np.zeros((1, rows, units), np.float32) for name, units in self._units.items()}
