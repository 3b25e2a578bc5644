"""Payloads of TimeGPT's API, and the records that its answers are written from.

Unknown keys are tolerated, since each version of the client adds some; what would change an answer and is not done here
is refused, with what to leave out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field, Tag

from service.http.numbers import LONGEST_HORIZON, MOST_NUMBERS, MOST_VALUES
from service.inference.answers import Shift
from service.inference.check import Check
from service.inference.rolling import HorizonCheck
from service.inference.seasons import Season
from service.protocols.frequencies import season_of
from service.protocols.nixtla.series import NO_FEATURES, PostedSeries, Tolerant, require_few, wrong

MOST_LEVELS = 100
# Names of models that the client has of its own accord, or as its users know them.
_ANY_MODEL = ("timegpt", "azureai", "auto")

_Percent = Annotated[float, Tag("number")] | Annotated[int, Tag("number")]  # 80 keeps its name
_Level = Annotated[_Percent, Field(ge=0, lt=100)]
_Positive = Annotated[int, Field(ge=1, le=MOST_VALUES)]


class JobOptions(Tolerant):
    """How a job is to be run."""

    timeout_seconds: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="After so long without an answer the job has failed."
    )


class AskedOfSeries(Tolerant):
    """What every computing call has."""

    # What the service does not do, each with the only value that asks for nothing.
    _nothing: ClassVar[dict[str, tuple[Any, ...]]] = {
        "finetune_steps": (0, None),
        "feature_contributions": (False, None),
        "multivariate": (False, None),
        "model_parameters": (None,),
    }

    series: PostedSeries
    model: str = Field(
        default="auto", description="A served model; `auto` and the names of TimeGPT's leave the choice to the service."
    )
    freq: str | None = Field(default=None, description="The frequency as pandas writes it, which tells the season.")
    finetune_steps: int | None = 0
    finetuned_model_id: str | None = Field(
        default=None, description="A model that `finetune` made, which answers in the place of `model`."
    )
    feature_contributions: bool | None = False
    multivariate: bool | None = False
    model_parameters: Any = None
    job_options: JobOptions | None = Field(default=None, description="Of a call that is answered later.")

    def named(self) -> str | None:
        """The model that is named, None where the choice is left to the service."""
        if self.finetuned_model_id is not None:
            return self.finetuned_model_id
        return None if self.model.lower().startswith(_ANY_MODEL) else self.model

    def levels(self) -> dict[str, float]:
        """The levels of intervals in percent by their names in the answer; raises InvalidInput for too many."""
        return {}

    def season(self) -> tuple[int, ...]:
        """What the frequency says of the season; see :func:`season_of`."""
        return season_of(self.freq)

    def require_nothing_else(self) -> None:
        """Refuse what is not done here.

        Raises:
            InvalidInput: says what to leave out.
        """
        for name, nothing in self._nothing.items():
            if getattr(self, name) not in nothing:
                instead = ", or finetune first" if name == "finetune_steps" else ""
                raise wrong(name, f"no {name}, which is not done here: leave it out{instead}", "not_offered")
        if (self.series.X or self.series.X_future) and not self.takes_features():
            raise wrong("series.X", NO_FEATURES, "not_offered")

    def takes_features(self) -> bool:
        """Whether features may stand beside the series: of a named model, where it is asked to forecast."""
        return False


class NixtlaFinetuneRequest(AskedOfSeries):
    """What `/nixtla/v2/finetune` reads."""

    _nothing: ClassVar[dict[str, tuple[Any, ...]]] = {"multivariate": (False, None), "model_parameters": (None,)}

    finetune_steps: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=10, description="Kept on record, and no more: the correction is solved in closed form."
    )
    finetune_depth: int = Field(default=1, description="1: what is corrected is the last layer.")
    finetune_loss: str = Field(default="default", description="`default` or `mae`.")
    output_model_id: str | None = Field(
        default=None, description="The new model's id, of a-z, 0-9 and -; without one it follows from the request."
    )

    def require_nothing_else(self) -> None:
        """Refuse also what no correction in closed form of the last layer is."""
        super().require_nothing_else()
        if self.finetune_depth != 1:
            raise wrong("finetune_depth", "1: the last layer is corrected, and no more", "not_offered")
        if self.finetune_loss not in ("default", "mae"):
            raise wrong("finetune_loss", "default or mae: absolute errors are what is minimised", "not_offered")


class _ManyLevels(AskedOfSeries):
    level: Annotated[list[_Level], Field(max_length=1000)] | None = Field(
        default=None, description="Levels of the intervals in percent, as 80 or 97.5; duplicates are one."
    )

    def levels(self) -> dict[str, float]:
        found = {str(level): float(level) for level in self.level or ()}
        if len(found) > MOST_LEVELS:
            raise wrong("level", f"at most {MOST_LEVELS} different levels", "too_many_levels")
        return found


class NixtlaForecastRequest(_ManyLevels):
    """What `/nixtla/v2/forecast` reads."""

    h: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = Field(description="How many values to continue for.")

    def takes_features(self) -> bool:
        return self.named() is not None


class NixtlaCrossValidationRequest(_ManyLevels):
    """What `/nixtla/v2/cross_validation` reads: windows of h values, or with `full_history` every value one ahead."""

    h: _Positive
    n_windows: _Positive = 1
    step_size: _Positive | None = None
    full_history: bool = False

    def takes_features(self) -> bool:
        return self.named() is not None and not self.full_history

    def known(self) -> list[list[int]]:
        """How many values of each series are known before each of its windows, earliest first.

        Raises:
            InvalidInput: a series is too short, or the horizon too long.
        """
        if self.h > LONGEST_HORIZON:
            raise wrong("h", f"at most {LONGEST_HORIZON}", "out_of_range")
        step = self.step_size or self.h
        last = step * (self.n_windows - 1)
        for place, size in enumerate(self.series.sizes):
            if size - self.h - last < 1:
                expected = f"at least {self.h + last + 1} values in each series for those windows"
                raise wrong(f"series.sizes.{place}", expected, "sequence_too_short")
        return [list(range(size - self.h - last, size - self.h + 1, step)) for size in self.series.sizes]


class NixtlaHistoryRequest(_ManyLevels):
    """What `/nixtla/v2/historic_forecast` reads."""


class _OneLevel(AskedOfSeries):
    level: Annotated[_Percent, Field(gt=0, lt=100)] = Field(
        default=99, description="Of the interval outside of which a value is an anomaly, in percent."
    )

    def levels(self) -> dict[str, float]:
        return {str(self.level): float(self.level)}


class NixtlaAnomaliesRequest(_OneLevel):
    """What `/nixtla/v2/anomaly_detection` reads."""


class NixtlaOnlineAnomaliesRequest(_OneLevel):
    """What `/nixtla/v2/online_anomaly_detection` reads: the last `detection_size` values are judged."""

    h: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)]
    detection_size: _Positive
    step_size: _Positive | None = None
    threshold_method: str = "univariate"

    def require_nothing_else(self) -> None:
        """Refuse also thresholds over several series, and windows that lie over each other."""
        super().require_nothing_else()
        if self.threshold_method != "univariate":
            raise wrong("threshold_method", "univariate", "not_offered")
        if self.step_size not in (None, self.h):
            raise wrong("step_size", "the same as h, or none", "not_offered")

    def known(self) -> list[list[int]]:
        """How many values of each series are known before each window of h that is judged, earliest first.

        Raises:
            InvalidInput: a series is too short.
        """
        windows = -(-self.detection_size // self.h)
        for place, size in enumerate(self.series.sizes):
            if size - windows * self.h < 1:
                expected = f"at least {windows * self.h + 1} values in each series: a smaller detection_size"
                raise wrong(f"series.sizes.{place}", expected, "sequence_too_short")
        return [list(range(size - windows * self.h, size, self.h)) for size in self.series.sizes]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who answered a series, under which season, and how well; clients of this API leave it aside."""

    model: str
    version: str | None
    check: Check | HorizonCheck | None
    warnings: list[str]
    season: Season | None


