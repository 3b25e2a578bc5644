"""What the routes of streams read and answer: strict payloads, and the records that answers are written from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from service.http.errors import Problem
from service.http.numbers import Number, Seasons
from service.inference.answers import Forecast, Prediction
from service.request_log.rows import as_time
from service.request_log.streams import Stream
from service.streams.definition import LONGEST_WINDOW, NAME, SHORTEST_WINDOW, Definition
from service.streams.following import definition_of
from service.streams.judging import Arrived, Drift

MOST_VALUES, MOST_STREAMS, MOST_LEVELS = 10_000, 1000, 20
MANY = "values"  # no stream's name: the path of many streams
_LATEST = 2**53

Name = Annotated[str, Field(pattern=NAME)]
Level = Annotated[float, Field(gt=0, lt=100)]
_Share = Annotated[float, Field(ge=0.0001, le=0.5)]


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StreamRequest(_Payload):
    """What a stream is to be."""

    model: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="A served next-value model; the general one when left out. It stays the stream's own."
    )
    version: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="A version of `model`; the highest when left out. It stays the stream's own."
    )
    season: Seasons | None = Field(
        default=None, description="The season in steps, or two; 1 for none. Left out, it is found in what came last."
    )
    window: int = Field(
        default=256,
        ge=SHORTEST_WINDOW,
        le=LONGEST_WINDOW,
        description="W: each answer reads the last W to 2 W values, as `/predict` would, so that it follows a change.",
    )
    levels: Annotated[list[Level], Field(min_length=1, max_length=MOST_LEVELS)] = Field(
        default=[90.0], description="Levels of the prediction intervals in percent."
    )
    flag_rate: _Share | None = Field(
        default=0.01, description="The share of values that are to be flagged as odd; null flags none."
    )
    drift: _Share | None = Field(
        default=0.01,
        description="The chance of ever saying that errors drift where nothing changes; null says nothing.",
    )

    def definition(self) -> Definition:
        """What is asked for."""
        season = () if self.season is None else (self.season,) if isinstance(self.season, int) else tuple(self.season)
        of = self.model, self.version, season, self.window, tuple(sorted(self.levels))
        return Definition(*of, self.flag_rate, self.drift)


class ValuesRequest(_Payload):
    """The next values of a stream."""

    seq: int = Field(ge=0, le=_LATEST, description="The number of the first of these values; a stream's first has 0.")
    values: Annotated[list[Number | None], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)] = Field(
        description="Numbers, oldest first; null is a gap."
    )


class StreamValues(ValuesRequest):
    """The next values of one of many streams."""

    stream: Name = Field(description="Its name.")


class ManyRequest(_Payload):
    """The next values of many streams."""

    streams: Annotated[list[StreamValues], Field(min_length=1, max_length=MOST_STREAMS, fail_fast=True)]


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream: what it was asked to be, and which value it expects next."""

    stream: str
    model: str
    version: str
    season: list[int]
    window: int
    levels: list[float]
    flag_rate: float | None
    drift: float | None
    next: int
    created: datetime
    closed: datetime | None

    @staticmethod
    def of(stream: Stream) -> StreamState:
        """As it is on record."""
        its = definition_of(stream)
        return StreamState(
            stream.name,
            stream.model,
            stream.version,
            [*its.season],
            its.window,
            [*its.levels],
            its.flag_rate,
            its.drift,
            stream.next,
            as_time(stream.created),
            None if stream.closed is None else as_time(stream.closed),
        )


@dataclass(frozen=True, slots=True)
class StreamPage:
    """Streams by name; ``next`` is the ``cursor`` of the page after this one, null where there is none."""

    streams: list[StreamState]
    next: str | None


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """What is answered to one value: how it compares with what had been foretold, and what comes next.

    ``arrived`` is null at a gap and where nothing had been foretold, ``prediction`` where too few values are known,
    ``drift`` where it is not asked for.
    """

    seq: int
    arrived: Arrived | None
    prediction: Prediction | None
    drift: Drift | None


@dataclass(frozen=True, slots=True)
class ValuesResponse:
    """The answers to the posted values, which are on record; ``replayed`` says that they all were before."""

    request_id: str
    stream: str
    seq: int
    next: int
    replayed: bool
    answers: list[StreamAnswer]


@dataclass(frozen=True, slots=True)
class StreamResult:
    """What became of the values of one of many streams; without ``problem`` they are on record."""

    stream: str
    seq: int
    next: int | None
    replayed: bool | None
    answers: list[StreamAnswer] | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class ManyResponse:
    """A result for each of the posted streams, in their order."""

    request_id: str
    results: list[StreamResult]


@dataclass(frozen=True, slots=True)
class StoredAnswer(StreamAnswer):
    """A value on record and what was answered to it."""

    time: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class ValuesPage:
    """Values on record, oldest first; ``next`` is the ``from`` of the page after this one, null where there is none."""

    stream: str
    values: list[StoredAnswer]
    next: int | None


@dataclass(frozen=True, slots=True)
class StreamForecast:
    """What follows the last value of a stream, as ``/forecast`` says of the values that its answer read."""

    request_id: str
    stream: str
    seq: int
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Removed:
    """How many values went with the stream."""

    deleted: int


EXAMPLE: dict[str, Any] = {"model": "sine-gru", "window": 256, "levels": [90], "flag_rate": 0.01, "drift": 0.01}


def shown_value(time: int, value: float | None, answer: bytes) -> bytes:
    """A value on record as JSON: its answer, and itself."""
    return orjson.dumps({"time": as_time(time), "value": value}, option=orjson.OPT_UTC_Z)[:-1] + b"," + answer[1:]
