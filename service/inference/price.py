"""What a question costs before it is answered: estimated microseconds of one core. Knows models, no protocol.

One currency for everything that work is weighed by: whether it may run on the event loop, which threads it waits for,
how much one request may ask, and what it counts in a quota. ``docs/limits.md`` has the figures that this was fitted
to; on them it is within a factor of three, and more often too high than too low.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.errors import InvalidInput, Problem
from service.inference import rolling
from service.inference import sequences as posted_sequences
from service.inference.backtest import MOST_ORIGINS
from service.inference.candidates import MOST_TRIED
from service.inference.catalog import Catalog
from service.inference.model import Model
from service.inference.padding import batches

Posted = list[posted_sequences.Sequence] | posted_sequences.Rows

# A network's step: what any takes, and what each parameter adds.
_STEP, _PARAMETER = 0.12, 4e-5
# A value: scaling and the rules' record, once; and each model's record on it.
_RULES, _RECORD = 0.4, 0.12
# A sequence and its answer; the check and the call of each model, which all sequences share.
_SEQUENCE, _CHECK, _CALL, _GENERAL = 10.0, 100.0, 35.0, 2000.0
# What stands beside a sequence: its columns, and each entry of some five of them.
_BESIDE, _ENTRIES = 200.0, 1.0
# A model that is not loaded: milliseconds, or half a second in a process that tries it first. Never on the event loop.
_LOAD, _MOST_LOADS = 25_000.0, 8  # of more the first to ask is not refused for what later ones need not pay
# Up to so many values are looked at for who may answer them; of more it is taken that they look like a few own models.
_LOOKED_AT = 2048
# A forecast's step ahead: its call, whatever it is of, and each answer in it; a general model answers them all at once,
# under each season and in each of its readings.
_AHEAD, _ANSWER, _QUESTION = 12.0, 1.0, 1.0
# What a forecast is checked on: the tables of the rules, and as many forecasts from its past.
_ROLLING, _PAST = 500.0, rolling.MOST_ORIGINS
# A judgement's tables and scores; a step that is looked into, and what each unit cubed adds (Jacobians).
_JUDGEMENT, _LOOK, _UNIT_CUBED = 1000.0, 60.0, 1e-3

# A symbol that is written: a call of both parts of its network, and what is chosen from.
_WRITE = 70.0


class Price(NamedTuple):
    """``microseconds`` of one core for a question of so many ``values``; ``fixed`` of them do not grow with those."""

    microseconds: float
    values: int
    fixed: float = 0.0

    def with_(self, other: Price) -> Price:
        """The price of two answers about the same values."""
        return Price(self.microseconds + other.microseconds, self.values, self.fixed + other.fixed)

    def times(self, count: int) -> Price:
        """The price of so many such answers about the same values."""
        return Price(count * self.microseconds, self.values, count * self.fixed)

    def require(self, most: float) -> None:
        """Refuse a question of more than ``most`` microseconds, and say what would fit.

        Raises:
            InvalidInput: it costs more.
        """
        if self.microseconds > most:
            fits = int(self.values * (most - self.fixed) / (self.microseconds - self.fixed))
            values = f"at most about {fits} of these {self.values} values, or " if self.fixed < most else ""
            expected = f"{values}fewer models or steps ahead"
            seconds, share = self.microseconds * 1e-6, most * 1e-6
            detail = f"the answer would take about {seconds:.3g} s of computing, and a request may take {share:.3g} s"
            parts = math.ceil((self.microseconds - self.fixed) / (most - self.fixed)) if self.fixed < most else 0
            problems = (Problem("body", expected),)
            raise InvalidInput(f"{detail}: {expected}", code="too_costly", problems=problems, parts=parts)


def price(
    readers: Sequence[Model],
    sequences: int,
    values: int,
    continued: Sequence[Model] = (),
    rows: int = 0,
    horizon: int = 0,
) -> Price:
    """The price of ``readers`` reading so many ``sequences`` of so many ``values`` in all.

    Each of ``continued`` goes on from so many ``rows`` for ``horizon`` steps.
    """
    fixed, a_value, loads, beside = _CHECK if readers else 0.0, _RULES, 0, 0
    for model in readers:
        fixed += _GENERAL if model.reading.general else _CALL
        a_value += _RECORD + step(model)
        loads += not model.ready
        beside += model.reading.covariates
    fixed += _LOAD * min(_MOST_LOADS, loads)
    found = (_SEQUENCE + _BESIDE * beside) * sequences + (a_value + _ENTRIES * beside) * values
    for model in continued:
        if model.reading.general:
            found += _QUESTION * model.reads * rows * horizon
        else:
            fixed += _AHEAD * horizon
            found += _AHEAD * rows + (_ANSWER + step(model)) * rows * horizon
    return Price(fixed + found, values, fixed)


def step(model: Model) -> float:
    """Microseconds that ``model`` takes for one more value: a model of one window reads all of it again."""
    return model.reads * (_STEP + _PARAMETER * model.parameters)


def _written(model: Model, sequences: int, values: int, beams: int) -> Price:
    written = model.reading.writing_steps(values)
    each = 2 * _CALL + written * (_WRITE + beams * step(model)) + _SEQUENCE
    fixed = each + _LOAD * (not model.ready)
    return Price(fixed + (sequences - 1) * each + values * step(model), values, fixed)


class Prices:
    """What each of the engine's methods would cost; a model that is not served, which it will refuse, costs nothing.

    ``posted`` are the sequences themselves: without a model's name it hangs on them whose answers are looked for.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def predict(
        self, sequences: int, values: int, model: str | None, version: str | None, posted: Posted | None = None
    ) -> Price:
        """The price of next values."""
        return price(self._readers(values, model, version, posted), sequences, values)

    def forecast(
        self,
        sequences: int,
        values: int,
        horizon: int,
        model: str | None,
        version: str | None,
        posted: Posted | None = None,
    ) -> Price:
        """The price of forecasts; whoever may answer is taken for the dearest that may."""
        readers = self._readers(values, model, version, posted)
        # As many forecasts of the past, each of as many steps as the later half has, and no more.
        checked = min(_PAST * sequences * horizon, _PAST * values)
        rows = sequences + checked // max(horizon, 1)
        found = price(readers, sequences, values, sorted(readers, key=step)[-1:], rows, horizon)
        return Price(found.microseconds + _ROLLING, values, found.fixed + _ROLLING)

    def compare(self, sequences: int, values: int, task: str, models: list[str] | None) -> Price:
        """The price of a comparison. Raises as :meth:`Catalog.of_task` does."""
        compared = self._catalog.of_task(task) if models is None else self._named(dict.fromkeys(models))
        writing = [model for model in compared if model.reading.writes]
        found = price([model for model in compared if not model.reading.writes], sequences, values)
        for model in writing:
            found = found.with_(_written(model, sequences, values, 1))
        return found

    def backtest(self, values: int, horizon: int, models: list[str] | None, posted: Posted | None = None) -> Price:
        """The price of a judgement from rolling origins."""
        judged = self._anybody(values, posted) if models is None else self._named(dict.fromkeys(models))
        origins = min(max(values // 2 - horizon + 1, 0), MOST_ORIGINS)
        read = price(judged, 1, values)
        continued = price((), 0, 0, judged, origins, horizon).microseconds + _JUDGEMENT
        return Price(read.microseconds + continued, values, read.fixed + continued)

    def inspect(self, values: int, model: str, version: str | None, times: int = 1) -> Price:
        """The price of looking into each step of one answer so many ``times``, and into what else is tried."""
        found = self._catalog.find(model, version)
        if found is None:
            return Price(0.0, values)
        steps = found.reading.looks_back(values)
        units = max(layer.units for layer in found.card.layers if layer.kind != "dense")
        looked = steps * (_LOOK + _UNIT_CUBED * units**3)
        tried = found.reading.tried(steps) * step(found)
        return Price(price((found,), 1, values).microseconds + times * looked + tried, values)

    def generate(self, sequences: int, values: int, beams: int, model: str, version: str | None) -> Price:
        """The price of what is written about so many sequences."""
        found = self._catalog.find(model, version)
        if found is None:
            return Price(0.0, values)
        return _written(found, sequences, values, beams)

    def _readers(self, values: int, model: str | None, version: str | None, posted: Posted | None) -> Sequence[Model]:
        if model is None:
            return self._anybody(values, posted)
        found = self._catalog.find(model, version)
        return () if found is None else (found,)

    def _anybody(self, values: int, posted: Posted | None) -> list[Model]:
        candidates = self._catalog.candidates
        if not candidates.own:
            return candidates.always
        if posted is None or values > _LOOKED_AT:
            return [*candidates.always, *candidates.own[:MOST_TRIED]]
        try:
            parts = [part for batch in batches(posted) if batch.kind == "values" for part in candidates.of(batch)]
        except InvalidInput:  # the engine will say so
            return candidates.always
        tried = {model.reference: model for _, models in parts for model in models}
        return list(tried.values())

    def _named(self, names: Iterable[str]) -> list[Model]:
        return [found for name in names if (found := self._catalog.find(name)) is not None]
