"""A general network that stands still: what its readers and its head say of questions, on ONNX Runtime alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from service.inference.network import session
from service.inference.readings.general.form import sizes_of
from training.tasks.series.questions import Questions

# In the graph: the recurrent layers' states at the origins, and what the last layer reads.
_STATES, _THOUGHT, _ANSWER = "at_origins", "thought", "answer"


class Said(NamedTuple):
    """Of some questions, float32: ``states`` [series, origins, units], and of each question, one a row, the
    ``thought`` [questions, head] that the last layer reads and its ``answer`` [questions, levels + places].
    """

    states: NDArray[np.float32]
    thought: NDArray[np.float32]
    answer: NDArray[np.float32]


class Frozen:
    """The serialised network ``model``."""

    def __init__(self, model: bytes) -> None:
        graph = onnx.load_model_from_string(model)
        for name in (_STATES, _THOUGHT):
            graph.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        self._session = session(graph.SerializeToString())
        self._states = sizes_of(model).states

    def said(self, asked: Questions) -> Said:
        """What it says of the questions ``asked``."""
        count, several, horizons = asked.truth.shape[:3]
        rows, steps = np.repeat(np.arange(count), several), asked.origins.ravel().astype(np.int64)
        feeds = {
            "sequence": asked.sequence,
            "length": np.full(count, asked.sequence.shape[1], np.int32),
            "origins": steps * count + rows,
            "which": np.repeat(np.arange(count * several), horizons),
            "asked": asked.asked.reshape(-1, asked.asked.shape[-1]),
            **{name: np.zeros((1, count, units), np.float32) for name, units in self._states.items()},
        }
        states, thought, answer = self._session.run([_STATES, _THOUGHT, _ANSWER], feeds)
        return Said(states.reshape(count, several, -1), thought, answer)
