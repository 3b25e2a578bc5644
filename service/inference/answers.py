"""What the engine gives back: plain records, each answer with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from service.cards import Score
from service.inference.check import Check


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every sequence
class Prediction:
    """The next value of one sequence, or the answer of a memory model.

    ``model`` is a model's name, or ``rule:<name>`` with no version where a rule had the best record.
    ``intervals`` maps a level in percent to the lower and upper bound; None for rules, textbook and memory models.
    """

    value: float
    model: str
    version: str | None
    intervals: dict[str, tuple[float, float]] | None
    check: Check | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Band:
    """Bounds of an interval at each step ahead."""

    lower: list[float]
    upper: list[float]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The values after one sequence, one for each step up to the horizon.

    ``model``, ``intervals`` (a band per level), ``check`` and ``warnings`` as in a prediction.
    """

    values: list[float]
    model: str
    version: str | None
    intervals: dict[str, Band] | None
    check: Check | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class ModelResult:
    """One model's answers in a comparison; the lists run parallel to the posted sequences.

    ``errors`` are prediction - target; ``duration_us`` is the time of this model's own computing; ``test`` is its
    score on the card's first test set, in that set's unit.
    """

    model: str
    version: str
    architecture: str
    parameters: int
    predictions: list[float]
    errors: list[float] | None
    checks: list[Check | None]
    warnings: list[list[str]]
    duration_us: int
    test: Score


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's answers in a comparison, parallel to the posted sequences."""

    name: str
    predictions: list[float]
    errors: list[float] | None


@dataclass(frozen=True, slots=True)
class Best:
    """Who did best, and by what: the known error, the one-step-ahead record, or else the card's test set."""

    model: str
    by: Literal["error", "check", "test"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The models of one task beside each other and beside the rules."""

    task: str
    results: list[ModelResult]
    rules: list[RuleResult]
    best: Best
