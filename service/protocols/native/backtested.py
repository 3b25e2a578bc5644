"""Forecasts of a known past: what `/backtest` reads, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import Field

from service.http.numbers import LONGEST_HORIZON
from service.inference import questions
from service.inference.answers import Backtest
from service.inference.sequences import Sequence
from service.protocols.native.covariates import PostedCovariates, beside_of
from service.protocols.native.schemas import Identified, Name, PostedSequence, SeasonPayload


class BacktestRequest(SeasonPayload):
    """What `/backtest` reads."""

    sequence: PostedSequence = Field(description="Numbers, oldest first; the later half is what is foretold.")
    models: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Next-value models to judge; all that an answer without a model's name may come from when left "
        "out. The rules are always judged.",
    )
    horizon: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = Field(
        description="How many steps ahead to judge; at most half as many as there are values."
    )

    covariates: PostedCovariates | None = Field(
        default=None,
        description="What stands beside the sequence, columns known ahead as long as it, for those of `models` that "
        "were trained with covariates.",
    )

    def question(self) -> questions.Backtest:
        beside = beside_of(self.covariates, None, 0)
        return questions.Backtest([cast("Sequence", self.sequence)], self.horizon, self.models, self.told(), beside)


@dataclass(frozen=True)
class BacktestResponse(Backtest, Identified):
    """How models and rules would have done on the later half of a series, one entry per name and steps ahead.

    `origins` forecasts were made, the first with `first` values known and the last with `last`; `scale` is the naive
    rule's one-step error on those `first` values, which `mase` is in units of. `warnings` say why `mase` or `coverage`
    is null where it could be a number.
    """
