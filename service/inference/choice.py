"""Who answers a sequence, the named model or whatever does best on it, and with what evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import rules
from service.inference.batch import Batch
from service.inference.caveats import caveats
from service.inference.check import SURE, Check, Standing, judge
from service.inference.evidence import RULES, Examination, Who
from service.inference.intervals import error_scale
from service.inference.model import Model
from service.inference.network import State
from service.inference.rolling import HorizonCheck
from service.verdicts import VERDICTS, Verdict

# Some rows of a batch: by their places, or all of them, which copies nothing.
Some = NDArray[np.intp] | slice
Checks = Sequence[Check | None] | Sequence[HorizonCheck | None] | Sequence[Check | HorizonCheck | None]
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers the ``rows`` [answered] of a batch: a model (None: a rule), with a check and the warnings for each.

    ``scale`` [answered] is what intervals are measured in, NaN where there are none, and ``steps`` [answered] how many
    checked steps it comes from; ``seasons`` [answered] are those that rules repeat, 1 where there is none. ``state`` is
    the network's after each sequence of the batch, for a forecast to go on from; None for a windowed model or a rule.
    """

    model: Model | None
    name: str
    rows: Some
    answers: Floats
    scale: Floats
    steps: NDArray[np.int64]
    seasons: NDArray[np.int64]
    checks: Checks
    warnings: list[list[str]]
    state: State | None


def choose(batch: Batch, models: list[Model], default: Model | None) -> list[Choice]:
    """For each sequence the answer of whoever has shown one step ahead on it that it is to be trusted most.

    That is ``default`` among the ``models`` (None: the one with the best record), unless another one is better on the
    sequence by a standard error of the difference and knows what no rule does, or a rule is by three. Where nothing
    can be checked drift answers two points and naive one.
    """
    found = Examination(batch, models)
    who = incumbents(found, default)
    networks = np.arange(len(found.mae))[:, None] >= RULES
    if len(models) > 1:
        rival = best_of(found.mae, networks & (np.arange(len(found.mae))[:, None] != who))
        who = np.where(found.takes_over(rival, who, 1.0) & found.knows(rival), rival, who)
    if models:
        ruler = best_of(found.mae, ~networks)
        who = np.where(found.takes_over(ruler, who, SURE), ruler, who)
    unchecked = np.where(batch.lengths > 1, rules.NAMES.index("drift"), rules.NAMES.index("naive"))
    who = np.where(found.span.steps > 0, who, unchecked)
    first = int(who[0])
    return choices(found, first if (who == first).all() else who)


def incumbents(found: Examination, default: Model | None) -> NDArray[np.intp]:
    """Who answers each sequence [sequences] as long as nobody else does better: ``default``, or the best network."""
    if default is not None:
        return np.full(len(found.batch.lengths), RULES + found.models.index(default))
    if not found.models:
        return best_of(found.mae, np.ones(found.mae.shape, np.bool_))
    return best_of(found.mae, np.arange(len(found.mae))[:, None] >= RULES)


def best_of(mae: Floats, able: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The one with the lowest error [answerers, sequences] among those that are ``able``."""
    best: NDArray[np.intp] = np.where(able, mae, np.inf).argmin(axis=0)
    return best


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
    warnings = warned(model, batch, _ALL, checks, lagging)
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


def choices(
    found: Examination, who: Who, checks: Checks | None = None, among: NDArray[np.bool_] | None = None
) -> list[Choice]:
    """The answers of ``who``, one choice for each that answers any sequence ``among`` some of them, or of all.

    ``checks`` [sequences] are what is known of them; None: their record one step ahead.
    """
    standing, lagging = found.standing(who), found.copies(who)
    if isinstance(who, int):
        return [_choice(found, who, _ALL, standing, lagging, checks)]
    asked = np.ones(len(who), np.bool_) if among is None else among
    some = [(one, np.flatnonzero(asked & (who == one))) for one in np.unique(who[asked]).tolist()]
    given = [None if checks is None else [checks[row] for row in rows.tolist()] for _, rows in some]
    return [
        _choice(found, one, rows, standing.take(rows), lagging[rows], its)
        for (one, rows), its in zip(some, given, strict=True)
    ]


def _choice(
    found: Examination, who: int, rows: Some, standing: Standing, lagging: NDArray[np.bool_], checks: Checks | None
) -> Choice:
    answers, batch = found.answers[who, rows], found.batch
    checks = standing.checks() if checks is None else checks
    moves, magnitude = found.mae[rules.NAMES.index("naive"), rows], np.abs(batch.steps[:, rows]).max(axis=0)
    scale, seasons = error_scale(standing.mae, batch.unit[rows], moves, magnitude), batch.seasons[rows]
    model: Model | None = None
    state: State | None = None
    warnings: list[list[str]]
    if who < RULES:
        name, warnings = f"rule:{rules.NAMES[who]}", [[] for _ in checks]
    else:
        model, state = found.models[who - RULES], found.states[who - RULES]
        name, warnings = model.card.name, warned(model, batch, rows, checks, lagging)
    return Choice(model, name, rows, answers, scale, standing.steps, seasons, checks, warnings, state)


def warned(model: Model, batch: Batch, rows: Some, checks: Checks, lagging: NDArray[np.bool_]) -> list[list[str]]:
    """The warnings on the answers of ``model`` to some ``rows``, ``lagging`` where they are copies."""
    reading, card, left = model.reading, model.card, model.reading.outside(batch)
    outside = np.zeros(len(checks), np.bool_) if left is None else left[rows]
    lengths = batch.lengths[rows].tolist()
    told = {length: reading.length_caveat(card.name, card.lengths.trained, length) for length in set(lengths)}
    odd = [length for length, said in told.items() if said is not None]
    # Most answers need no warning, which is quickly seen.
    warnings: list[list[str]] = [[] for _ in checks]
    loses = np.array([check is not None and check.verdict == _LOSES for check in checks])
    doubtful = loses | lagging | outside | (card.beaten_by is not None)
    if odd:
        doubtful |= np.isin(lengths, odd)
    for row in np.flatnonzero(doubtful).tolist():
        said = told[lengths[row]]
        warnings[row] = caveats(reading, card, said, checks[row], lagging=lagging[row], outside=outside[row])
    return warnings


_LOSES = VERDICTS[2]
