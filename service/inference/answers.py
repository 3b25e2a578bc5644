"""What the engine gives back: plain records, each answer with its evidence.

None has slots: orjson takes the attributes out of an object's dictionary as they are, and those in slots one by one,
for four times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from service.cards import Score
from service.inference.check import Check
from service.inference.rolling import HorizonCheck
from service.inference.seasons import Season
from service.inference.written_answers import WrittenResult, WrittenRule
from service.verdicts import Verdict


@dataclass  # not frozen: that doubles the time to make one, and there is one for every sequence
class Prediction:
    """The next value of one sequence, or the answer of a memory model.

    ``model`` is a model's name, or ``rule:<name>`` with no version where a rule had the best record.
    ``intervals`` maps a level in percent to the lower and upper bound, ``quantiles`` a probability to the value that
    the truth stays below with it; None for textbook and memory models, where a warning says why, and where none are
    asked for. ``season`` is what the answer takes for the sequence's own; None for a memory model.
    """

    value: float
    model: str
    version: str | None
    intervals: dict[str, tuple[float, float]] | None
    quantiles: dict[str, float] | None
    check: Check | None
    warnings: list[str]
    season: Season | None


@dataclass(frozen=True)
class NextValues:
    """The answers of one model to several sequences, and the verdict of the check of each, without a record for each.

    A sequence that is too short to be checked has no verdict. ``quantiles`` are those of each answer, where any were
    asked for.
    """

    model: str
    version: str
    values: list[float]
    verdicts: list[Verdict | None]
    quantiles: list[list[float]]


@dataclass(frozen=True)
class Band:
    """Bounds of an interval at each step ahead."""

    lower: list[float]
    upper: list[float]


@dataclass(frozen=True)
class Forecast:
    """The values after one sequence, one for each step up to the horizon.

    ``model``, ``intervals`` (a band per level), ``quantiles`` (a list each), ``warnings`` and ``season`` as in a
    prediction; ``check`` is the record over the whole horizon.
    """

    values: list[float]
    model: str
    version: str | None
    intervals: dict[str, Band] | None
    quantiles: dict[str, list[float]] | None
    check: HorizonCheck | None
    warnings: list[str]
    season: Season | None


@dataclass(frozen=True)
class History:
    """What would have been said of the last ``values`` of one sequence, of each from those before it.

    ``first`` is the place of the first of them. ``intervals`` (a band per level) are from the sequence's own errors.
    ``check`` and ``warnings`` are those of the next value, or of a forecast that ends with them; ``season`` is the one
    that was found or told.
    """

    first: int
    values: list[float]
    model: str
    version: str | None
    intervals: dict[str, Band] | None
    check: Check | HorizonCheck | None
    warnings: list[str]
    season: Season | None


@dataclass(frozen=True)
class Shift:
    """A lasting change of level at place ``step``: the values from there on lie by ``size`` above what was said."""

    step: int
    size: float


@dataclass(frozen=True)
class Anomalies(History):
    """A history, and which of its values are odd.

    ``scores`` say how far from its answer a value is, in units of the interval on that side: above 1 it is outside;
    ``p`` how large a share of the sequence's errors is as large; None at a gap, and where there is no interval.
    ``shifts`` are at flagged places, earliest first.
    """

    scores: list[float | None]
    p: list[float | None]
    flags: list[bool]
    shifts: list[Shift]


@dataclass(frozen=True)
class Counterfactual:
    """What flipping the parity of one step's index does: to the model's answer, and to the exact one.

    ``exact_change`` is None where no even index would be left.
    """

    step: int
    index: int
    flipped: int
    model_change: float
    exact_change: float | None


@dataclass(frozen=True)
class ModelResult:
    """One model's answers in a comparison; the lists run parallel to the posted sequences.

    ``errors`` are prediction - target; ``intervals`` and ``quantiles`` are as in a prediction; ``duration_us`` is the
    time of this model's own computing; ``test`` is its score on the card's first test set, in that set's unit.
    """

    model: str
    version: str
    architecture: str
    parameters: int
    predictions: list[float]
    errors: list[float] | None
    intervals: list[dict[str, tuple[float, float]] | None]
    quantiles: list[dict[str, float] | None]
    checks: list[Check | None]
    warnings: list[list[str]]
    duration_us: int
    test: Score


@dataclass(frozen=True)
class RuleResult:
    """One rule's answers in a comparison, parallel to the posted sequences."""

    name: str
    predictions: list[float]
    errors: list[float] | None


@dataclass(frozen=True)
class Best:
    """Who did best, and by what: the known error, the one-step-ahead record, or else the card's test set."""

    model: str
    by: Literal["error", "check", "test"]


@dataclass(frozen=True)
class Chosen:
    """What answers one sequence when no model is named: a model, or ``rule:<name>`` with no version."""

    value: float
    model: str
    version: str | None


@dataclass(frozen=True)
class Comparison:
    """The models of one task beside each other and beside the rules, or beside their own rule where they write.

    ``chosen`` is who answers each sequence when no model is named; None where that was not asked for.
    """

    task: str
    results: list[ModelResult] | list[WrittenResult]
    rules: list[RuleResult] | list[WrittenRule]
    best: Best
    chosen: list[Chosen] | None = None


@dataclass(frozen=True)
class ModelBacktest:
    """How one model did so many steps ahead, over all origins.

    ``mae`` is the mean absolute error in the sequence's own unit; ``mase`` that in units of the naive rule's one-step
    error on the values before the first origin, None where those are constant; ``smape`` the mean of
    2 abs(x - f) / (abs(x) + abs(f)), 0 to 2; ``coverage`` the share of true values inside the interval of each
    level, of those that have one; None where none has.
    """

    model: str
    version: str
    horizon: int
    mae: float
    mase: float | None
    smape: float
    coverage: dict[str, float] | None


@dataclass(frozen=True)
class RuleBacktest:
    """How one rule did so many steps ahead, as in :class:`ModelBacktest`."""

    rule: str
    horizon: int
    mae: float
    mase: float | None
    smape: float
    coverage: dict[str, float] | None


@dataclass(frozen=True)
class BestBacktest:
    """Who had the lowest mean error over all horizons, a model or ``rule:<name>``, and that mean."""

    model: str
    mae: float
    mase: float | None


@dataclass(frozen=True)
class Backtest:
    """A rolling-origin judgement: from each of ``origins`` points the values after it are foretold and compared.

    ``first`` and ``last`` are how many values the first and the last origin know; ``scale`` is what MASE divides by;
    ``warnings`` say why there is no MASE or no coverage where there could be.
    """

    origins: int
    first: int
    last: int
    scale: float
    backtests: list[ModelBacktest | RuleBacktest]
    best: BestBacktest
    warnings: list[str]
