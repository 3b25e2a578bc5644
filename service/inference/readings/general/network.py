"""A general model's network on ONNX Runtime: reads series once and answers every question in the same call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats32
from service.inference.network import session
from service.inference.readings.general.asked import ASKED_FEATURES
from service.inference.readings.general.causal import STEP_FEATURES
from service.inference.readings.general.form import form_of, sizes_of, weights

Counts = NDArray[np.int64]


class Read(NamedTuple):
    """``quantiles`` float64 [questions, levels], not yet in order; the states after each series' last step, by name."""

    quantiles: NDArray[np.float64]
    state: Mapping[str, Floats32]


class GeneralNetwork:
    """The graph of :mod:`service.inference.readings.general.form`, one thread a call."""

    def __init__(self, model: bytes) -> None:
        """Load the serialised graph.

        Raises:
            ModelRejected: the bytes are no ONNX model, or another graph.
        """
        self.sizes = sizes_of(model)
        self.form = form_of(self.sizes)
        self._session = session(model)
        self._states = self.sizes.states
        self._final = [name.replace("0_", "_") for name in self._states]
        # The operator RNN sums a single row in another order than the rows of a batch.
        self._doubles = self.sizes.cell == "simplernn"

    def weights(self) -> dict[str, Floats32]:
        """The trained weights by name, in ONNX layout."""
        asked = np.zeros((1, ASKED_FEATURES), np.float32)
        one, none = np.zeros((1, 1, STEP_FEATURES), np.float32), np.zeros(1, np.int64)
        state = {name: np.zeros((1, 1, units), np.float32) for name, units in self._states.items()}
        feeds = {"sequence": one, "length": np.ones(1, np.int32), "origins": none, "which": none, **state}
        names = list(weights(self.sizes))
        values = self._session.run(names, {**feeds, "asked": asked})
        return dict(zip(names, values, strict=True))

    def run(
        self,
        sequence: Floats32,
        length: NDArray[np.int32],
        origins: tuple[Counts, Counts],
        which: Counts,
        asked: Floats32,
        places: Floats32,
        state: Mapping[str, Floats32] | None = None,
    ) -> Read:
        """Read ``sequence`` [series, steps, features] from ``state`` on and answer the questions about ``origins``.

        ``origins`` are the rows and the steps [origins] after which forecasts start; ``which`` [questions] of them each
        question is about; ``asked`` and ``places`` [questions, ...] what it asks.
        """
        count = len(sequence)
        if self._doubles and count == 1:
            sequence, length = np.repeat(sequence, 2, axis=0), np.repeat(length, 2)
            state = None if state is None else {name: np.repeat(part, 2, axis=1) for name, part in state.items()}
        if state is None:
            state = {name: np.zeros((1, len(sequence), units), np.float32) for name, units in self._states.items()}
        rows, steps = origins
        feeds = {
            "sequence": sequence,
            "length": length,
            "origins": steps * len(sequence) + rows,
            "which": which,
            "asked": asked,
            **state,
        }
        answer, *finals = self._session.run(["answer", *self._final], feeds)
        quantiles = mixed(answer.astype(np.float64), places)
        return Read(quantiles, {name: part[:, :count] for name, part in zip(self._states, finals, strict=True)})


def mixed(answer: NDArray[np.float64], places: Floats32) -> NDArray[np.float64]:
    """An offset for each level plus the shared ``places``: [questions, levels] of [questions, levels + PLACES]."""
    levels = answer.shape[1] - places.shape[1]
    quantiles: NDArray[np.float64] = answer[:, :levels] + (answer[:, levels:] * places).sum(axis=1, keepdims=True)
    return quantiles
