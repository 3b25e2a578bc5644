"""Rolling-origin judgement of models and rules on one series: what each would have forecast, against what came. Pure.

The origins lie in the later half of the series, each with its whole horizon of true values after it. At each of
them a forecast knows the values before it and nothing else, its intervals included. Tashman, Out-of-sample tests of
forecasting accuracy, 2000; MASE: Hyndman and Koehler, Another look at measures of forecast accuracy, 2006.

A model reads the series once and leaves its state at every origin, from where all forecasts run on side by side:
O(length + origins x horizon) steps, not O(origins x length).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.errors import InvalidInput, Problem
from service.inference import rules, scaling
from service.inference.answers import Backtest, BestBacktest, ModelBacktest, RuleBacktest
from service.inference.batch import Batch
from service.inference.check import FIRST
from service.inference.half_widths import of_rule, z_of
from service.inference.intervals import error_scale, given
from service.inference.measures import relative_errors
from service.inference.model import Model
from service.levels import LEVELS, NAMES
from service.verdicts import TIE

Origins = NDArray[np.int32]
Coverage = list[dict[str, float] | None]

_Z = tuple(map(z_of, LEVELS))

# More origins are a selection of them, evenly spaced.
MOST_ORIGINS = 200
# With four values the first origin knows two: one difference, which is the scale.
SHORTEST = 4
# Scores in one answer, one for each name and number of steps ahead.
MOST_SCORES = 25_000
NO_UNIT = "There is no MASE: nothing moves in the values before the first origin, so there is no unit to measure in."
NO_COVERAGE = "before no origin do the values move in such a way that intervals could be given"


def backtest(models: list[Model], batch: Batch, horizon: int) -> Backtest:
    """Judge ``models`` and the rules on the one series of numbers in ``batch``, 1 to ``horizon`` steps ahead.

    Raises:
        InvalidInput: the sequence is too short for that horizon, a model has no answer for it, or so many names and
            steps ahead are more than 25,000 scores.
        NonFiniteOutput: a network answered NaN or infinity.
    """
    length = batch.values.shape[1]
    needed = max(SHORTEST, 2 * horizon)
    if length < needed:
        raise _too_short(f"at least {needed} values for that horizon: the later half is what is foretold")
    named = rules.NAMES if batch.seasons[0] > 1 else tuple(rules.SERIES_RULES)
    if (len(models) + len(named)) * horizon > MOST_SCORES:
        expected = f"at most {MOST_SCORES} scores in all: fewer models or a shorter horizon"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("horizon", expected),))
    origins = origins_of(length, horizon)
    posted = _as_read(models, batch)
    for model in models:
        _require(model, posted[model.reading.covariates], origins)
    truth = batch.values[0, origins[:, None] + np.arange(horizon)]
    scale = float(batch.scaled.scale[0, origins[0] - 1])
    unit = float(scaling.unit_of(np.array(scale), np.abs(batch.values[0, : origins[0]]).max()))
    warnings = [NO_UNIT] if math.isnan(unit) else []
    found: list[ModelBacktest | RuleBacktest] = []
    overall: dict[str, float] = {}
    for model in models:
        card = model.card
        read = posted[model.reading.covariates]
        (forecasts, fan, _), answers, _ = model.foretold(read, origins[:, None], horizon)
        mae, smape = _measured(truth, forecasts)
        coverage: Coverage = [None] * horizon
        if fan is not None:
            lower, upper = fan.bounds(LEVELS)
            coverage = _shares((lower <= truth) & (truth <= upper), np.array([why is None for why in fan.reasons]))
        elif card.intervals is not None and model.half_widths is not None and answers is not None:
            known = _known(batch, origins, answers[: origins[-1], 0], model.reading.first)
            coverage = _coverage(np.abs(truth - forecasts), known, card.intervals.widest, model.half_widths.at)
        if coverage[0] is None and (card.intervals or card.no_intervals):
            warnings.append(f"{card.name} has no coverage: {card.no_intervals or NO_COVERAGE}.")
        overall[card.name] = float(mae.mean())
        scores = zip(range(1, horizon + 1), mae.tolist(), _scaled(mae, unit), smape.tolist(), coverage, strict=True)
        found += [ModelBacktest(card.name, card.version, *each) for each in scores]
    for rule in named:
        forecasts = rules.extend(rule, batch.values, origins, horizon, np.zeros(len(origins), np.intp), batch.seasons)
        mae, smape = _measured(truth, forecasts)
        known = _known(batch, origins, rules.answers_of(rule, batch.values, batch.seasons)[0], FIRST)
        half_widths = partial(of_rule, rule, known.steps, np.full_like(known.steps, batch.seasons[0]))
        widest = half_widths(_Z[-1:], 1)[0, :, 0]
        coverage = _coverage(np.abs(truth - forecasts), known, widest, half_widths)
        overall[f"rule:{rule}"] = float(mae.mean())
        scores = zip(range(1, horizon + 1), mae.tolist(), _scaled(mae, unit), smape.tolist(), coverage, strict=True)
        found += [RuleBacktest(rule, *each) for each in scores]
    best = _best(overall, scale, unit)
    return Backtest(len(origins), int(origins[0]), int(origins[-1]), scale, found, best, warnings)


def origins_of(length: int, horizon: int) -> Origins:
    """How many values each origin knows, lowest first: all in the later half, or 200 evenly spaced ones of them."""
    first, last = length - length // 2, length - horizon
    return np.linspace(first, last, min(last - first + 1, MOST_ORIGINS)).round().astype(np.int32)


def _as_read(models: list[Model], batch: Batch) -> dict[bool, Batch]:
    """The batch with what stands beside it, for models that take that, and without for the others."""
    if batch.covariates is None:
        return {True: batch, False: batch}
    if any(model.reading.covariates for model in models):
        return {True: batch, False: replace(batch, covariates=None)}
    problems = (Problem("covariates", "none: no model that is judged takes covariates"),)
    raise InvalidInput("no model that is judged takes covariates", code="no_covariates", problems=problems)


def _require(model: Model, batch: Batch, origins: Origins) -> None:
    """Refuse what the model has no answer for, at the first origin already."""
    shortest = model.card.lengths.accepted[0]
    if origins[0] < shortest:
        name = model.card.name
        raise _too_short(f"at least {2 * shortest - 1} values, so that {name} has its {shortest} at the first origin")
    model.require(batch)


def _too_short(expected: str) -> InvalidInput:
    return InvalidInput(f"expected {expected}", code="sequence_too_short", problems=(Problem("sequence", expected),))


class _Known(NamedTuple):
    """At each origin, of the values known there: what intervals are measured in, from how many steps, and S."""

    scale: Floats
    steps: NDArray[np.int64]
    unit: Floats


def _known(batch: Batch, origins: Origins, answers: Floats, first: int) -> _Known:
    """That of the one-step-ahead ``answers`` of a series, where a checked step has ``first`` values before it."""
    values = batch.values[0]
    errors = np.abs(values[1 : len(answers)] - answers[:-1])  # entry t is that of x_{t+1}
    moves = np.abs(np.diff(values))
    steps = np.maximum(np.minimum(origins // 2, origins - first), 0).astype(np.int64)
    spans = [slice(end - count, end) for end, count in zip((origins - 1).tolist(), steps.tolist(), strict=True)]
    mae, moved = (
        np.array([each[span].mean() if span.start < span.stop else 0.0 for span in spans]) for each in (errors, moves)
    )
    magnitude = np.maximum.accumulate(np.abs(values))[origins - 1]
    unit = batch.scaled.scale[0, origins - 1]
    return _Known(error_scale(mae, unit, moved, magnitude), steps, unit)


def _measured(truth: Floats, forecasts: Floats) -> tuple[Floats, Floats]:
    """Mean absolute error and sMAPE [horizon]."""
    return np.abs(truth - forecasts).mean(axis=0), relative_errors(truth, forecasts).mean(axis=0)


def _scaled(mae: Floats, unit: float) -> list[float | None]:
    """MASE, None where nothing had moved (``unit`` is NaN) or so little that the share overflows."""
    with np.errstate(all="ignore"):
        found = (mae / unit).tolist()
    return [each if np.isfinite(each) else None for each in found]


def _coverage(
    errors: Floats, known: _Known, widest: float | Floats, half_widths: Callable[[tuple[float, ...], int], Floats]
) -> Coverage:
    """Per step ahead, the share of the origins with intervals whose interval of each usual level held the true value.

    ``errors`` are [origins, horizon]; ``half_widths`` as in :class:`service.inference.intervals.Symmetric`.
    """
    held = errors <= half_widths(_Z, errors.shape[1]) * known.scale[:, None]
    return _shares(held, given(widest, known.scale, known.unit))


def _shares(held: NDArray[np.bool_], are_given: NDArray[np.bool_]) -> Coverage:
    """The share of ``held`` [levels, origins, horizon] among the origins that ``are_given`` an interval."""
    if not are_given.any():
        return [None] * held.shape[2]
    return [dict(zip(NAMES, each, strict=True)) for each in held[:, are_given].mean(axis=1).T.tolist()]


def _best(overall: dict[str, float], scale: float, unit: float) -> BestBacktest:
    """The lowest mean error over all horizons; a network within 1e-3 of the scale of it wins over a rule."""
    lowest = min(overall.values())
    networks = {name: mae for name, mae in overall.items() if not name.startswith("rule:")}
    name = min(networks or overall, key=(networks or overall).__getitem__)
    if overall[name] > lowest + TIE * scale:
        name = min(overall, key=overall.__getitem__)
    return BestBacktest(name, overall[name], _scaled(np.array([overall[name]]), unit)[0])
