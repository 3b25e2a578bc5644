"""A general network that stands still: what its readers and its head say of questions, and its last layer exchanged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.inference.finetuning.questions import Questions
from service.inference.network import session
from service.inference.onnx_file import read_graph, with_outputs
from service.inference.readings.general.form import sizes_of

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
        self._states = sizes_of(model).states
        self._session = session(with_outputs(model, (_STATES, _THOUGHT)))

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


def last_layer(model: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The kernel [head, levels + places] and the bias of the last layer of a serialised network."""
    kernel, bias = _last_layer(model)
    found = np.frombuffer(bias, np.float32)
    return np.frombuffer(kernel, np.float32).reshape(-1, len(found)), found


def with_last_layer(model: bytes, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """The serialised network with another last layer of the same shape."""
    changed = bytearray(model)
    for place, values in zip(_last_layer(changed), (kernel, bias), strict=True):
        place[:] = values.astype(np.float32).tobytes()
    return bytes(changed)


def _last_layer(model: bytes | bytearray) -> tuple[memoryview, memoryview]:
    data = {each["name"]: each["data"] for each in read_graph(model)["initializers"]}
    return data["answer.kernel"], data["answer.bias"]
