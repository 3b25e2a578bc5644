"""Who continues a sequence, the named model or whoever did best over that horizon on it, and with what evidence."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import rules
from service.inference.batch import Batch
from service.inference.check import SURE
from service.inference.choice import Checks, Choice, Some, best_of, choices, incumbents, warned
from service.inference.evidence import RULES, Examination
from service.inference.model import Model
from service.inference.network import State
from service.inference.rolling import Rolling


def continuing(batch: Batch, model: Model, horizon: int) -> list[Choice]:
    """``model`` for all sequences, with its record over the horizon.

    Raises:
        InvalidInput: the model has no answer for this batch.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    model.require(batch)
    first = model.reading.first
    rolling = Rolling(batch, horizon, batch.seasons, first)
    past = _past(model, batch, rolling, np.arange(len(batch.lengths)), horizon)
    checks = rolling.checks(past.forecasts)
    if model.reading.general:
        return [_directly(model, rolling, slice(None), checks, past.state)]
    return choices(Examination(batch, [model], first), RULES, checks)


def choose_continuing(batch: Batch, models: list[Model], default: Model | None, horizon: int) -> list[Choice]:
    """For each sequence whoever has shown over the horizon on it that it is to be trusted most.

    That is ``default`` (None: the network with the best record one step ahead), unless the best of the others, which
    knows one step ahead what no rule does, is better over the horizon by a standard error of the difference, or a rule
    is by three. Where nothing can be checked drift answers two points and naive one.
    """
    others = [model for model in models if model is not default]
    found, rolling = Examination(batch, others), Rolling(batch, horizon, batch.seasons)
    every, last = np.arange(len(batch.lengths)), RULES + len(others)
    forecasts = np.zeros((last + 1, *rolling.forecasts.shape[1:]))
    forecasts[:RULES] = rolling.forecasts
    state: State | None = None
    who = np.full(len(every), last)
    if default is not None:
        forecasts[last], state = _past(default, batch, rolling, every, horizon)
    else:
        who = incumbents(found, None)
    rival = incumbents(found, None)
    able = found.knows(rival) & (rival >= RULES) | (rival == who)
    for place, model in enumerate(others, RULES):
        rows = np.flatnonzero(able & (rival == place))
        if len(rows):
            forecasts[place][..., rows] = _past(model, batch, rolling, rows, horizon).forecasts
    errors = rolling.errors(forecasts)
    if default is not None:
        better = rolling.takes_over(errors[rival, :, every].T, errors[who, :, every].T, 1.0)
        who = np.where(able & better, rival, who)
    ruler = best_of(rolling.mean(errors[:RULES]), np.ones((RULES, len(every)), np.bool_))
    better = rolling.takes_over(errors[ruler, :, every].T, errors[who, :, every].T, SURE)
    who = np.where(better, ruler, who)
    unchecked = np.where(batch.lengths > 1, rules.NAMES.index("drift"), rules.NAMES.index("naive"))
    who = np.where(rolling.origins.counted > 0, who, unchecked)
    checks = rolling.checks(np.moveaxis(forecasts[who, :, :, every], 0, -1))
    direct = who == last
    answered = choices(found, np.where(direct, 0, who), checks, ~direct)
    if default is not None and direct.any():
        rows = np.flatnonzero(direct)
        answered.append(_directly(default, rolling, rows, [checks[row] for row in rows.tolist()], state))
    return answered


class _Past(NamedTuple):
    """``forecasts`` [horizon, origins, rows] from past origins, and the ``state`` of those who said the future too."""

    forecasts: Floats
    state: State | None


def _past(model: Model, batch: Batch, rolling: Rolling, rows: NDArray[np.intp], horizon: int) -> _Past:
    """What ``model`` said of the ``rows`` from the past origins; a general one the future in the same pass."""
    known = rolling.origins.known[:, rows]
    steps = horizon if model.reading.general else rolling.horizon
    of = batch if len(rows) == len(batch.lengths) else batch.take(rows)
    found = model.foretold(of, known, steps)
    said = found.ahead.values.reshape(*known.shape, steps)[..., : rolling.horizon]
    return _Past(np.moveaxis(said, -1, 0), found.state)


def _directly(model: Model, rolling: Rolling, rows: Some, checks: Checks, state: State | None) -> Choice:
    """The choice of a general model, whose answers and their spread are in its ``state`` already."""
    batch = rolling.batch
    none = np.full(len(checks), np.nan)
    warnings = warned(model, batch, rows, checks, np.zeros(len(checks), np.bool_))
    of, seasons = (model, model.card.name, rows), batch.seasons[rows]
    return Choice(*of, none, none, rolling.origins.counted[rows], seasons, checks, warnings, state)
