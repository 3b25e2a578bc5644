"""Who answers a sequence, the named model or whatever does best on it, and with what evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from service.inference.caveats import LAG_COPY, caveats
from service.inference.check import TIE, Check, absolute_errors, judge, lag_copies, mean_absolute_error
from service.inference.evidence import Examiner, warnings_of
from service.inference.model import Model
from service.inference.network import Features
from service.inference.sequences import Batch
from service.inference.short import NAMES, ShortSeries


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every sequence
class Choice:
    """Who answers one sequence: a model (None: a rule), and its evidence at that sequence's row."""

    model: Model | None
    name: str
    value: float
    check: Check | None
    warnings: list[str]


def choose(batch: Batch, models: list[Model]) -> list[Choice]:
    """For each sequence the answer of whichever model or rule has the best one-step-ahead record on it.

    Lowest mean absolute error; a network within 1e-3 S of the lowest wins over a rule. Where nothing can be
    checked drift answers two points and naive one.
    """
    examiner = Examiner(batch)
    chosen, ruled = examiner.rules()
    readings = [model.read(batch) for model in models]
    errors = [absolute_errors(batch, chosen, reading.predictions) for reading in readings]
    everyone = np.stack([*(mean_absolute_error(chosen, each) for each in errors), *ruled.mae])
    lowest = everyone.min(axis=0)
    winner = everyone.argmin(axis=0)
    if models:
        networks = everyone[: len(models)]
        winner = np.where(networks.min(axis=0) <= lowest + TIE * batch.unit, networks.argmin(axis=0), winner)
    unchecked = len(models) + np.where(batch.lengths > 1, ruled.names.index("drift"), ruled.names.index("naive"))
    winner = np.where(chosen.steps > 0, winner, unchecked)

    choices: dict[int, Choice] = {}
    for candidate in np.unique(winner).tolist():
        rows = np.flatnonzero(winner == candidate)
        if candidate < len(models):
            model = models[candidate]
            checks = judge(batch, chosen, errors[candidate], ruled).checks()
            lagging = lag_copies(batch, chosen, readings[candidate].predictions, LAG_COPY)
            warnings = warnings_of(model.card, batch, checks, lagging)
            name, values = model.card.name, batch.last(readings[candidate].predictions)
        else:
            rule = candidate - len(models)
            model, name, values = None, f"rule:{ruled.names[rule]}", ruled.values[rule]
            checks = judge(batch, chosen, ruled.errors[rule], ruled).checks()
            warnings = [[] for _ in checks]
        for row in rows.tolist():
            choices[row] = Choice(model, name, float(values[row]), checks[row], warnings[row])
    return [choices[row] for row in range(len(batch.lengths))]


def answered(batch: Batch, model: Model) -> list[Choice]:
    """The answers of ``model`` to each sequence. Raises as :meth:`Examiner.examine` does."""
    evidence = Examiner(batch).examine(model)
    rows = zip(evidence.answers.tolist(), evidence.checks, evidence.warnings, strict=True)
    return [Choice(model, model.card.name, *row) for row in rows]


def answered_short(series: ShortSeries, model: Model) -> Choice:
    """The answer of ``model``, a causally scaled one, to one short series; the same as :func:`answered` gives."""
    return _choice_of(series, model, _answers(series, model, series.features()))


def choose_short(series: ShortSeries, models: list[Model]) -> Choice:
    """The best answerer of one short series; the same as :func:`choose` finds."""
    if not series.steps:
        rule = NAMES.index("drift" if len(series.values) > 1 else "naive")
        return Choice(None, f"rule:{NAMES[rule]}", series.rule_values[rule], None, [])
    features = series.features()
    answers = [_answers(series, model, features) for model in models]
    networks = [series.mean_error(each) for each in answers]
    lowest = min([*networks, *series.rule_mae])
    if networks and min(networks) <= lowest + TIE * series.unit:
        best = networks.index(min(networks))
        return _choice_of(series, models[best], answers[best])
    rule = series.rule_mae.index(lowest)
    check = series.judge(series.rule_errors[rule])
    return Choice(None, f"rule:{NAMES[rule]}", series.rule_values[rule], check, [])


def _answers(series: ShortSeries, model: Model, features: Features) -> list[float]:
    outputs, _ = model.network.run(features, np.array([len(series.values)], np.int32))
    answers = series.counting(outputs[0].tolist())
    if not math.isfinite(answers[-1]):
        raise model.non_finite()
    return answers


def _choice_of(series: ShortSeries, model: Model, answers: list[float]) -> Choice:
    check = series.judge(series.errors(answers))
    warnings = caveats(model.card, len(series.values), check, lagging=series.lags(answers), outside=False)
    return Choice(model, model.card.name, answers[-1], check, warnings)
