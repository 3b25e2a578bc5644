"""What really came next, beside what was answered. Knows no HTTP; its one job runs on the writer's connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import time
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, insert, select, update

from service.errors import InvalidInput, NotRecorded, OutcomeConflict, Problem, UnknownRequest
from service.request_log.claims import Claim, Claims, Readers
from service.request_log.rows import as_time, is_id
from service.request_log.tables import outcomes, requests, scores

Value: TypeAlias = float | None
Values: TypeAlias = Sequence[Value] | Sequence[Sequence[Value]]
LARGEST = 1e300  # in magnitude: as of a sequence's values
_Grid: TypeAlias = list[list[Value]]  # for each sequence, for each step; None where unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is known by now of what came after one request.

    ``time`` is when something was last learned; ``values`` is shaped like the answer, a number, a list, or a list of
    lists, null where unknown; ``scored`` numbers of the answer were held against it this time.
    """

    id: str
    time: datetime
    values: Any
    scored: int


def record_outcome(
    request_id: str, readers: Readers, *, value: Value = None, values: Values | None = None, client: str | None = None
) -> Callable[[Connection], Outcome]:
    """A job for :meth:`LogWriter.run` that puts down what came after the request of that id.

    ``readers`` tell what the answers of each endpoint claimed. ``value`` came after one sequence, ``values`` after
    several or over several steps, None where unknown. Repeating it changes nothing, and unknown values may be filled in
    later. With ``client``, other clients' rows are unknown. The job raises :class:`UnknownRequest`,
    :class:`NotRecorded` when the answer was not kept or claims nothing, :class:`InvalidInput` when the shape is not the
    answer's, :class:`OutcomeConflict` when a different value is on record.
    """

    def job(connection: Connection) -> Outcome:
        # Two processes must not both find that there is no outcome yet; SQLite has one writer anyway.
        found = select(requests).where(requests.c.id == request_id).with_for_update()
        row = connection.execute(found).mappings().one_or_none() if is_id(request_id) else None
        if row is None or client not in (None, row["client"]):
            raise UnknownRequest("the request log has no request of that id")
        if row["request"] is None or row["response"] is None:
            raise NotRecorded("the answer to that request was not kept, so nothing can be held against it")
        if row["endpoint"] not in readers:
            raise NotRecorded(f"an answer of {row['endpoint']} has no outcome: it is of one of {', '.join(readers)}")
        claims = readers[row["endpoint"]](row["request"], row["response"])
        if not claims.numbers:
            raise NotRecorded("that answer was no number, so nothing can be held against it")
        given = _grid(claims, value, values)
        before = connection.execute(select(outcomes).where(outcomes.c.id == request_id)).mappings().one_or_none()
        known: _Grid = orjson.loads(before["known"]) if before else [[None] * len(line) for line in given]
        learned = {
            (sequence, step): came
            for sequence, line in enumerate(given)
            for step, came in enumerate(line, start=1)
            if came is not None and not _agrees(came, known[sequence][step - 1])
        }
        now = before["time"] if before else 0
        if learned:
            now = round(time() * 1e6)
            for (sequence, step), came in learned.items():
                known[sequence][step - 1] = came
            change = {"time": now, "known": orjson.dumps(known)}
            connection.execute(
                update(outcomes).where(outcomes.c.id == request_id).values(change)
                if before
                else insert(outcomes).values(id=request_id, **change)
            )
            scored = list(_scores(request_id, row["task"], claims.numbers, learned))
            if scored:
                connection.execute(insert(scores), scored)
        return Outcome(request_id, as_time(now), _shaped(claims, known), len(learned))

    return job


def _agrees(came: float, known: Value) -> bool:
    if known is not None and known != came:
        raise OutcomeConflict("a different outcome of that request is on record")
    return known is not None


def _grid(claims: Claims, value: Value, values: Values | None) -> _Grid:
    """What was given, as one line of steps per sequence."""
    several, steps = claims.sequences, claims.steps
    given: Any = value if several is None and steps is None and values is None else values
    if several is None:
        given = [given]
    if steps is None and isinstance(given, list):
        given = [[each] for each in given]
    expected_lines, expected_steps = several or 1, steps or 1
    fits = (
        (value is None) is not (values is None)
        and isinstance(given, list)
        and len(given) == expected_lines
        and all(isinstance(line, list) and len(line) == expected_steps for line in given)
        and all(each is None or _is_number(each) for line in given for each in line)
        and any(each is not None for line in given for each in line)
    )
    if not fits:
        expected = _described(several, steps)
        raise InvalidInput(f"expected {expected}", code="outcome_shape", problems=(Problem("body", expected),))
    return [[None if each is None else float(each) for each in line] for line in given]


def _is_number(each: Any) -> bool:
    return isinstance(each, int | float) and not isinstance(each, bool) and -LARGEST <= each <= LARGEST


def _described(several: int | None, steps: int | None) -> str:
    if several is None and steps is None:
        return f"value, a number of at most {LARGEST:g} in magnitude"
    numbers = f"numbers of at most {LARGEST:g} in magnitude, null where unknown, at least one known"
    if several is None or steps is None:
        return f"values, {several or steps} {numbers}"
    return f"values, {several} lists of {steps} {numbers}"


def _shaped(claims: Claims, known: _Grid) -> Any:
    lines: list[Any] = [line[0] for line in known] if claims.steps is None else [*known]
    return lines[0] if claims.sequences is None else lines


def _scores(
    request_id: str, task: str | None, claims: Sequence[Claim], learned: dict[tuple[int, int], float]
) -> Iterator[dict[str, Any]]:
    seen = set()
    for claim in claims:
        came = learned.get((claim.sequence, claim.step))
        key = (claim.model, claim.sequence, claim.step)
        if came is None or key in seen:  # a comparison may name one model twice
            continue
        seen.add(key)
        yield {
            "id": request_id,
            "model": claim.model,
            "sequence": claim.sequence,
            "step": claim.step,
            "task": task,
            "error": _bounded(claim.value - came),
            "scale": claim.scale,
            "rule": claim.rule,
            "rule_error": None if claim.rule_value is None else _bounded(claim.rule_value - came),
            "inside": _inside(claim, came),
        }


def _inside(claim: Claim, came: float) -> str | None:
    """Alike where the same levels held, so that a database can count what is alike."""
    levels = sorted(claim.intervals.items(), key=lambda each: float(each[0]))
    held = {level: int(lower <= came <= upper) for level, (lower, upper) in levels}
    return orjson.dumps(held).decode() if held else None


def _bounded(error: float) -> float:
    """A claim may be of any size, and not every database holds an infinite number."""
    return min(max(error, -2 * LARGEST), 2 * LARGEST)
