"""Questions about a series' own past: what would have been said of each value before it came, and which are odd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from service.inference import answers
from service.inference.anomalies import MOST_READINGS
from service.inference.engine import Engine
from service.inference.price import Price, Prices
from service.inference.questions import Answer, Question, references


@dataclass(slots=True)
class History(Question[list[answers.History]]):
    """What the model, or whatever does best on each sequence, would have said of each value one step before."""

    model: str | None
    version: str | None
    levels: tuple[float, ...] = ()
    season: tuple[int, ...] = ()

    def price(self, prices: Prices) -> Price:
        return prices.predict(len(self.sequences), self.values, self.model, self.version, self.sequences).times(2)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[list[answers.History]]]:
        (asked,) = questions
        found = engine.history(asked.sequences, asked.model, asked.version, asked.levels, asked.season)
        return [asked._answer(found, engine.catalog.task(asked.model), references(found))]


@dataclass(slots=True)
class Anomalies(Question[list[answers.Anomalies]]):
    """Which of the ``last`` values (0: of all) are outside of their intervals of ``level`` percent.

    If ``adaptive``, a share of 1 - level / 100 of them, whatever comes.
    """

    model: str | None
    version: str | None
    level: float
    last: int = 0
    season: tuple[int, ...] = ()
    adaptive: bool = False

    def price(self, prices: Prices) -> Price:
        read = prices.predict(len(self.sequences), self.values, self.model, self.version, self.sequences)
        return read.times(1 + MOST_READINGS)

    @classmethod
    def answers(cls, engine: Engine, questions: list[Self]) -> list[Answer[list[answers.Anomalies]]]:
        (asked,) = questions
        of = asked.model, asked.version, asked.last, asked.season
        found = engine.anomalies(asked.sequences, asked.level, *of, adaptive=asked.adaptive)
        return [asked._answer(found, engine.catalog.task(asked.model), references(found))]
