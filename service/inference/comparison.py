"""The models of one task beside each other and beside the rules, on the same sequences."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import truediv

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.inference import rules
from service.inference.answers import Best, Comparison, ModelResult, RuleResult
from service.inference.batch import Batch
from service.inference.check import FIRST, Check
from service.inference.choice import Choice, answered, choices
from service.inference.evidence import RULES, Examination
from service.inference.model import Model
from service.inference.padding import LARGEST, batches
from service.inference.records import predictions
from service.inference.sequences import Sequence
from service.verdicts import TIE

# Levels and quantiles, see :func:`predictions`.
Spread = tuple[tuple[float, ...], tuple[float, ...]]


class _Column:
    """What one model or rule gave, at the positions that the sequences were posted at."""

    def __init__(self, sequences: int) -> None:
        self.predictions = [0.0] * sequences
        self.intervals: list[dict[str, tuple[float, float]] | None] = [None] * sequences
        self.quantiles: list[dict[str, float] | None] = [None] * sequences
        self.checks: list[Check | None] = [None] * sequences
        self.warnings: list[list[str]] = [[] for _ in range(sequences)]
        # Mean absolute one-step-ahead errors; None where nothing could be checked.
        self.mae: list[float | None] = [None] * sequences
        self.seconds = 0.0

    def put(self, batch: Batch, choice: Choice, spread: Spread, seconds: float) -> None:
        """Keep what a model answered to all of ``batch``, with its ``spread``, and how long it took."""
        self.seconds += seconds
        for row, found in zip(batch.rows.tolist(), predictions(choice, batch, *spread), strict=True):
            self.predictions[row], self.checks[row], self.warnings[row] = found.value, found.check, found.warnings
            self.intervals[row], self.quantiles[row] = found.intervals, found.quantiles
            self.mae[row] = None if found.check is None else found.check.mae


@dataclass(frozen=True, slots=True)
class _Table:
    """All columns on the same sequences.

    ``unit`` is S, ``seasons`` 1 where there is none, and ``truth`` the exact answer of each, where it is known.
    """

    models: dict[str, _Column]
    rules: dict[str, _Column]
    unit: list[float]
    seasons: list[float]
    truth: list[float] | None


def compare(
    task: str,
    models: list[Model],
    sequences: list[Sequence],
    targets: list[float] | None,
    spread: Spread,
    season: tuple[int, ...] = (),
) -> Comparison:
    """Answers of ``models`` and of the rules to ``sequences``, their errors where the truth is known, and the best.

    Raises:
        InvalidInput: a model has no answer for a sequence, or the number of targets is not that of the sequences.
    """
    return _comparison(task, models, _table(models, sequences, targets, spread, season), slice(None))


def compare_each(
    task: str,
    models: list[Model],
    sequences: list[Sequence],
    targets: list[float] | None,
    spread: Spread,
    season: tuple[int, ...] = (),
) -> list[Comparison]:
    """What :func:`compare` gives for each of ``sequences`` alone, for little more than for all of them together."""
    table = _table(models, sequences, targets, spread, season)
    for column in table.models.values():
        column.seconds /= len(sequences)
    return [_comparison(task, models, table, slice(row, row + 1)) for row in range(len(sequences))]


def _table(
    models: list[Model],
    sequences: list[Sequence],
    targets: list[float] | None,
    spread: Spread,
    season: tuple[int, ...],
) -> _Table:
    count = len(sequences)
    if targets is not None and len(targets) != count:
        expected = f"one target for each of the {count} sequences"
        raise InvalidInput(f"expected {expected}", code="targets_mismatch", problems=(Problem("targets", expected),))
    if targets is not None and max(map(abs, targets)) > LARGEST:
        expected = "magnitudes of at most 1e300"
        raise InvalidInput(
            "a target is too large to compute with", code="out_of_range", problems=(Problem("targets", expected),)
        )
    answered_by: dict[str, _Column] = defaultdict(lambda: _Column(count))
    ruled_by: dict[str, _Column] = defaultdict(lambda: _Column(count))
    unit, seasons = [0.0] * count, [1.0] * count
    exact: list[float] | None = None  # where the sequences themselves tell the answers
    for batch in batches(sequences, season):
        _put(unit, batch, batch.unit)
        for model in models:
            model.require(batch)
        known = next((each for model in models if (each := model.reading.known(batch)) is not None), None)
        if known is not None:
            for model in models:
                began = time.perf_counter()
                choice = answered(batch, model)
                answered_by[model.card.name].put(batch, choice, spread, time.perf_counter() - began)
            exact = [0.0] * count if exact is None else exact
            _put(exact, batch, known.truth)
            for name, ruled in known.rules.items():
                _put(ruled_by[name].predictions, batch, ruled)
        else:
            for first in {FIRST, *(model.reading.first for model in models)}:
                alike = [model for model in models if model.reading.first == first]
                found = Examination(batch, alike, first)
                for place, model in enumerate(alike):
                    (choice,) = choices(found, RULES + place)
                    answered_by[model.card.name].put(batch, choice, spread, found.seconds[place])
                if first == FIRST:
                    _put_rules(ruled_by, found)
                    _put(seasons, batch, batch.seasons)
    return _Table(answered_by, ruled_by, unit, seasons, targets if exact is None else exact)


def _put_rules(columns: dict[str, _Column], found: Examination) -> None:
    checked = found.span.steps > 0
    for rule, name in enumerate(rules.NAMES):
        column = columns[name]
        _put(column.predictions, found.batch, found.answers[rule])
        for row, known, mae in zip(found.batch.rows.tolist(), checked.tolist(), found.mae[rule].tolist(), strict=True):
            column.mae[row] = mae if known else None


def _put(column: list[float], batch: Batch, values: NDArray[np.number]) -> None:
    for row, value in zip(batch.rows.tolist(), values.tolist(), strict=True):
        column[row] = value


def _comparison(task: str, models: list[Model], table: _Table, part: slice) -> Comparison:
    """The comparison on ``part`` of the sequences."""
    if max(table.seasons[part]) == 1:
        named = {name: column for name, column in table.rules.items() if name != "seasonal_naive"}
        table = replace(table, rules=named)
    results = [_model_result(model, table, part) for model in models]
    ruled = [
        RuleResult(name, column.predictions[part], _errors(column, table, part)) for name, column in table.rules.items()
    ]
    return Comparison(task, results, ruled, _best(models, table, part))


def _model_result(model: Model, table: _Table, part: slice) -> ModelResult:
    card, column = model.card, table.models[model.card.name]
    return ModelResult(
        model=card.name,
        version=card.version,
        architecture=card.architecture,
        parameters=card.parameters,
        predictions=column.predictions[part],
        errors=_errors(column, table, part),
        intervals=column.intervals[part],
        quantiles=column.quantiles[part],
        checks=column.checks[part],
        warnings=column.warnings[part],
        duration_us=round(column.seconds * 1e6),
        test=card.evaluations[0].model,
    )


def _errors(column: _Column, table: _Table, part: slice) -> list[float] | None:
    if table.truth is None:
        return None
    return [answer - target for answer, target in zip(column.predictions[part], table.truth[part], strict=True)]


def _best(models: list[Model], table: _Table, part: slice) -> Best:
    """The lowest mean error in units of S; a network within 1e-3 S of the lowest wins over a rule."""
    scale = [unit or 1.0 for unit in table.unit[part]]
    if table.truth is not None:

        def score(column: _Column) -> float:
            return _mean(_errors(column, table, part) or [], scale)

        return Best(_lowest(table, score), "error")
    maes = [column.mae[part] for column in (*table.models.values(), *table.rules.values())]
    checked = [row for row, each in enumerate(zip(*maes, strict=True)) if None not in each]
    if checked:
        scale = [scale[row] for row in checked]

        def record(column: _Column) -> float:
            mae = column.mae[part]
            return _mean([mae[row] or 0.0 for row in checked], scale)

        return Best(_lowest(table, record), "check")
    return Best(min(models, key=lambda model: model.card.evaluations[0].model.mse).card.name, "test")


def _mean(errors: list[float], scale: list[float]) -> float:
    total: float = sum(map(truediv, map(abs, errors), scale))
    return total / len(scale)


def _lowest(table: _Table, score: Callable[[_Column], float]) -> str:
    networks = {name: score(column) for name, column in table.models.items()}
    ruled = {name: score(column) for name, column in table.rules.items()}
    network, rule = min(networks, key=networks.__getitem__), min(ruled, key=ruled.__getitem__)
    return network if networks[network] <= ruled[rule] + TIE else f"rule:{rule}"


def numbers(targets: list[float] | list[str] | None) -> list[float] | None:
    """``targets`` of models that answer numbers; raises InvalidInput where one is a text."""
    found = [each for each in targets or () if not isinstance(each, str)]
    if targets is not None and len(found) < len(targets):
        expected = "numbers: what came next"
        raise InvalidInput(f"expected {expected}", code="targets_mismatch", problems=(Problem("targets", expected),))
    return None if targets is None else found
