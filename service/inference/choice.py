"""Who answers a sequence, the named model or whatever does best on it, and with what evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.inference.caveats import LAG_COPY
from service.inference.check import TIE, absolute_errors, judge, lag_copies, mean_absolute_error
from service.inference.evidence import Evidence, Examiner, evidence_of
from service.inference.model import Model
from service.inference.sequences import Batch


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers the ``rows`` [answered] of a batch: a model (None: a rule), with the evidence for each of them."""

    model: Model | None
    name: str
    rows: NDArray[np.intp]
    evidence: Evidence


def choose(batch: Batch, models: list[Model]) -> list[Choice]:
    """For each sequence the answer of whichever model or rule has the best one-step-ahead record on it.

    Lowest mean absolute error; a network within 1e-3 S of the lowest wins over a rule. Where nothing can be
    checked drift answers two points and naive one.
    """
    examiner = Examiner(batch)
    chosen, ruled = examiner.rules()
    readings = [model.read(batch) for model in models]
    predictions = [reading.predictions[:, chosen.start :] for reading in readings]
    errors = [absolute_errors(batch, chosen, each) for each in predictions]
    everyone = np.stack([*(mean_absolute_error(chosen, each) for each in errors), *ruled.mae])
    lowest = everyone.min(axis=0)
    winner = everyone.argmin(axis=0)
    if models:
        networks = everyone[: len(models)]
        winner = np.where(networks.min(axis=0) <= lowest + TIE * batch.unit, networks.argmin(axis=0), winner)
    unchecked = len(models) + np.where(batch.lengths > 1, ruled.names.index("drift"), ruled.names.index("naive"))
    winner = np.where(chosen.steps > 0, winner, unchecked)

    choices = []
    for candidate in np.unique(winner).tolist():
        rows = np.flatnonzero(winner == candidate)
        if candidate < len(models):
            model = models[candidate]
            standing = judge(batch, chosen, errors[candidate], ruled)
            lagging = lag_copies(batch, chosen, predictions[candidate], LAG_COPY)
            name, answers = model.card.name, batch.last(predictions[candidate])
            evidence = evidence_of(model.card, batch, answers, standing, lagging, readings[candidate].state)
        else:
            rule = candidate - len(models)
            model, name = None, f"rule:{ruled.names[rule]}"
            checks = judge(batch, chosen, ruled.errors[rule], ruled).checks()
            evidence = Evidence(ruled.values[rule], np.full(len(checks), np.nan), checks, [[] for _ in checks])
        choices.append(Choice(model, name, rows, evidence.take(rows.tolist())))
    return choices


def answered(batch: Batch, model: Model) -> Choice:
    """The answers of ``model`` to all sequences. Raises as :meth:`Examiner.examine` does."""
    return Choice(model, model.card.name, np.arange(len(batch.lengths)), Examiner(batch).examine(model))
