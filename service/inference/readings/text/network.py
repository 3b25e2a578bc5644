"""An encoder-decoder on ONNX Runtime: texts are read in one call, and written on in further ones. Knows no alphabet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats32
from service.inference.network import session
from service.inference.readings.text.form import HIDDEN, form_of, sizes_of, weights

State = Mapping[str, Floats32]


class Read(NamedTuple):
    """What was read of some texts.

    ``memory`` float32 [texts, steps, units], zero past the end of a text; ``mask`` [texts, 1, steps]; ``state``
    [1, texts, units] by name, from which the decoder starts.
    """

    memory: Floats32
    mask: Floats32
    state: State

    def take(self, rows: NDArray[np.intp]) -> Read:
        """What was read of those ``rows``."""
        return Read(self.memory[rows], self.mask[rows], {name: part[:, rows] for name, part in self.state.items()})


class Written(NamedTuple):
    """What comes next after each symbol written.

    ``chances`` float64 [texts, symbols so far, symbols], logarithms of probabilities; ``attention`` float64 [texts,
    symbols so far, steps], None of a network without; ``state`` that of the decoder after the last one.
    """

    chances: NDArray[np.float64]
    attention: NDArray[np.float64] | None
    state: State


class TextNetwork:
    """The graph of :mod:`service.inference.readings.text.form`, one thread a call."""

    def __init__(self, model: bytes) -> None:
        """Load the serialised graph.

        Raises:
            ModelRejected: the bytes are no ONNX model, or another graph.
        """
        self.sizes = sizes_of(model)
        self.form = form_of(self.sizes)
        self._session = session(model)
        self._letters = [name[0] for name in self.sizes.states if name.endswith("_0")]
        # The operator RNN sums a single row in another order than the rows of a batch.
        self._least = 2 if self.sizes.cell == "simplernn" else 1

    def weights(self) -> dict[str, Floats32]:
        """The trained weights by name, in ONNX layout."""
        names = list(weights(self.sizes))
        return dict(zip(names, self._session.run(names, self._feeds(1)), strict=True))

    def read(self, sequence: Floats32, length: NDArray[np.int32]) -> Read:
        """Read texts ``sequence`` [texts, steps, symbols], of which ``length`` [texts] symbols count."""
        count, rows = len(sequence), max(len(sequence), self._least)
        feeds = self._feeds(rows)
        feeds |= {"sequence": _rows(sequence, rows), "length": _rows(length, rows)}
        names = [f"{letter}_0" for letter in self._letters]
        memory, *final = self._session.run(["read", *names], feeds)
        seen = np.arange(sequence.shape[1]) < length[:, None]
        mask = np.where(seen, np.float32(0.0), np.float32(HIDDEN))[:, None]
        state = {f"{letter}0_1": part[:, :count] for letter, part in zip(self._letters, final, strict=True)}
        return Read(np.where(seen[..., None], memory[:count], np.float32(0.0)), mask, state)

    def write(self, read: Read, written: Floats32) -> Written:
        """What comes after each of ``written`` [texts, symbols so far, symbols], on from the state of ``read``."""
        count, rows = len(written), max(len(written), self._least)
        feeds = self._feeds(rows)
        feeds["written"] = _rows(written, rows)
        feeds |= {name: _rows(part[0], rows)[None] for name, part in read.state.items()}
        names, attention = [f"{letter}_1" for letter in self._letters], None
        if self.sizes.attention:
            feeds |= {"memory": _rows(read.memory, rows), "mask": _rows(read.mask, rows)}
            answer, looked, *final = self._session.run(["answer", "attention", *names], feeds)
            attention = looked[:count].astype(np.float64)
        else:
            answer, *final = self._session.run(["answer", *names], feeds)
        state = {f"{letter}0_1": part[:, :count] for letter, part in zip(self._letters, final, strict=True)}
        return Written(_log_softmax(answer[:count]), attention, state)

    def _feeds(self, rows: int) -> dict[str, NDArray[np.generic]]:
        """What the part of the graph that is not asked for is given: a step of nothing."""
        units = self.sizes.units
        feeds: dict[str, NDArray[np.generic]] = {
            "sequence": np.zeros((rows, 1, self.sizes.read), np.float32),
            "length": np.ones(rows, np.int32),
            "written": np.zeros((rows, 1, self.sizes.written), np.float32),
            **{name: np.zeros((1, rows, units), np.float32) for name in self.sizes.states},
        }
        if self.sizes.attention:
            feeds |= {"memory": np.zeros((rows, 1, units), np.float32), "mask": np.zeros((rows, 1, 1), np.float32)}
        return feeds


def _rows(array: NDArray[np.generic], rows: int) -> NDArray[np.generic]:
    """``array``, its first row repeated up to so many."""
    return array if len(array) == rows else np.repeat(array[:1], rows, axis=0)


def _log_softmax(scores: Floats32) -> NDArray[np.float64]:
    exact = scores.astype(np.float64)
    exact -= exact.max(axis=-1, keepdims=True)
    chances: NDArray[np.float64] = exact - np.log(np.exp(exact).sum(axis=-1, keepdims=True))
    return chances
