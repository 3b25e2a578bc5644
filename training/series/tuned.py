"""What a published general network became for own series, as it is kept in a file."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from training.series import storing
from training.series.merging import Weights


@dataclass(frozen=True, slots=True)
class Tuned:
    """The network that did best for own series.

    ``score`` is its MASE on the validation origins before it was trained on those too, ``scores`` that of every way;
    ``ways`` are those that it is the average of, and ``updates`` what they took. ``losses`` are those of the whole
    network between looks at the origins. ``effects`` are those of covariates, as a card has them, in the ``manner`` and
    by the ridge of :class:`training.series.regression.Found`; ``manners`` are the MASE of all that were tried.
    ``averaged`` is what :meth:`training.series.averaging.Found.kept` keeps, and ``errors`` what each of the validation
    origins adds to the ``score``.
    """

    weights: Weights
    score: float
    scores: dict[str, float]
    ways: list[str]
    updates: dict[str, int]
    losses: list[float]
    seconds: float
    effects: dict[str, Any] | None = None
    manner: tuple[str, bool, float, float | None] | None = None
    manners: dict[str, float] = field(default_factory=dict)
    averaged: dict[str, Any] | None = None
    errors: list[float] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write everything, whole or not at all."""
        storing.save(path, self.weights, {each.name: getattr(self, each.name) for each in fields(self)[1:]})

    @classmethod
    def load(cls, path: Path) -> Tuned:
        """Read what :meth:`save` wrote."""
        weights, record = storing.load(path)
        return cls(weights, **record)
