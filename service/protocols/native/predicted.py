"""Next values and forecasts: what `/predict` and `/forecast` read, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from service.errors import InvalidInput, Problem
from service.http.numbers import LONGEST_HORIZON, MOST_VALUES
from service.inference import questions
from service.inference.answers import Forecast, Prediction
from service.inference.sequences import Sequence
from service.protocols.native.covariates import PostedBeside, beside_of
from service.protocols.native.schemas import ModelPayload, SpreadPayload


class PredictRequest(ModelPayload, SpreadPayload):
    """What `/predict` reads."""

    def question(self) -> questions.Predict:
        return questions.Predict(self.posted(), *self.named(), *self.spread(), self.told())


class ForecastRequest(ModelPayload, SpreadPayload):
    """What `/forecast` reads."""

    horizon: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = Field(description="How many values to continue for.")

    covariates: PostedBeside | None = Field(
        default=None,
        description="What stands beside the sequence, or a list of that for each of `sequences`, where the named model "
        "was trained with covariates. `GET /models/{name}` tells their names, kinds and categories.",
    )

    def posted(self) -> list[Sequence]:
        sequences = super().posted()
        if len(sequences) * self.horizon > MOST_VALUES:
            expected = f"at most {MOST_VALUES} answers in all: fewer sequences or a shorter horizon"
            raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("horizon", expected),))
        return sequences

    def question(self) -> questions.Forecast:
        sequences = self.posted()
        beside = beside_of(self.covariates, None if self.is_single() else len(sequences), self.horizon)
        return questions.Forecast(sequences, *self.named(), self.horizon, *self.spread(), self.told(), beside)


@dataclass(frozen=True)
class PredictResponse:
    """The answers, in the order of the posted sequences; `model` and `version` are null when each was chosen."""

    request_id: str
    model: str | None
    version: str | None
    predictions: list[Prediction]

    @staticmethod
    def of(request_id: str, found: list[Prediction], payload: PredictRequest) -> PredictResponse:
        """The answer to ``payload``."""
        if payload.model is None:
            return PredictResponse(request_id, None, None, found)
        return PredictResponse(request_id, found[0].model, found[0].version, found)


@dataclass(frozen=True)
class ForecastResponse:
    """The continued sequences, in the order they were posted."""

    request_id: str
    forecasts: list[Forecast]

    @staticmethod
    def of(request_id: str, found: list[Forecast], _: object) -> ForecastResponse:
        """The answer that says what was ``found``."""
        return ForecastResponse(request_id, found)
