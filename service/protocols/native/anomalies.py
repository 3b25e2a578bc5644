"""What `/anomalies` reads and answers: which values of a sequence are odd, and where its level changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import Field

from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_VALUES
from service.inference import past
from service.inference.answers import Anomalies, Shift
from service.inference.check import Check
from service.inference.rolling import HorizonCheck
from service.inference.seasons import Season
from service.protocols.native.schemas import ModelPayload, SeasonPayload, SequencesPayload

_RATE = 0.01


class AnomaliesRequest(ModelPayload, SequencesPayload, SeasonPayload):
    """What `/anomalies` reads."""

    flag_rate: Annotated[float, Field(ge=0.0001, le=0.5)] | None = Field(
        default=None,
        description="The share of values to flag, the oddest that were at the time; 0.01 when left out with `level`.",
    )
    level: Annotated[float, Field(gt=0, lt=100)] | None = Field(
        default=None,
        description="Of the interval in percent outside of which a value is flagged; instead of `flag_rate`.",
    )
    last: Annotated[int, Field(ge=1, le=MOST_VALUES)] | None = Field(
        default=None,
        description="How many of the last values to judge, by the errors before them; all when left out.",
    )

    def question(self) -> past.Anomalies:
        """What is asked.

        Raises:
            InvalidInput: also for both of flag_rate and level.
        """
        if self.flag_rate is not None and self.level is not None:
            expected = "at most one of flag_rate and level"
            raise InvalidInput(f"expected {expected}", code="one_of", problems=(Problem("level", expected),))
        level = 100.0 * (1.0 - (_RATE if self.flag_rate is None else self.flag_rate))
        model, version = self.named()
        return past.Anomalies(
            self.posted(), model, version, self.level or level, self.last or 0, self.told(), self.level is None
        )


@dataclass(frozen=True)
class Point:
    """One value beside what was expected of it one step before: `p` is the share of errors that are as large.

    `value` and `p` are null at a gap.
    """

    step: int
    value: float | None
    expected: float
    interval: tuple[float, float]
    p: float | None
    flag: bool


@dataclass(frozen=True)
class SequenceAnomalies:
    """The values of one sequence from the first that could be judged, and its lasting changes of level.

    A shift is at a flagged place from which on the values lie by `size` above what was expected.
    """

    model: str
    version: str | None
    season: Season | None
    points: list[Point]
    shifts: list[Shift]
    check: Check | HorizonCheck | None
    warnings: list[str]


@dataclass(frozen=True)
class AnomaliesResponse:
    """What is odd about each of the posted sequences, in their order."""

    request_id: str
    anomalies: list[SequenceAnomalies]

    @staticmethod
    def of(request_id: str, found: list[Anomalies], payload: AnomaliesRequest) -> AnomaliesResponse:
        """The answer to ``payload``."""
        posted = cast("list[list[float | None]]", payload.posted())
        return AnomaliesResponse(request_id, [*map(_told, found, posted)])


def _told(found: Anomalies, sequence: list[float | None]) -> SequenceAnomalies:
    (band,) = (found.intervals or {}).values()
    columns = sequence[found.first :], found.values, zip(band.lower, band.upper, strict=True), found.p, found.flags
    points = [*map(Point, range(found.first, len(sequence)), *columns)]
    of = found.shifts, found.check, found.warnings
    return SequenceAnomalies(found.model, found.version, found.season, points, *of)
