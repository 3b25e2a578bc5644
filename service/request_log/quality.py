"""How the models fare with what really came, beside the rules. Knows the scores and nothing of how they arose."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Double, Integer, Select, bindparam, case, func, literal, select
from sqlalchemy.sql import ColumnElement

from service.request_log.listing import AFTER_ALL_IDS, first_id
from service.request_log.outcomes import LARGEST
from service.request_log.tables import scores
from service.verdicts import TIE, Verdict

FEWEST = 20  # outcomes beside a rule, before a model is judged
_MOST_LEVELS = 20  # of one model, those with the most outcomes: clients ask for any
_SCORES = 20_000  # in one part of a read: some megabytes
# Of an error in units of its scale: more counts as this, less as nothing; and the least scale that one is divided by.
_MOST, _LEAST, _LEAST_SCALE = 1e6, 1e-12, 1e-290


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of the outcomes that fell inside the interval of one level, of so many that had one."""

    share: float
    outcomes: int


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """One model's live record on one task, over so many numbers that came true or did not.

    ``later`` tells forecast steps after the first from next values. ``mae``, ``bias`` (mean of answer - outcome) and
    ``rule_mae`` are in the clients' own units; ``mase`` and ``rule_mase`` in units of each sequence's mean absolute
    difference; what is unknown is None. The rule is the best one by each sequence's own check, ``skill`` is
    1 - mase / rule_mase, and there is no verdict while fewer than 20 outcomes are known.
    """

    model: str
    task: str | None
    later: bool
    outcomes: int
    mae: float
    mase: float | None
    bias: float
    coverage: dict[str, Coverage]
    rule_mae: float | None
    rule_mase: float | None
    skill: float | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Preferred:
    """Who should answer next values of a task, going by what really came; None while too little has come."""

    task: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Live quality over a window of requests, from the outcomes that were posted."""

    models: tuple[ModelQuality, ...]
    preferred: tuple[Preferred, ...]


class _Covered:
    """How many outcomes had an interval of each level, and how many lay inside."""

    def __init__(self) -> None:
        self._outcomes: Counter[str] = Counter()
        self._inside: Counter[str] = Counter()

    def add(self, held: dict[str, int], times: int) -> None:
        for level, is_inside in held.items():
            self._outcomes[level] += times
            self._inside[level] += times * is_inside

    def coverage(self) -> dict[str, Coverage]:
        """That of the levels with the most outcomes, the lowest first."""
        most = sorted(self._outcomes.most_common(_MOST_LEVELS), key=lambda each: float(each[0]))
        return {level: Coverage(self._inside[level] / outcomes, outcomes) for level, outcomes in most}


def quality(connection: Connection, since: int | None, until: int | None) -> Quality:
    """The record of all models on the requests made in [since, until), microseconds since the epoch."""
    sums: dict[tuple[str | None, str, int], Counter[str]] = defaultdict(Counter)
    covered: dict[tuple[str | None, str, int], _Covered] = defaultdict(_Covered)
    named: Counter[tuple[str | None, str]] = Counter()
    first = "" if since is None else first_id(since)
    for part in _parts(connection, first, AFTER_ALL_IDS if until is None else first_id(until)):
        for row in connection.execute(_sums(), part).mappings():
            measured = {name: value for name, value in row.items() if name not in _GROUP and value is not None}
            sums[row["task"], row["model"], row["later"]].update(measured)
        for row in connection.execute(_insides(), part).mappings():
            covered[row["task"], row["model"], row["later"]].add(orjson.loads(row["inside"]), row["times"])
        for row in connection.execute(_rules(), part).mappings():
            named[row["task"], row["rule"]] += row["times"]
        connection.rollback()  # each part is a read of its own: none keeps the WAL from being emptied for long
    models = tuple(
        _quality(*group, sums[group], covered[group])
        for group in sorted(sums, key=lambda group: (group[0] or "", *group[1:]))
    )
    rules = {task: rule for (task, rule), _ in sorted(named.items(), key=lambda each: (each[1], each[0][1]))}
    tasks = dict.fromkeys(model.task for model in models)
    return Quality(models, tuple(Preferred(task, _preferred(models, task, rules.get(task))) for task in tasks))


def _parts(connection: Connection, first: str, last: str) -> Iterator[dict[str, str]]:
    """Windows of ids with a bounded number of scores each, which a database may have to sort in memory."""
    while True:
        window = {"first": first, "last": last}
        end = connection.scalar(_END, {**window, "most": _SCORES})
        if end == first:  # more than that of a single request
            end = connection.scalar(_NEXT, window)
        yield {**window, "last": end or last}
        if end is None:
            return
        first = end


_WINDOW = (scores.c.id >= bindparam("first"), scores.c.id < bindparam("last"))
_END = select(scores.c.id).where(*_WINDOW).order_by(scores.c.id).limit(1).offset(bindparam("most", type_=Integer))
_NEXT = select(func.min(scores.c.id)).where(scores.c.id > bindparam("first"), _WINDOW[1])
_GROUP = ("task", "model", "later")
_LATER = case((scores.c.step > 1, 1), else_=0).label("later")
_ALL = 1 << 62  # rows: a limit keeps SQLite from working out a subquery's columns anew wherever one is named


@cache
def _sums() -> Select[Any]:
    """Sums and counts, no means: PostgreSQL squares what it takes the mean of, and refuses what becomes too large."""
    scale = case((scores.c.scale < _LEAST_SCALE, literal(_LEAST_SCALE, Double)), else_=scores.c.scale).label("scale")
    errors = [_size(scores.c.error).label("error"), _size(scores.c.rule_error).label("rule_error")]
    is_low = (scores.c.error < 0).label("is_low")
    each = select(scores.c.task, scores.c.model, _LATER, is_low, scale, *errors).where(*_WINDOW)
    sized = each.limit(_ALL).subquery()
    scaled = [_scaled(sized.c.error, sized.c.scale).label("scaled")]
    scaled.append(_scaled(sized.c.rule_error, sized.c.scale).label("rule_scaled"))
    judged = select(*sized.c, *scaled).limit(_ALL).subquery().c
    lead = judged.scaled - judged.rule_scaled
    group = [judged[name] for name in _GROUP]
    return select(
        *group,
        func.count().label("outcomes"),
        func.sum(judged.error).label("errors"),
        func.sum(case((judged.is_low, -judged.error), else_=judged.error)).label("bias"),
        func.count(judged.scaled).label("scaled"),
        func.sum(judged.scaled).label("scaled_errors"),
        func.count(judged.rule_error).label("ruled"),
        func.sum(judged.rule_error).label("rule_errors"),
        func.count(lead).label("pairs"),
        func.sum(judged.rule_scaled).label("rule_scaled_errors"),
        func.sum(case((judged.rule_scaled.is_not(None), judged.scaled))).label("paired_errors"),
        func.sum(lead).label("leads"),
        func.sum(lead * lead).label("lead_squares"),
    ).group_by(*group)


def _size(error: ColumnElement[Any]) -> ColumnElement[Any]:
    size = func.abs(error)
    return case((size > LARGEST, literal(LARGEST, Double)), else_=size)


def _scaled(error: ColumnElement[Any], scale: ColumnElement[Any]) -> ColumnElement[Any]:
    """``error`` in units of its sequence's mean absolute difference, without a step that overflows or underflows.

    One number counts for at most _MOST of them, so that an outcome that cannot be is not all that is seen.
    """
    most, least = literal(_MOST, Double), literal(_LEAST, Double)
    return case(
        (error >= scale * most, most),
        (error <= scale * least, literal(0.0, Double)),
        (error.is_not(None), error / scale),
    )


@cache
def _insides() -> Select[Any]:
    """How often each set of levels that held and that did not: few where clients ask for like levels."""
    told = select(scores.c.task, scores.c.model, _LATER, scores.c.inside).where(scores.c.inside.is_not(None), *_WINDOW)
    each = told.subquery().c
    return select(*each, func.count().label("times")).group_by(*each)


@cache
def _rules() -> Select[Any]:
    chosen = select(scores.c.task, scores.c.rule, func.count().label("times"))
    return chosen.where(scores.c.step == 1, scores.c.rule.is_not(None), *_WINDOW).group_by(scores.c.task, scores.c.rule)


def _quality(task: str | None, model: str, later: int, sums: Counter[str], covered: _Covered) -> ModelQuality:
    """Of sums that were added up; those of nothing are zero."""
    pairs = sums["pairs"]
    rule_mase, paired_mase = _mean(sums["rule_scaled_errors"], pairs), _mean(sums["paired_errors"], pairs)
    return ModelQuality(
        model=model,
        task=task,
        later=bool(later),
        outcomes=sums["outcomes"],
        mae=sums["errors"] / sums["outcomes"],
        mase=_mean(sums["scaled_errors"], sums["scaled"]),
        bias=sums["bias"] / sums["outcomes"],
        coverage=covered.coverage(),
        rule_mae=_mean(sums["rule_errors"], sums["ruled"]),
        rule_mase=rule_mase,
        skill=None if rule_mase is None or paired_mase is None or rule_mase < TIE else 1 - paired_mase / rule_mase,
        verdict=_verdict(pairs, _mean(sums["leads"], pairs), _mean(sums["lead_squares"], pairs)),
    )


def _mean(total: float, number: int) -> float | None:
    return total / number if number else None


def _verdict(pairs: int, lead: float | None, lead_square: float | None) -> Verdict | None:
    if pairs < FEWEST or lead is None or lead_square is None:
        return None
    standard_error = math.sqrt(max(lead_square - lead * lead, 0.0) / (pairs - 1))
    if abs(lead) <= max(TIE, standard_error):
        return "ties"
    return "beats" if lead < 0 else "loses"


def _preferred(models: Sequence[ModelQuality], task: str | None, rule: str | None) -> str | None:
    """The best by skill of those that do not lose to the rules; else the rule that is best most often."""
    judged = [model for model in models if model.task == task and not model.later and model.verdict is not None]
    if not judged:
        return None
    worthy = [model for model in judged if model.verdict != "loses"]
    if not worthy:
        return rule
    return max(worthy, key=lambda model: (model.skill or 0.0, model.verdict == "beats")).model
