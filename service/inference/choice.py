"""Who answers a sequence, the named model or whatever does best on it, and with what evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.inference import rules
from service.inference.caveats import caveats
from service.inference.check import Check, Standing, judge
from service.inference.evidence import RULES, Examination, Who
from service.inference.intervals import error_scale
from service.inference.model import Model
from service.inference.network import State
from service.inference.sequences import Batch
from service.verdicts import TIE, Verdict

Floats = NDArray[np.float64]
# Some rows of a batch: by their places, or all of them, which copies nothing.
Some = NDArray[np.intp] | slice
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers the ``rows`` [answered] of a batch: a model (None: a rule), with a check and the warnings for each.

    ``scale`` [answered] is what intervals are measured in, NaN where there are none, and ``steps`` [answered] how many
    checked steps it comes from; ``seasons`` [answered] are 1 where there is none. ``state`` is the network's after each
    sequence of the batch, for a forecast to go on from; None for a windowed model or a rule.
    """

    model: Model | None
    name: str
    rows: Some
    answers: Floats
    scale: Floats
    steps: NDArray[np.int64]
    seasons: NDArray[np.int64]
    checks: list[Check | None]
    warnings: list[list[str]]
    state: State | None


def choose(batch: Batch, models: list[Model]) -> list[Choice]:
    """For each sequence the answer of whichever model or rule has the best one-step-ahead record on it.

    Lowest mean absolute error; a network within 1e-3 S of the lowest wins over a rule. Where nothing can be
    checked drift answers two points and naive one.
    """
    found = Examination(batch, models)
    lowest, winner = found.mae.min(axis=0), found.mae[:RULES].argmin(axis=0)
    if models:
        networks = found.mae[RULES:]
        winner = np.where(networks.min(axis=0) <= lowest + TIE * batch.unit, RULES + networks.argmin(axis=0), winner)
    unchecked = np.where(batch.lengths > 1, rules.NAMES.index("drift"), rules.NAMES.index("naive"))
    winner = np.where(found.span.steps > 0, winner, unchecked)
    first = int(winner[0])
    return choices(found, first if (winner == first).all() else winner)


def answered(batch: Batch, model: Model) -> Choice:
    """The answers of ``model`` to all sequences.

    Raises:
        InvalidInput: the model has no answer for this batch.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    model.require(batch)
    known = model.reading.known(batch)
    if known is None:
        (choice,) = choices(Examination(batch, [model], model.reading.first), RULES)
        return choice
    answers, state = model.answer(batch)
    standing = judge(batch, answers, known)
    checks, lagging = standing.checks(), np.zeros(len(answers), np.bool_)
    warnings = _warnings(model, batch, _ALL, standing, checks, lagging)
    scale, none = np.full(len(answers), np.nan), np.ones(len(answers), np.int64)
    return Choice(model, model.card.name, _ALL, answers, scale, standing.steps, none, checks, warnings, state)


def judged(batch: Batch, model: Model) -> tuple[Floats, list[Verdict | None]]:
    """The answers of ``model`` and the verdict on each; raises as :func:`answered` does."""
    model.require(batch)
    known = model.reading.known(batch)
    if known is None:
        found = Examination(batch, [model], model.reading.first)
        return found.answers[RULES], found.standing(RULES).given()
    answers, _ = model.answer(batch)
    return answers, judge(batch, answers, known).given()


def choices(found: Examination, who: Who) -> list[Choice]:
    """The answers of ``who``, one choice for each that answers any sequence."""
    standing, lagging = found.standing(who), found.copies(who)
    if isinstance(who, int):
        return [_choice(found, who, _ALL, standing, lagging)]
    some = [(one, np.flatnonzero(who == one)) for one in np.unique(who).tolist()]
    return [_choice(found, one, rows, standing.take(rows), lagging[rows]) for one, rows in some]


def _choice(found: Examination, who: int, rows: Some, standing: Standing, lagging: NDArray[np.bool_]) -> Choice:
    answers, checks, batch = found.answers[who, rows], standing.checks(), found.batch
    moves, magnitude = found.mae[rules.NAMES.index("naive"), rows], np.abs(batch.steps[:, rows]).max(axis=0)
    scale, seasons = error_scale(standing.mae, batch.unit[rows], moves, magnitude), batch.seasons[rows]
    if who < RULES:
        name = f"rule:{rules.NAMES[who]}"
        return Choice(None, name, rows, answers, scale, standing.steps, seasons, checks, [[] for _ in checks], None)
    model, state = found.models[who - RULES], found.states[who - RULES]
    warnings = _warnings(model, batch, rows, standing, checks, lagging)
    return Choice(model, model.card.name, rows, answers, scale, standing.steps, seasons, checks, warnings, state)


def _warnings(
    model: Model,
    batch: Batch,
    rows: Some,
    standing: Standing,
    checks: list[Check | None],
    lagging: NDArray[np.bool_],
) -> list[list[str]]:
    """The warnings on the answers of ``model`` to some ``rows``, ``lagging`` where they are copies."""
    reading, card, left = model.reading, model.card, model.reading.outside(batch)
    outside = np.zeros(len(checks), np.bool_) if left is None else left[rows]
    lengths = batch.lengths[rows].tolist()
    odd = {length for length in set(lengths) if reading.length_caveat(card.name, card.lengths.trained, length)}
    # Most answers need no warning, which is quickly seen.
    warnings: list[list[str]] = [[] for _ in checks]
    doubtful = standing.loses() | lagging | outside | (card.beaten_by is not None)
    if odd:
        doubtful |= np.isin(lengths, list(odd))
    for row in np.flatnonzero(doubtful).tolist():
        warnings[row] = caveats(reading, card, lengths[row], checks[row], lagging=lagging[row], outside=outside[row])
    return warnings
