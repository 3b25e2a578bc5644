"""What can be asked of the models, in no protocol's words: a protocol turns bytes into these and answers into bytes.

Each question knows its price, its answer, which questions may be answered together with it, and what the request log
says of the answer. Knows no HTTP and no SQL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Generic, Self, TypeVar

from service.covariates import Beside
from service.inference import answers
from service.inference.ablation import Off
from service.inference.engine import Engine
from service.inference.inspection import Inspection
from service.inference.price import Price, Prices
from service.inference.sequences import SHORT, Rows, Sequence, kind_of, listed
from service.inference.writing import PLAIN, Manner
from service.inference.written_answers import Generated

Found = TypeVar("Found")
Each = TypeVar("Each")
AnyQuestion = TypeVar("AnyQuestion", bound="Question[Any]")


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there is one for every request
class Answer(Generic[Found]):
    """What was ``found``, and what the log says of it.

    ``models`` is everyone who had a part, ``name/version`` or ``rule:name``; ``sequences`` and ``values`` are how many
    were asked about.
    """

    found: Found
    task: str | None
    models: tuple[str, ...]
    sequences: int
    values: int


@dataclass(slots=True)
class Question(ABC, Generic[Found]):
    """Something about ``sequences``, of so many ``values`` in all."""

    sequences: list[Sequence] | Rows
    values: int = field(init=False)

    def __post_init__(self) -> None:
        rows = self.sequences
        self.values = int(rows.lengths.sum()) if isinstance(rows, Rows) else sum(map(len, rows))

    @abstractmethod
    def price(self, prices: Prices) -> Price:
        """What the answer will cost. Raises what :class:`Prices` raises."""

    @classmethod
    @abstractmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[Found]]:
        """The answer to each of several questions that join, or to one; raises where the engine has none for one."""

    def joins(self) -> Hashable | None:
        """What questions that may be answered together with this one have in common; None for it alone."""
        return None

    def _answer(self, found: Found, task: str | None, models: tuple[str, ...]) -> Answer[Found]:
        return Answer(found, task, models, len(self.sequences), self.values)


@dataclass(slots=True)
class NextValues(Question[answers.NextValues]):
    """The next values that one model says, with nothing else about each but ``quantiles``, if any are asked for."""

    model: str
    version: str | None
    season: tuple[int, ...] = ()
    quantiles: tuple[float, ...] = ()

    def price(self, prices: Prices) -> Price:
        return prices.predict(len(self.sequences), self.values, self.model, self.version)

    def joins(self) -> Hashable | None:
        return _short(self, self.model, self.version, self.season, self.quantiles)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[answers.NextValues]]:
        first = questions[0]
        of = first.model, first.version, first.season, first.quantiles
        found = engine.next_values(_all(questions), *of)
        task, models = engine.catalog.task(first.model), (f"{found.model}/{found.version}",)
        columns = found.values, found.verdicts, found.quantiles
        rows = zip(questions, *(_parts(column, questions) for column in columns), strict=True)
        return [
            question._answer(answers.NextValues(found.model, found.version, *its), task, models)
            for question, *its in rows
        ]


@dataclass(slots=True)
class Predict(Question[list[answers.Prediction]]):
    """The next values of the model, or of whatever does best on each sequence, with the evidence for each."""

    model: str | None
    version: str | None
    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    season: tuple[int, ...] = ()

    def price(self, prices: Prices) -> Price:
        return prices.predict(len(self.sequences), self.values, self.model, self.version, self.sequences)

    def joins(self) -> Hashable | None:
        return _short(self, self.model, self.version, self.levels, self.quantiles, self.season)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[list[answers.Prediction]]]:
        first = questions[0]
        of = first.model, first.version, first.levels, first.quantiles, first.season
        found = engine.predict(_all(questions), *of)
        task = engine.catalog.task(first.model)
        rows = zip(questions, _parts(found, questions), strict=True)
        return [question._answer(part, task, references(part)) for question, part in rows]


@dataclass(slots=True)
class Forecast(Question[list[answers.Forecast]]):
    """The next ``horizon`` values, else as :class:`Predict`."""

    model: str | None
    version: str | None
    horizon: int
    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    season: tuple[int, ...] = ()
    covariates: Beside | None = None

    def price(self, prices: Prices) -> Price:
        count, values = len(self.sequences), self.values
        return prices.forecast(count, values, self.horizon, self.model, self.version, self.sequences)

    def joins(self) -> Hashable | None:
        if self.covariates is not None:
            return None  # what stands beside each sequence has its places
        return _short(self, self.model, self.version, self.horizon, self.levels, self.quantiles, self.season)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[list[answers.Forecast]]]:
        first = questions[0]
        of = first.model, first.version, first.levels, first.quantiles, first.season, first.covariates
        found = engine.forecast(_all(questions), first.horizon, *of)
        task = engine.catalog.task(first.model)
        rows = zip(questions, _parts(found, questions), strict=True)
        return [question._answer(part, task, references(part)) for question, part in rows]


@dataclass(slots=True)
class Compare(Question[answers.Comparison]):
    """The models of a task side by side, held against the ``targets`` where they are known, one for each sequence.

    ``chosen`` is to say also who answers each sequence when no model is named.
    """

    task: str
    targets: list[float] | list[str] | None
    models: list[str] | None
    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    season: tuple[int, ...] = ()
    chosen: bool = False

    def price(self, prices: Prices) -> Price:
        size = len(self.sequences), self.values
        compared = prices.compare(*size, self.task, self.models)
        return compared.with_(prices.predict(*size, None, None)) if self.chosen else compared

    def joins(self) -> Hashable | None:
        if self.targets is not None and len(self.targets) != 1:
            return None  # one that does not fit
        if isinstance(listed(self.sequences)[0], str) or (self.targets and isinstance(self.targets[0], str)):
            return None  # what is written takes a call for each symbol
        of = self.task, tuple(self.models or ()), self.levels, self.quantiles, self.season, self.chosen
        return _short(self, *of, self.targets is None)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[answers.Comparison]]:
        first = questions[0]
        sequences = listed(_all(questions))
        spread = first.levels, first.quantiles, first.season
        if len(questions) == 1:
            found = [engine.compare(first.task, sequences, first.targets, first.models, *spread)]
        else:
            known = [float(target) for each in questions for target in each.targets or ()]
            targets = None if first.targets is None else known
            found = engine.compare_each(first.task, sequences, targets, first.models, *spread)
        if first.chosen:
            told = engine.predict(sequences, levels=(), season=first.season)
            chosen = [answers.Chosen(each.value, each.model, each.version) for each in told]
            parts = zip(found, _parts(chosen, questions), strict=True)
            found = [replace(each, chosen=part) for each, part in parts]
        return [
            question._answer(each, each.task, _of_comparison(each))
            for question, each in zip(questions, found, strict=True)
        ]


@dataclass(slots=True)
class Backtest(Question[answers.Backtest]):
    """What models and rules would have forecast of the later half of one sequence."""

    horizon: int
    models: list[str] | None
    season: tuple[int, ...] = ()
    covariates: Beside | None = None

    def price(self, prices: Prices) -> Price:
        return prices.backtest(self.values, self.horizon, self.models, self.sequences)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[answers.Backtest]]:
        (asked,) = questions
        of = asked.horizon, asked.models, asked.season, asked.covariates
        found = engine.backtest(listed(asked.sequences)[0], *of)
        judged = [each for each in found.backtests if isinstance(each, answers.ModelBacktest) and each.horizon == 1]
        served = [engine.catalog.find(each.model, each.version) for each in judged]
        tasks = {model.card.task for model in served if model is not None}
        return [asked._answer(found, tasks.pop() if len(tasks) == 1 else None, references(judged))]


@dataclass(slots=True)
class Inspect(Question[Inspection]):
    """What the answer of a model to one sequence came from, step by step."""

    model: str
    version: str | None
    off: Off | None = None
    season: tuple[int, ...] = ()

    def price(self, prices: Prices) -> Price:
        return prices.inspect(self.values, self.model, self.version, times=1 if self.off is None else 2)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[Inspection]]:
        (asked,) = questions
        found = engine.inspect(listed(asked.sequences)[0], asked.model, asked.version, asked.off, asked.season)
        return [asked._answer(found, engine.catalog.task(asked.model), references([found]))]


@dataclass(slots=True)
class Generate(Question[list[Generated]]):
    """What a model writes about each sequence."""

    model: str
    version: str | None
    manner: Manner = PLAIN

    def price(self, prices: Prices) -> Price:
        return prices.generate(len(self.sequences), self.values, self.manner.beams, self.model, self.version)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[list[Generated]]]:
        (asked,) = questions
        found = engine.generate_each(listed(asked.sequences), asked.model, asked.version, asked.manner)
        return [asked._answer(found, engine.catalog.task(asked.model), references(found))]


def references(found: Iterable[Any]) -> tuple[str, ...]:
    """Everyone who had a part in ``found``: ``name/version``, or ``rule:name``."""
    return tuple(sorted({f"{each.model}/{each.version}" if each.version else each.model for each in found}))


def _of_comparison(found: answers.Comparison) -> tuple[str, ...]:
    """Those compared, in their order, and whoever else was chosen."""
    compared = [f"{each.model}/{each.version}" for each in found.results]
    return tuple(dict.fromkeys([*compared, *references(found.chosen or ())]))


def _short(question: Question[Any], *common: Hashable) -> Hashable | None:
    """What ``question`` has in ``common`` with others if it is about one short sequence, and of which kind that is."""
    rows = question.sequences
    if len(rows) != 1 or question.values > SHORT:
        return None
    return (*common, rows.kind if isinstance(rows, Rows) else kind_of(rows[0]))


def _parts(found: list[Each], questions: list[AnyQuestion]) -> list[list[Each]]:
    """What was ``found`` for the sequences of all ``questions``, question by question."""
    rows = iter(found)
    return [list(islice(rows, len(question.sequences))) for question in questions]


def _all(questions: list[AnyQuestion]) -> list[Sequence] | Rows:
    """The sequences of all ``questions``, in their order."""
    if len(questions) == 1:
        return questions[0].sequences
    return [sequence for question in questions for sequence in listed(question.sequences)]
