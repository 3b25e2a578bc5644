"""What a stored answer claimed, number by number, so that it can be held against what really came. Pure.

Reads the bodies of the native API; knows nothing of databases.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson

from service.errors import NotRecorded

Json = Mapping[str, Any]
_LEVELS = ("80", "90", "95")


@dataclass(frozen=True, slots=True)
class Claim:
    """One number of an answer: ``step`` 1 is the value right after the sequence, or a memory model's answer.

    ``rule_value`` is what the best simple rule said instead, where one is known. ``scale`` is the mean absolute
    difference of the posted sequence, the unit of MASE; None where there is none.
    """

    model: str  # "sine-gru/1", "rule:drift"
    sequence: int
    step: int
    value: float
    scale: float | None
    rule: str | None = None
    rule_value: float | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """All claims of one answer and its shape: so many ``sequences`` (None: one, not in a list), ``steps`` each."""

    claims: tuple[Claim, ...]
    sequences: int | None
    steps: int | None  # None: one value, not in a list


def read_answer(endpoint: str, request: bytes, response: bytes) -> Answer:
    """The claims of an answer of ``endpoint``. Raises :class:`NotRecorded` for one that predicts no values."""
    reader = {"/predict": _predicted, "/forecast": _forecast, "/compare": _compared, "/inspect": _inspected}.get(
        endpoint
    )
    if reader is None:
        raise NotRecorded(f"an answer of {endpoint} has no outcome: it is of predict, compare, forecast or inspect")
    asked, answered = orjson.loads(request), orjson.loads(response)
    single = asked.get("sequence") is not None
    posted = [asked["sequence"]] if single else asked["sequences"]
    claims = tuple(claim for claim in reader(answered, posted) if math.isfinite(claim.value))
    return Answer(claims, None if single else len(posted), asked["horizon"] if endpoint == "/forecast" else None)


def _predicted(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    for position, (prediction, sequence) in enumerate(zip(answer["predictions"], posted, strict=True)):
        rule, rule_value = _rule(prediction["check"], sequence)
        yield Claim(
            _name(prediction),
            position,
            1,
            prediction["value"],
            _scale(sequence),
            rule,
            rule_value,
            {level: tuple(bounds) for level, bounds in (prediction["intervals"] or {}).items() if level in _LEVELS},
        )


def _forecast(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    for position, (forecast, sequence) in enumerate(zip(answer["forecasts"], posted, strict=True)):
        scale = _scale(sequence)
        bands = {level: band for level, band in (forecast["intervals"] or {}).items() if level in _LEVELS}
        for step, value in enumerate(forecast["values"], start=1):
            # The check knows the rules' next value only; further on the last value is the rule to beat.
            rule, rule_value = _rule(forecast["check"] if step == 1 else None, sequence)
            intervals = {level: (band["lower"][step - 1], band["upper"][step - 1]) for level, band in bands.items()}
            yield Claim(_name(forecast), position, step, value, scale, rule, rule_value, intervals)


def _compared(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    for position, sequence in enumerate(posted):
        scale = _scale(sequence)
        for result in answer["results"]:
            rule, rule_value = _rule(result["checks"][position], sequence)
            yield Claim(_name(result), position, 1, result["predictions"][position], scale, rule, rule_value)
        for each in answer["rules"]:
            value = each["predictions"][position]
            if value is not None:
                yield Claim(f"rule:{each['name']}", position, 1, value, scale)


def _inspected(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    (sequence,) = posted
    rule, rule_value = _rule(None, sequence)
    yield Claim(_name(answer), 0, 1, answer["value"], _scale(sequence), rule, rule_value)


def _name(answered: Json) -> str:
    return f"{answered['model']}/{answered['version']}" if answered["version"] else str(answered["model"])


def _rule(check: Json | None, sequence: Sequence[Any]) -> tuple[str | None, float | None]:
    if check is not None and check["rule_value"] is not None:
        return f"rule:{check['rule'].removeprefix('rule:')}", check["rule_value"]
    if isinstance(sequence[0], list):  # pairs: their last value is no rule for anything
        return None, None
    return "rule:naive", float(sequence[-1])


def _scale(sequence: Sequence[Any]) -> float | None:
    if isinstance(sequence[0], list) or len(sequence) < 2:
        return None
    differences = [abs(later - earlier) for earlier, later in pairwise(sequence)]
    return math.fsum(differences) / len(differences) or None
