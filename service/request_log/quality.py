"""How the models fare with what really came, beside the rules. Knows the scores and nothing of how they arose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Double, Float, case, cast, func, literal, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.sql import ColumnElement

from service.request_log.newest import first_id
from service.request_log.outcomes import LARGEST
from service.request_log.tables import scores

FEWEST = 20  # outcomes beside a rule, before a model is judged
_TIE = 1e-3  # of the sequence's mean absolute difference, as in the check of each answer
_LEVELS = ("80", "90", "95")
# Of an error in units of its scale: more counts as this, less as nothing; and the least scale that one is divided by.
_MOST, _LEAST, _LEAST_SCALE = 1e6, 1e-12, 1e-290

Verdict = Literal["beats", "ties", "loses"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of the outcomes that fell inside the interval of one level, of so many that had one."""

    share: float
    outcomes: int


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """One model's live record on one task, over so many numbers that came true or did not.

    ``mae``, ``bias`` (mean of answer - outcome) and ``rule_mae`` are in the clients' own units; ``mase`` and
    ``rule_mase`` in units of each sequence's mean absolute difference; what is unknown is None. The rule is the
    best one by each sequence's own check, ``skill`` is 1 - mase / rule_mase, and the verdict wants FEWEST outcomes.
    """

    model: str
    task: str | None
    later: bool  # steps of a forecast after the first; False: the next value
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
    """Live quality over a window of requests."""

    models: tuple[ModelQuality, ...]
    preferred: tuple[Preferred, ...]


def quality(connection: Connection, since: int | None, until: int | None) -> Quality:
    """The record of all models on the requests made in [since, until), microseconds since the epoch."""
    window: list[ColumnElement[bool]] = []
    if since is not None:
        window.append(scores.c.id >= first_id(since))
    if until is not None:
        window.append(scores.c.id < first_id(until))
    later = case((scores.c.step > 1, 1), else_=0).label("later")
    groups: list[Any] = [
        scores.c.task,
        scores.c.model,
        "later",
    ]  # by its label: PostgreSQL takes two equal cases for different
    statement = select(scores.c.task, scores.c.model, later, *_measures()).where(*window)
    statement = statement.group_by(*groups).order_by(*groups)
    models = tuple(_quality(row) for row in connection.execute(statement).mappings())
    named = (
        select(scores.c.task, scores.c.rule, func.count().label("times"))
        .where(scores.c.step == 1, scores.c.rule.is_not(None), *window)
        .group_by(scores.c.task, scores.c.rule)
        .order_by(func.count(), scores.c.rule)
    )
    rules = {row.task: str(row.rule) for row in connection.execute(named)}  # the one named most often comes last
    tasks = dict.fromkeys(model.task for model in models)
    return Quality(models, tuple(Preferred(task, _preferred(models, task, rules.get(task))) for task in tasks))


def _measures() -> list[ColumnElement[Any]]:
    """Sums and counts, no means: PostgreSQL squares what it takes the mean of, and refuses what becomes too large."""
    error, rule_error = _size(scores.c.error), _size(scores.c.rule_error)
    scaled, rule_scaled = _scaled(error), _scaled(rule_error)
    lead = scaled - rule_scaled
    return [
        func.count().label("outcomes"),
        func.sum(error).label("errors"),
        func.sum(case((scores.c.error < 0, -error), else_=error)).label("bias"),
        func.count(scaled).label("scaled"),
        func.sum(scaled).label("scaled_errors"),
        func.count(rule_error).label("ruled"),
        func.sum(rule_error).label("rule_errors"),
        func.count(lead).label("pairs"),
        func.sum(rule_scaled).label("rule_scaled_errors"),
        func.sum(case((rule_scaled.is_not(None), scaled))).label("paired_errors"),
        func.sum(lead).label("leads"),
        func.sum(lead * lead).label("lead_squares"),
        *[func.avg(cast(scores.c[f"inside_{level}"], Float)).label(f"share_{level}") for level in _LEVELS],
        *[func.count(scores.c[f"inside_{level}"]).label(f"count_{level}") for level in _LEVELS],
    ]


def _size(error: ColumnElement[Any]) -> ColumnElement[Any]:
    size = func.abs(error)
    return case((size > LARGEST, literal(LARGEST, Double)), else_=size)


def _scaled(error: ColumnElement[Any]) -> ColumnElement[Any]:
    """``error`` in units of its sequence's mean absolute difference, without a step that overflows or underflows.

    One number counts for at most _MOST of them, so that an outcome that cannot be is not all that is seen.
    """
    scale = case((scores.c.scale < _LEAST_SCALE, literal(_LEAST_SCALE, Double)), else_=scores.c.scale)
    most, least = literal(_MOST, Double), literal(_LEAST, Double)
    return case(
        (error >= scale * most, most),
        (error <= scale * least, literal(0.0, Double)),
        (error.is_not(None), error / scale),
    )


def _quality(row: RowMapping) -> ModelQuality:
    coverage = {
        level: Coverage(row[f"share_{level}"], row[f"count_{level}"]) for level in _LEVELS if row[f"count_{level}"]
    }
    rule_mase, paired_mase = (_mean(row[name], row["pairs"]) for name in ("rule_scaled_errors", "paired_errors"))
    return ModelQuality(
        model=row["model"],
        task=row["task"],
        later=bool(row["later"]),
        outcomes=row["outcomes"],
        mae=row["errors"] / row["outcomes"],
        mase=_mean(row["scaled_errors"], row["scaled"]),
        bias=row["bias"] / row["outcomes"],
        coverage=coverage,
        rule_mae=_mean(row["rule_errors"], row["ruled"]),
        rule_mase=rule_mase,
        skill=None if rule_mase is None or paired_mase is None or rule_mase < _TIE else 1 - paired_mase / rule_mase,
        verdict=_verdict(row["pairs"], _mean(row["leads"], row["pairs"]), _mean(row["lead_squares"], row["pairs"])),
    )


def _mean(total: float | None, number: int) -> float | None:
    return None if total is None or not number else total / number


def _verdict(pairs: int, lead: float | None, lead_square: float | None) -> Verdict | None:
    if pairs < FEWEST or lead is None or lead_square is None:
        return None
    standard_error = math.sqrt(max(lead_square - lead * lead, 0.0) / (pairs - 1))
    if abs(lead) <= max(_TIE, standard_error):
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
