"""How far a part of a general network was trained for own series, kept so that a run that was killed goes on there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from training.general.tuning import Begun, Step
from training.series.merging import Weights
from training.series.storing import Parts


class Checkpoint(NamedTuple):
    """What scored best yet, after how many ``updates``, the ``losses`` between looks, and where to go on."""

    weights: Weights
    score: float
    updates: int
    losses: list[float]
    begun: Begun | None

    @classmethod
    def last(cls, parts: Parts, name: str, start: Weights) -> Checkpoint:
        """That which :meth:`keep` kept under ``name``; before the first update, where there is none."""
        if (found := parts.get(name)) is None:
            return cls(start, np.inf, 0, [], None)
        arrays, record = found
        begun = Begun(record["done"], record["drawn"], arrays[len(start) :])
        return cls(arrays[: len(start)], record["score"], record["updates"], record["losses"], begun)

    def after(self, step: Step, score: float, state: Weights) -> Checkpoint:
        """The next one: after a ``step`` to a ``score``, with which the training's state is ``state``."""
        best = (step.weights, score, step.updates) if score < self.score else self[:3]  # never true of NaN
        return Checkpoint(*best, [*self.losses, step.loss], Begun(step.updates, step.drawn, state))

    def keep(self, parts: Parts, name: str) -> None:
        """Keep all of it, the best weights first."""
        assert self.begun is not None  # noqa: S101  # nobody keeps what has not begun
        record = {"score": self.score, "updates": self.updates, "losses": self.losses}
        record |= {"done": self.begun.updates, "drawn": self.begun.drawn}
        parts.put(name, [*self.weights, *self.begun.state], record)
