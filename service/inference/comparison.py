"""The models of one task beside each other and beside the rules, on the same sequences."""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Problem
from service.inference import rules
from service.inference.answers import Best, Comparison, ModelResult, RuleResult
from service.inference.check import TIE, Check, memory_truth
from service.inference.evidence import Examiner
from service.inference.model import Model
from service.inference.sequences import LARGEST, Sequence, batches

Floats = NDArray[np.float64]


class _Column:
    """What one model or rule gave, gathered batch by batch at the positions the sequences were posted at."""

    def __init__(self, sequences: int) -> None:
        self.predictions = np.zeros(sequences)
        self.checks: list[Check | None] = [None] * sequences
        self.warnings: list[list[str]] = [[] for _ in range(sequences)]
        # Mean absolute one-step-ahead errors; NaN where nothing could be checked.
        self.mae = np.full(sequences, np.nan)
        self.seconds = 0.0


def compare(task: str, models: list[Model], sequences: list[Sequence], targets: list[float] | None) -> Comparison:
    """Answers of ``models`` and of the rules to ``sequences``, their errors where the truth is known, and the best.

    Raises:
        InvalidInput: a model has no answer for a sequence, or the number of targets is not that of the sequences.
    """
    count = len(sequences)
    if targets is not None and len(targets) != count:
        expected = f"one target for each of the {count} sequences"
        raise InvalidInput(f"expected {expected}", code="targets_mismatch", problems=(Problem("targets", expected),))
    if targets is not None and max(map(abs, targets)) > LARGEST:
        expected = "magnitudes of at most 1e300"
        raise InvalidInput(
            "a target is too large to compute with", code="out_of_range", problems=(Problem("targets", expected),)
        )
    columns: dict[str, _Column] = defaultdict(lambda: _Column(count))
    unit = np.zeros(count)
    truth = None if targets is None else np.array(targets)
    for batch in batches(sequences):
        examiner, rows = Examiner(batch), batch.rows
        unit[rows] = batch.unit
        for model in models:
            start = time.perf_counter()
            evidence = examiner.examine(model)
            column = columns[model.card.name]
            column.seconds += time.perf_counter() - start
            column.predictions[rows] = evidence.answers
            for row, check, warnings in zip(rows.tolist(), evidence.checks, evidence.warnings, strict=True):
                column.checks[row], column.warnings[row] = check, warnings
                column.mae[row] = np.nan if check is None else check.mae
        if batch.indices is not None:
            truth = np.zeros(count) if truth is None else truth
            truth[rows] = memory_truth(batch)
            columns["rule:index_blind_mean"].predictions[rows] = rules.index_blind_mean(batch.values, batch.lengths)
        else:
            chosen, ruled = examiner.rules()
            for index, name in enumerate(ruled.names):
                columns[f"rule:{name}"].predictions[rows] = ruled.values[index]
                columns[f"rule:{name}"].mae[rows] = np.where(chosen.steps > 0, ruled.mae[index], np.nan)
    results = [_model_result(model, columns[model.card.name], truth) for model in models]
    ruled_results = [
        RuleResult(name.removeprefix("rule:"), column.predictions.tolist(), _errors(column, truth))
        for name, column in columns.items()
        if name.startswith("rule:")
    ]
    return Comparison(task, results, ruled_results, _best(models, columns, truth, unit))


def _errors(column: _Column, truth: Floats | None) -> list[float] | None:
    return None if truth is None else (column.predictions - truth).tolist()


def _model_result(model: Model, column: _Column, truth: Floats | None) -> ModelResult:
    card = model.card
    return ModelResult(
        model=card.name,
        version=card.version,
        architecture=card.architecture,
        parameters=card.parameters,
        predictions=column.predictions.tolist(),
        errors=_errors(column, truth),
        checks=column.checks,
        warnings=column.warnings,
        duration_us=round(column.seconds * 1e6),
        test=card.evaluations[0].model,
    )


def _best(models: list[Model], columns: dict[str, _Column], truth: Floats | None, unit: Floats) -> Best:
    """The lowest mean error in units of S; a network within 1e-3 S of the lowest wins over a rule."""
    scale = np.where(unit > 0.0, unit, 1.0)
    if truth is not None:
        scores = {name: float((np.abs(c.predictions - truth) / scale).mean()) for name, c in columns.items()}
        return Best(_lowest(scores), "error")
    checked = ~np.isnan(np.stack([column.mae for column in columns.values()])).any(axis=0)
    if checked.any():
        scores = {name: float((c.mae / scale)[checked].mean()) for name, c in columns.items()}
        return Best(_lowest(scores), "check")
    return Best(min(models, key=lambda model: model.card.evaluations[0].model.mse).card.name, "test")


def _lowest(scores: dict[str, float]) -> str:
    lowest = min(scores.values())
    networks = {name: score for name, score in scores.items() if not name.startswith("rule:")}
    best = min(networks, key=networks.__getitem__)
    return best if networks[best] <= lowest + TIE else min(scores, key=scores.__getitem__)
