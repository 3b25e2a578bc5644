"""POST /v1/timeseries/forecast and GET /v1/timeseries/models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.errors import InvalidInput, Problem
from service.http.auth import needs
from service.http.body import parse
from service.http.codec import JSON, Call, Codec, Content
from service.http.deps import CatalogDep
from service.http.numbers import LONGEST_HORIZON, MOST_SEQUENCES, MOST_VALUES, Number
from service.inference import answers
from service.inference.questions import Forecast
from service.inference.rolling import HorizonCheck
from service.inference.seasons import Season
from service.inference.sequences import Sequence
from service.keys import Scope
from service.levels import written
from service.protocols.beside import require_time
from service.protocols.frequencies import later, season_of

_ANY_MODEL = "auto"
_MOST_QUANTILES = 100
# The names of frequencies here, as pandas has them.
_FREQUENCIES = {
    "second": "s",
    "S": "s",
    "minute": "min",
    "T": "min",
    "hour": "h",
    "H": "h",
    "day": "D",
    "D": "D",
    "week": "W",
    "W": "W",
    "month": "M",
    "M": "M",
    "quarter": "Q",
    "Q": "Q",
    "year": "Y",
    "Y": "Y",
}
Frequency = Literal[
    "second", "S", "minute", "T", "hour", "H", "day", "D", "week", "W", "month", "M", "quarter", "Q", "year", "Y"
]


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class TimeSeriesInput(_Tolerant):
    """One series, null where a value is missing."""

    type: Literal["univariate_time_series"]
    name: str
    series: Annotated[list[Number | None], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
    frequency: Frequency
    start_timestamp: str | None = None


class TimeSeriesOptions(_Tolerant):
    horizon: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)]
    quantiles: (
        Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(max_length=_MOST_QUANTILES, fail_fast=True)] | None
    ) = None


class TimeSeriesRequest(_Tolerant):
    """Series of one frequency, which tells their season."""

    model: str = Field(description="A served model; `auto` leaves the choice to the service.")
    inputs: Annotated[list[TimeSeriesInput], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)]
    options: TimeSeriesOptions

    def sequences(self) -> list[Sequence]:
        """The series, None at gaps.

        Raises:
            InvalidInput: there are too many values or several frequencies, or a start is no time.
        """
        if sum(len(each.series) for each in self.inputs) > MOST_VALUES:
            raise _wrong("inputs", f"at most {MOST_VALUES} values in all", "too_long")
        answered = len(self.inputs) * self.options.horizon
        if answered * (1 + len(self.options.quantiles or ()) / 10) > MOST_VALUES:
            raise _wrong("options.horizon", "fewer answers in all: series, steps ahead or quantiles", "too_long")
        if len({_FREQUENCIES[each.frequency] for each in self.inputs}) > 1:
            raise _wrong("inputs", "series of one frequency", "mixed_frequencies")
        for place, each in enumerate(self.inputs):
            require_time(each.start_timestamp, f"inputs.{place}.start_timestamp")
        return [cast("Sequence", each.series) for each in self.inputs]


@dataclass(frozen=True, slots=True)
class TimeSeriesForecast:
    """One continued series. `start_timestamp` is that of its first new value, empty where it cannot be told.

    `mean_forecast` is the answer, which is the median. The last five are this service's own, as `/forecast` has them.
    """

    type: str
    name: str
    mean_forecast: list[float]
    frequency: str
    start_timestamp: str
    quantiles: dict[str, list[float]] | None
    model: str
    version: str | None
    check: HorizonCheck | None
    warnings: list[str]
    season: Season | None


@dataclass(frozen=True, slots=True)
class TimeSeriesOutput:
    """All continued series, in the order of the inputs."""

    type: str
    id: str
    status: str
    content: list[TimeSeriesForecast]
    error: None = None


@dataclass(frozen=True, slots=True)
class TimeSeriesResponse:
    """The answer; `created_at` in seconds since the epoch."""

    id: str
    created_at: int
    status: str
    model: str
    outputs: list[TimeSeriesOutput]
    error: None = None
    usage: None = None


class ForecastCodec(Codec[TimeSeriesRequest]):
    path = "/v1/timeseries/forecast"
    routes = (path,)
    tag = "timeseries"
    payload = TimeSeriesRequest
    response = TimeSeriesResponse
    summary = "Continue series, by KServe's time series API"
    example = {  # noqa: RUF012  # overrides an instance attribute
        "model": "auto",
        "inputs": [
            {
                "type": "univariate_time_series",
                "name": "sales",
                "series": [10.0, 12.0, 14.5, 11.0, 13.0, 15.5, 12.0, 14.0, 16.5],
                "frequency": "Q",
                "start_timestamp": "2022-03-31T00:00:00",
            }
        ],
        "options": {"horizon": 2, "quantiles": [0.1, 0.9]},
    }

    def read(self, call: Call) -> TimeSeriesRequest:
        return parse(TimeSeriesRequest, call.body)

    def question(self, payload: TimeSeriesRequest, call: Call) -> Forecast:
        model = None if payload.model == _ANY_MODEL else payload.model
        season, quantiles = season_of(_FREQUENCIES[payload.inputs[0].frequency]), tuple(payload.options.quantiles or ())
        return Forecast(payload.sequences(), model, None, payload.options.horizon, (), quantiles, season)

    def write(self, found: list[answers.Forecast], payload: TimeSeriesRequest, call: Call) -> Content:
        content = [_told(each, posted, payload) for each, posted in zip(found, payload.inputs, strict=True)]
        output = TimeSeriesOutput("time_series_forecast", call.request_id, "completed", content)
        created = call.time // 1_000_000
        answer = TimeSeriesResponse(call.request_id, created, "completed", payload.model, [output])
        return Content(orjson.dumps(answer), JSON)

    def located(self, error: InvalidInput, payload: TimeSeriesRequest) -> InvalidInput:
        problems = tuple(replace(each, where=each.where.replace("sequences.", "inputs.")) for each in error.problems)
        return InvalidInput(error.detail, code=error.code, problems=problems, parts=error.parts)


router = APIRouter(prefix="/v1/timeseries", tags=["timeseries"])


@router.get("/models", summary="Names that `model` may have")
@needs(Scope.predict)
async def models(catalog: CatalogDep) -> list[str]:
    return [_ANY_MODEL, *sorted(model.card.name for model in catalog if model.reading.forecasts)]


def _told(found: answers.Forecast, posted: TimeSeriesInput, payload: TimeSeriesRequest) -> TimeSeriesForecast:
    start = None
    if posted.start_timestamp is not None:
        start = later(posted.start_timestamp, _FREQUENCIES[posted.frequency], len(posted.series))
    quantiles: dict[str, Any] | None = None
    if payload.options.quantiles is not None and found.quantiles is not None:
        quantiles = {written(level): found.quantiles[written(level)] for level in payload.options.quantiles}
    return TimeSeriesForecast(
        posted.type,
        posted.name,
        found.values,
        posted.frequency,
        start or "",
        quantiles,
        found.model,
        found.version,
        found.check,
        found.warnings,
        found.season,
    )


def _wrong(where: str, expected: str, code: str) -> InvalidInput:
    return InvalidInput(f"{where}: expected {expected}", code=code, problems=(Problem(where, expected),))
