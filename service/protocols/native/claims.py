"""What a stored answer of the native API claimed. Knows nothing of databases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import orjson

from service.request_log.claims import Claim, Claims, Reader

Json = Mapping[str, Any]


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
            {level: (lower, upper) for level, (lower, upper) in (prediction["intervals"] or {}).items()},
        )


def _forecast(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    for position, (forecast, sequence) in enumerate(zip(answer["forecasts"], posted, strict=True)):
        scale = _scale(sequence)
        bands = forecast["intervals"] or {}
        for step, value in enumerate(forecast["values"], start=1):
            # The check knows the rules' next value only; further on the last value is the rule to beat.
            rule, rule_value = _rule(forecast["check"] if step == 1 else None, sequence)
            intervals = {level: (band["lower"][step - 1], band["upper"][step - 1]) for level, band in bands.items()}
            yield Claim(_name(forecast), position, step, value, scale, rule, rule_value, intervals)


def _compared(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    for position, sequence in enumerate(posted):
        if "outputs" in answer["results"][0]:  # nothing of it comes true as a number
            return
        scale = _scale(sequence)
        for result in answer["results"]:
            rule, rule_value = _rule(result["checks"][position], sequence)
            of = result.get("intervals")  # which earlier releases did not tell
            intervals = {level: (lower, upper) for level, (lower, upper) in ((of and of[position]) or {}).items()}
            yield Claim(_name(result), position, 1, result["predictions"][position], scale, rule, rule_value, intervals)
        for each in answer["rules"]:
            value = each["predictions"][position]
            if value is not None:
                yield Claim(f"rule:{each['name']}", position, 1, value, scale)


def _inspected(answer: Json, posted: Sequence[Any]) -> Iterator[Claim]:
    (sequence,) = posted
    if isinstance(sequence, str):  # nothing of it comes true as a number
        return
    rule, rule_value = _rule(None, sequence)
    yield Claim(_name(answer), 0, 1, answer["value"], _scale(sequence), rule, rule_value)


def _name(answered: Json) -> str:
    return f"{answered['model']}/{answered['version']}" if answered["version"] else str(answered["model"])


def _rule(check: Json | None, sequence: Sequence[Any]) -> tuple[str | None, float | None]:
    if check is not None and check["rule_value"] is not None:
        return f"rule:{check['rule'].removeprefix('rule:')}", check["rule_value"]
    if isinstance(sequence[0], list):  # pairs: their last value is no rule for anything
        return None, None
    return "rule:naive", float(next(value for value in reversed(sequence) if value is not None))


def _scale(sequence: Sequence[Any]) -> float | None:
    known = [value for value in sequence if value is not None]
    if isinstance(sequence[0], list) or len(known) < 2:
        return None
    differences = [abs(later - earlier) for earlier, later in pairwise(known)]
    return math.fsum(differences) / len(differences) or None


def _read(told: Callable[[Json, Sequence[Any]], Iterator[Claim]], request: bytes, response: bytes) -> Claims:
    asked, answered = orjson.loads(request), orjson.loads(response)
    single = asked.get("sequence") is not None
    posted = [asked["sequence"]] if single else asked["sequences"]
    numbers = tuple(claim for claim in told(answered, posted) if math.isfinite(claim.value))
    return Claims(numbers, None if single else len(posted), asked.get("horizon"))


PREDICTED: Reader = partial(_read, _predicted)
FORECAST: Reader = partial(_read, _forecast)
COMPARED: Reader = partial(_read, _compared)
INSPECTED: Reader = partial(_read, _inspected)