@dataclass(frozen=True)
class _Answered:
    """`intervals` are null where no level was asked for, and a bound is null where there is no interval.

    `evidence` has one entry for each series.
    """

    mean: list[float]
    intervals: dict[str, list[float | None]] | None
    input_tokens: int
    output_tokens: int
    finetune_tokens: int
    request_id: str
    evidence: list[Evidence]


@dataclass(frozen=True)
class NixtlaForecastResponse(_Answered):
    """The continued series, one after the other."""

    weights_x: None = None
    feature_contributions: None = None


@dataclass(frozen=True)
class _OfRows(_Answered):
    """`sizes` are how many values of each series are answered, `idxs` at which places of the posted `y`."""

    sizes: list[int]
    idxs: list[int]


@dataclass(frozen=True)
class NixtlaCrossValidationResponse(_OfRows):
    """What would have been said of values when they were not known yet."""

    feature_contributions: None = None


@dataclass(frozen=True)
class NixtlaAnomaliesResponse(_OfRows):
    """Which values are outside of their intervals.

    `anomaly_score` says how far from its answer a value is, in units of its interval on that side: above 1 it is
    outside; null at a gap, and where there is no interval. `p` is how large a share of the series' errors is as large,
    null in windows of several steps; `shifts` has one entry for each series, its lasting changes of level.
    """

    anomaly: list[bool]
    anomaly_score: list[float | None]
    p: list[float | None]
    shifts: list[list[Shift]]
    accumulated_anomaly_score: None = None
    weights_x: None = None


def require_room(answered: int, levels: int) -> None:
    """Refuse so many ``answered`` values with so many ``levels`` where an answer would be too large."""
    require_few("h", answered, MOST_VALUES, "answers in all: fewer series, windows or steps ahead")
    require_few("level", answered * (1 + 2 * levels), MOST_NUMBERS, "numbers in the answer: fewer levels or series")
