"""Who answers one short series, and with what evidence: as choice.py finds it, several times sooner."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from service.inference.caveats import caveats
from service.inference.check import TIE, Check
from service.inference.model import Model
from service.inference.network import Features, State
from service.inference.short import NAMES, ShortSeries


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every request
class ShortChoice:
    """A model (None: a rule), its answer and its evidence; ``state`` is the network's after the series."""

    model: Model | None
    name: str
    value: float
    check: Check | None
    warnings: list[str]
    state: State | None


def answered_short(series: ShortSeries, model: Model) -> ShortChoice:
    """The answer of ``model``, a causally scaled one; the same as :func:`service.inference.choice.answered` gives."""
    return _choice_of(series, model, *_read(series, model, series.features()))


def choose_short(series: ShortSeries, models: list[Model]) -> ShortChoice:
    """The best answerer; the same as :func:`service.inference.choice.choose` finds."""
    if not series.steps:
        return _rule(series, NAMES.index("drift" if len(series.values) > 1 else "naive"))
    features = series.features()
    readings = [_read(series, model, features) for model in models]
    networks = [series.mean_error(answers) for answers, _ in readings]
    lowest = min([*networks, *series.rule_mae])
    if networks and min(networks) <= lowest + TIE * series.unit:
        best = networks.index(min(networks))
        return _choice_of(series, models[best], *readings[best])
    return _rule(series, series.rule_mae.index(lowest))


def _rule(series: ShortSeries, rule: int) -> ShortChoice:
    check = series.judge(series.rule_errors[rule])
    return ShortChoice(None, f"rule:{NAMES[rule]}", series.rule_values[rule], check, [], None)


def _read(series: ShortSeries, model: Model, features: Features) -> tuple[list[float], State]:
    """The answers for the counting prefixes, and the state after the series."""
    outputs, state = model.network.run(features, np.array([len(series.values)], np.int32))
    answers = series.counting(outputs[0].tolist())
    if not math.isfinite(answers[-1]):
        raise model.non_finite()
    return answers, state


def _choice_of(series: ShortSeries, model: Model, answers: list[float], state: State) -> ShortChoice:
    check = series.judge(series.errors(answers))
    warnings = caveats(model.card, len(series.values), check, lagging=series.lags(answers), outside=False)
    return ShortChoice(model, model.card.name, answers[-1], check, warnings, state)
