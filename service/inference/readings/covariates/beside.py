"""All covariates of a model: what may stand beside its sequences, checked and turned into effects. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from service.arrays import Floats
from service.covariates import Beside, Cell, Covariates
from service.errors import InvalidInput, Problem
from service.inference.batch import Batch
from service.inference.readings.covariates.applied import Applied
from service.inference.readings.covariates.calendar import HOLIDAY, INPUTS, Every, holidays_on
from service.inference.readings.covariates.effects import Block, Covariate, Known, Stepwise

# Effects stay within so many units, and logarithms of factors within this, however far a number is from all trained on.
_MOST, _MOST_LOG = 1e9, 20.0
_START = "the wall clock's time of the first value in ISO 8601 without an offset, such as 2024-01-31T18:00"


class Effects(Block):
    """All covariates of a model, and what each adds.

    Effects are ``added`` to the series in its ``unit``, or in its own mean absolute difference where that is None; or
    it is ``multiplied`` by their exponentials. ``calendar`` are read from the time of each step, which comes ``every``
    so often; ``holidays`` by their names on ISO days, as far as they are known.
    """

    form: Literal["added", "multiplied"]
    unit: Annotated[float, Field(gt=0)] | None = None
    known: tuple[Known, ...] = ()
    calendar: tuple[Known, ...] = ()
    every: Every | None = None
    holidays: dict[str, tuple[str, ...]] = Field(default={})
    past: tuple[Stepwise, ...] = ()
    static: tuple[Stepwise, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for blocks in (self.known, self.calendar, self.past, self.static):
            if len({each.name for each in blocks}) < len(blocks):
                raise ValueError("two covariates of one kind have one name")
        if self.calendar and self.every is None:
            raise ValueError("calendar inputs need the time between steps")
        if not {each.name for each in self.calendar} <= {*INPUTS, HOLIDAY}:
            raise ValueError(f"calendar inputs are {', '.join((*INPUTS, HOLIDAY))}")
        static = {each.name: each for each in self.static}
        for share in chain.from_iterable(each.by for each in (*self.known, *self.calendar)):
            if share.static not in static:
                raise ValueError(f"an effect hangs on {share.static}, which is no static covariate")
        return self

    @property
    def in_words(self) -> str:
        """What is needed, part by part."""
        parts = [f"{part} {', '.join(each.name for each in blocks)}" for part, blocks in self._parts if blocks]
        return "; ".join(parts + ["start"] * bool(self.calendar))

    def require(self, name: str, batch: Batch) -> None:
        """Refuse what does not stand beside each sequence of ``batch`` as the model called ``name`` needs it.

        Raises:
            InvalidInput: says which names are missing or unknown, and what each must be.
        """
        if batch.covariates is None:
            problems = [
                Problem(f"covariates.{part}.{each.name}", each.expected)
                for part, blocks in self._parts
                for each in blocks
            ]
            problems += [Problem("covariates.start", _START)] * bool(self.calendar)
            detail = f"{name} needs covariates, which /forecast and /backtest take: {self.in_words}"
            raise InvalidInput(detail, code="covariates_required", problems=tuple(problems[:10]))
        found: list[Problem] = []
        each, ahead = batch.covariates.each, batch.covariates.ahead
        for row, beside, length in zip(batch.rows.tolist(), each, batch.lengths.tolist(), strict=True):
            wrong = self._wrong(beside, length, ahead)
            found += (Problem(f"covariates.{row}.{where}", expected) for where, expected in wrong)
            if len(found) >= 10:
                break
        if found:
            detail = f"{name} takes as covariates {self.in_words}: expected {found[0].expected}"
            raise InvalidInput(detail, code="covariates_mismatch", problems=tuple(found[:10]))

    def by_name(self, name: str, beside: Beside) -> Beside:
        """What was posted in an order, by the names that have that order; see :class:`service.covariates.Beside`.

        A number is the category that is called so, or else the one at that place, counted from 0. Where all is given
        as if it were known ahead, what is not known so is cut off.

        Raises:
            InvalidInput: the model called ``name`` takes another number of columns.
        """
        found = []
        for row, each in enumerate(beside.each):
            later = (*self.past, *self.static) if not each.static else self.past
            ahead, before = [*each.known.values()], [*each.past.values()]
            if later and not before and len(ahead) == len(self.known) + len(later):
                known = _by_name("known", (*self.known, *later), ahead, name, row)
                past = {one.name: known.pop(one.name) for one in later}
                past = {one: column[: len(column) - beside.ahead] for one, column in past.items()}
            else:
                known = _by_name("known", self.known, ahead, name, row)
                past = _by_name("past", later, before, name, row)
            whole = _by_name("static", self.static, [[value] for value in each.static.values()], name, row)
            static = {one.name: (whole.get(one.name) or past.pop(one.name))[0] for one in self.static}
            found.append(Covariates(known, past, static, each.start))
        return beside._replace(each=tuple(found), ordered=False)

    def beyond(self, beside: Covariates) -> bool:
        """Whether a number known ahead leaves the range that was trained on."""
        return any(each.beyond(each.coded(beside.known[each.name])) for each in self.known)

    def bounded(self, adds: Floats) -> Floats:
        """Effects that a series can bear."""
        most = _MOST_LOG if self.form == "multiplied" else _MOST
        return np.clip(adds, -most, most)

    def of(self, batch: Batch, horizon: int) -> Applied:
        """What to take off ``batch`` and to put back on forecasts of up to ``horizon`` steps.

        Raises:
            InvalidInput: holidays are not known for so long.
        """
        assert batch.covariates is not None  # noqa: S101  # they were required
        given = batch.covariates.each
        steps = batch.values.shape[1]
        adds = np.zeros((len(given), steps + horizon))
        later: list[list[Floats]] = []
        for row, (beside, length) in enumerate(zip(given, batch.lengths.tolist(), strict=True)):
            static = {each.name: each.coded([beside.static[each.name]]) for each in self.static}
            found = self._effect(beside, static, length + horizon, int(batch.rows[row]))
            adds[row, : len(found)] = found
            adds[row, len(found) :] = found[-1]
            later.append([each.features(each.coded(beside.past[each.name])) for each in self.past])
            later[-1] += [each.features(static[each.name]) for each in self.static]
        return Applied(self, batch, adds, later)

    @property
    def _parts(self) -> tuple[tuple[str, tuple[Covariate, ...]], ...]:
        return ("known", self.known), ("past", self.past), ("static", self.static)

    @cached_property
    def _named(self) -> dict[str, str]:
        return {day: name for name, days in self.holidays.items() for day in days}

    def _wrong(self, beside: Covariates, length: int, ahead: int) -> Iterator[tuple[str, str]]:
        """Where something else stands than is expected, and what that is."""
        static: dict[str, list[Cell]] = {name: [value] for name, value in beside.static.items()}
        counts = {
            "known": (length + ahead, f"{length + ahead} {{}}, one for each value and each of {ahead} steps ahead"),
            "past": (length, f"{length} {{}}, one for each value"),
            "static": (1, "one of {}"),
        }
        for (part, blocks), given in zip(self._parts, (beside.known, beside.past, static), strict=True):
            count, expected = counts[part]
            for each in blocks:
                column = given.get(each.name, [])
                if len(column) != count or not each.takes(column):
                    yield f"{part}.{each.name}", expected.format(each.expected)
            if given.keys() - (names := {each.name for each in blocks}):
                yield part, f"no other names than {', '.join(sorted(names))}" if names else "nothing: it takes none"
        if self.calendar and (beside.start is None or _moment(beside.start) is None):
            yield "start", _START

    def _effect(self, beside: Covariates, static: dict[str, Floats], steps: int, row: int) -> Floats:
        """What is added at each of so many ``steps``, or as far as what is known ahead goes."""
        columns = [(each, each.coded(beside.known[each.name])) for each in self.known]
        steps = min([steps, *(len(column) for _, column in columns)])
        if self.calendar:
            columns += self._dated(beside, steps, row)
        found = np.zeros(steps)
        weights = {each.name: each for each in self.static}
        for each, column in columns:
            by = [weights[share.static].weight(float(static[share.static][0]), share.category) for share in each.by]
            found += each.effect(column[:steps], by)
        return self.bounded(found)

    def _dated(self, beside: Covariates, steps: int, row: int) -> list[tuple[Known, Floats]]:
        assert self.every is not None  # noqa: S101  # where there is a calendar
        assert beside.start is not None  # noqa: S101  # it was required
        moment = _moment(beside.start)
        assert moment is not None  # noqa: S101
        times = self.every.times(moment, steps)
        found = []
        for each in self.calendar:
            if each.name == HOLIDAY:
                first, last = min(self._named), max(self._named)
                if not first[:4] <= str(times[0])[:4] <= str(times[-1])[:4] <= last[:4]:
                    expected = f"times within the years {first[:4]} to {last[:4]}, whose holidays are known"
                    problems = (Problem(f"covariates.{row}.start", expected),)
                    raise InvalidInput(f"expected {expected}", code="covariates_mismatch", problems=problems)
                found.append((each, each.coded(list(holidays_on(times, self._named)))))
            else:
                found.append((each, INPUTS[each.name](times).astype(np.float64)))
        return found


def _by_name(
    part: str, blocks: Sequence[Covariate], columns: list[list[Cell]], name: str, row: int
) -> dict[str, list[Cell]]:
    """``columns`` by the names of ``blocks``, numbers before categories."""
    if part == "static" and not columns:
        return {}
    ordered = sorted(blocks, key=lambda each: each.kind == "category")
    if len(columns) != len(ordered):
        names = ", ".join(each.name for each in ordered) or "none"
        expected = f"{len(ordered)} columns in this order: {names}"
        problems = (Problem(f"covariates.{row}.{part}", expected),)
        detail = f"{name} takes of what is {_IN_WORDS[part]} {expected}"
        raise InvalidInput(detail, code="covariates_mismatch", problems=problems)
    return {each.name: [*map(each.called, column)] for each, column in zip(ordered, columns, strict=True)}


_IN_WORDS = {"known": "known ahead", "past": "known up to now, or of a whole series,", "static": "known of a series"}


def _moment(text: str) -> np.datetime64 | None:
    """The time that ``text`` says in ISO 8601 without an offset; None where it is something else."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if read.tzinfo is not None else np.datetime64(read.replace(microsecond=0), "s")
