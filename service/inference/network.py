"""One loaded network behind a narrow protocol. Knows tensors only: no cards, no scaling, no sequences' meaning.

``OnnxNetwork`` runs the ONNX form that training exports: inputs ``sequence`` and ``length`` and one initial
state per recurrent layer, outputs ``prediction`` at every step and the final states.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any, Protocol

import numpy as np

# The wheel reports to its maker unless it is told not to before it is loaded; a service talks to its clients only.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort
from numpy.typing import NDArray

from service.errors import ModelRejected
from service.inference.cancellation import checkpoint
from service.inference.onnx_form import form_of

Features = NDArray[np.float32]
Lengths = NDArray[np.int32]
State = Mapping[str, NDArray[np.float32]]

# Steps of one sequence that a network reads in one call.
_PART_STEPS = 16_384


class Network(Protocol):
    """What the engine needs of a network, whatever runs it."""

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        """Outputs at every step from ``state`` (None: zeros), and the state after each row's last step.

        Args:
            sequence: float32 [sequences, timesteps, features].
            length: int32 [sequences]; outputs past a row's length mean nothing.
            state: as an earlier run of the same sequences returned it.

        Returns:
            Outputs float32 [sequences, timesteps], and the state: by name, float32 [1, sequences, units] each.
        """
        ...


def run_in_parts(
    network: Network, features: Features, length: Lengths, state: State | None = None
) -> tuple[Features, State]:
    """What :meth:`Network.run` gives, one long sequence in parts: the same answers.

    The runtime keeps the memory that its longest call took, for each model.
    """
    checkpoint()
    if len(features) > 1 or features.shape[1] <= _PART_STEPS:
        return network.run(features, length, state)
    outputs = []
    for start in range(0, features.shape[1], _PART_STEPS):
        checkpoint()
        part = features[:, start : start + _PART_STEPS]
        answered, state = network.run(part, np.array([part.shape[1]], np.int32), state)
        outputs.append(answered)
    return np.concatenate(outputs, axis=1), state or {}


# One more step of one sequence: two features in, the output out.
Step = Callable[[float, float], float]


def step_by_step(network: Network, state: State) -> Step:
    """``network`` reading one sequence of two features a step at a time, on from ``state`` [1, 1, units] each."""
    if isinstance(network, OnnxNetwork):
        return network.step_by_step(state)
    features, one = np.empty((1, 1, 2), np.float32), np.ones(1, np.int32)
    kept = [state]

    def step(first: float, second: float) -> float:
        features[0, 0] = first, second
        outputs, kept[0] = network.run(features, one, kept[0])
        return float(outputs.item())

    return step


def session(model: bytes) -> Any:
    """A session of ONNX Runtime over serialised ``model``, one thread a call.

    Raises:
        ModelRejected: it cannot be loaded.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # An arena for each network costs 5 MB at once, keeps what one large batch needed for ever, and saves no time.
    options.enable_cpu_mem_arena = False
    # Left to itself it takes bytes for its own format, which was not looked at, when they look like that.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common base of their own
        raise ModelRejected("the ONNX file cannot be loaded") from error


class OnnxNetwork:
    """A network on ONNX Runtime, one thread a call: a call is too short to be worth sharing out."""

    def __init__(self, model: bytes, features: int) -> None:
        """Load ``model``, the serialised ONNX form with ``features`` inputs per step.

        Raises:
            ModelRejected: the bytes are no ONNX model, no chain of layers, or read another number of features.
        """
        self.form = form_of(model)
        if self.form.features != features:
            raise ModelRejected(f"the ONNX file reads {self.form.features} features a step, not {features}")
        self._session = session(model)
        self._units = self.form.states
        self._outputs = ["prediction", *(name.replace("0_", "_") for name in self._units)]
        self._weights = [node.name for node in self._session.get_outputs() if node.name.startswith("layer_")]
        self._zeros: dict[str, NDArray[np.float32]] = self._zero_state(1)
        # The operator RNN sums a single row in another order than the rows of a batch, and a network with a long
        # memory makes that difference large. Twice the same row, it answers as in any batch.
        self._doubles = any(layer.kind == "simplernn" for layer in self.form.layers)

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        outputs, finals = self.whole(sequence, length, state)
        return outputs[:, :, 0], finals

    def whole(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        """As :meth:`run`, of a network that answers several numbers a step: outputs [sequences, timesteps, numbers]."""
        rows = len(sequence)
        if state is None:
            state = self._zeros if rows == 1 else self._zero_state(rows)
        twice = self._doubles and rows == 1
        if twice:
            sequence, length = np.repeat(sequence, 2, axis=0), np.repeat(length, 2)
            state = {name: np.repeat(part, 2, axis=1) for name, part in state.items()}
        prediction, *finals = self._session.run(self._outputs, {"sequence": sequence, "length": length, **state})
        if twice:
            prediction, finals = prediction[:1], [part[:, :1] for part in finals]
        return prediction, dict(zip(self._units, finals, strict=True))

    def step_by_step(self, state: State) -> Step:
        """As :func:`step_by_step`, with tensors that stay where they are: a call takes two thirds of the time."""
        return _Steps(self._session, 2 if self._doubles else 1, state)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The trained weights by name (``layer_0.W`` ...), in ONNX layout."""
        feeds = {"sequence": np.zeros((1, 1, self.form.features), np.float32), "length": np.ones(1, np.int32)}
        values = self._session.run(self._weights, {**feeds, **self._zeros})
        return dict(zip(self._weights, values, strict=True))

    def _zero_state(self, sequences: int) -> dict[str, NDArray[np.float32]]:
        return {name: np.zeros((1, sequences, units), np.float32) for name, units in self._units.items()}


class _Steps:
    """One sequence, read a step at a time. Two sets of states take turns, one that is read and one that is written."""

    def __init__(self, session: ort.InferenceSession, rows: int, state: State) -> None:
        self._session = session
        # The session reads and writes these arrays, so they live as long as it is bound to them.
        self._features, self._length = np.empty((rows, 1, 2), np.float32), np.ones(rows, np.int32)
        self._answered = np.empty((rows, 1, 1), np.float32)
        self._before = {name: np.repeat(part, rows, axis=1) for name, part in state.items()}
        self._after = {name: np.empty_like(part) for name, part in self._before.items()}
        self._turns = cycle([self._bound(self._before, self._after), self._bound(self._after, self._before)])

    def __call__(self, first: float, second: float) -> float:
        self._features[:, 0] = first, second
        self._session.run_with_iobinding(next(self._turns))
        return float(self._answered[0, 0, 0])

    def _bound(self, before: State, after: State) -> Any:
        binding = self._session.io_binding()
        inputs = {"sequence": self._features, "length": self._length, **before}
        outputs = {"prediction": self._answered, **{name.replace("0_", "_"): part for name, part in after.items()}}
        for bind, arrays in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
            for name, array in arrays.items():
                bind(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        return binding
