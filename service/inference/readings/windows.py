"""Raw windows of one length, as on the lecture's slides: the last ``window`` values of a sequence are read."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from service.arrays import Floats
from service.inference.batch import Batch
from service.inference.cancellation import checkpoint
from service.inference.network import Network, State
from service.inference.padding import BATCH_STEPS
from service.inference.readings.raw import Raw
from service.inference.readings.reading import Origins
from service.inference.readings.told import Ahead, Answers, Foretold


class Windows(Raw):
    """The network starts afresh for each window, so a check slides it over the sequence, and so does a forecast."""

    kind: Literal["windows"] = "windows"
    window: Annotated[int, Field(ge=1)]
    features: ClassVar[int] = 1

    @property
    def shortest(self) -> int:
        return self.window

    @property
    def reads(self) -> int:
        return self.window

    def looks_back(self, length: int) -> int:
        return min(length, self.window)

    def seen(self, batch: Batch) -> NDArray[Any]:
        return batch.values[..., None]

    def read(self, network: Network, batch: Batch, start: int = 0) -> Answers:
        timesteps, sequences = batch.steps.shape
        predicted = np.full((timesteps - start, sequences), np.nan)
        first = max(start, self.window - 1)
        windows = sliding_window_view(batch.values[:, first + 1 - self.window :], self.window, axis=1)
        answers = self._answers(network, windows.reshape(-1, self.window))
        predicted[first - start :] = answers.reshape(sequences, -1).T
        return Answers(predicted, None)

    def ahead(self, network: Network, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        positions = (batch.lengths - self.window)[:, None] + np.arange(self.window)
        return self._slide_on(network, np.take_along_axis(batch.values, positions, axis=1), horizon)

    def foretold(self, network: Network, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        rows = np.tile(np.arange(len(batch.values)), len(origins))
        positions = np.maximum((origins.ravel() - self.window)[:, None] + np.arange(self.window), 0)
        answers = self.read(network, batch).predictions
        return Foretold(self._slide_on(network, batch.values[rows[:, None], positions], horizon), answers)

    def length_caveat(self, name: str, trained: tuple[int, int], length: int) -> str | None:
        unread = length - self.window
        if unread <= 0:
            return None
        return f"{name} reads the last {self.window} values; the {unread} before them were not used."

    def _slide_on(self, network: Network, recent: Floats, horizon: int) -> Ahead:
        """Answers [sequences, horizon] from the ``recent`` windows [sequences, window] on."""
        values = np.empty((len(recent), horizon))
        for ahead in range(horizon):
            values[:, ahead] = self._answers(network, recent)
            recent = np.append(recent[:, 1:], values[:, ahead : ahead + 1], axis=1)
        return Ahead(values)

    def _answers(self, network: Network, windows: Floats) -> Floats:
        """Answers [windows] to ``windows`` [windows, window], in parts of bounded size."""
        most = max(BATCH_STEPS // self.window, 1)
        answers = np.empty(len(windows))
        for start in range(0, len(windows), most):
            checkpoint()
            part = windows[start : start + most, :, None].astype(np.float32)
            outputs, _ = network.run(part, np.full(len(part), self.window, np.int32))
            answers[start : start + most] = outputs[:, -1]
        return answers
