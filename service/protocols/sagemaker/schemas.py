"""The bodies of DeepAR (`instances`) and of Chronos (`inputs`), as their containers on SageMaker take them.

Unknown keys are tolerated. A target may hold null, NaN or "NaN" where a value is missing.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, Tag

from service.covariates import Beside, Cell, Covariates
from service.errors import InvalidInput, Problem
from service.http.numbers import LONGEST_HORIZON, MOST_NUMBERS, MOST_SEQUENCES, MOST_VALUES
from service.inference.sequences import Sequence
from service.protocols.beside import require_time, wall_clock
from service.protocols.frequencies import season_of

# Where a request does not say how far: a DeepAR model knows it from its training, one that answers any series does not.
HORIZON = 12
MOST_SAMPLES = 1000
_MOST_QUANTILES = 100

_Horizon = Annotated[int, Field(ge=1, le=LONGEST_HORIZON)]
_Named = Annotated[dict[Annotated[str, Field(max_length=200)], list[Any]], Field(max_length=100)]
_Value = Annotated[float, Tag("number")] | Annotated[Literal["NaN"], Tag("text")] | None
Target = Annotated[list[_Value], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class DeepArInstance(_Tolerant):
    """One series; what its `dynamic_feat` has more than its target is how far it is to be continued."""

    target: Target
    start: str | None = None
    cat: Annotated[list[int], Field(max_length=1000)] | None = Field(
        default=None,
        description="The places of its categories among those of each static covariate, in the order of the model's "
        "card; a warning says where a model takes none.",
    )
    dynamic_feat: Annotated[list[list[Any]], Field(max_length=1000)] | None = Field(
        default=None,
        description="Known ahead, in the order of the model's card; of those a model without covariates reads the "
        "length only, and a warning says so.",
    )

    def surplus(self) -> int | None:
        """How many values its features know of the future; None without features."""
        return len(self.dynamic_feat[0]) - len(self.target) if self.dynamic_feat else None


class DeepArConfiguration(_Tolerant):
    """What is to be answered; `prediction_length` is this service's own."""

    num_samples: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 100
    output_types: Annotated[list[Literal["mean", "quantiles", "samples"]], Field(min_length=1, max_length=3)] = [
        "mean",
        "quantiles",
    ]
    quantiles: Annotated[list[str], Field(max_length=_MOST_QUANTILES)] = [f"0.{tenth}" for tenth in range(1, 10)]
    prediction_length: _Horizon | None = None


class ChronosInput(_Tolerant):
    """One series."""

    target: Target
    item_id: str | None = None
    start: str | None = None
    past_covariates: _Named | None = Field(
        default=None, description="Beside the target, by the names on the card of a model that takes covariates."
    )
    future_covariates: _Named | None = Field(
        default=None, description="Those of them that are known ahead: the steps after the target."
    )


class ChronosParameters(_Tolerant):
    prediction_length: _Horizon = 1
    quantile_levels: Annotated[list[float], Field(max_length=_MOST_QUANTILES)] = [0.1, 0.5, 0.9]
    freq: str | None = None


class Invocation(_Tolerant):
    """DeepAR's body or that of Chronos: exactly one of `instances` and `inputs`."""

    instances: (
        Annotated[list[DeepArInstance], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)] | None
    ) = None
    configuration: DeepArConfiguration = DeepArConfiguration()
    inputs: Annotated[list[ChronosInput], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)] | None = None
    parameters: ChronosParameters = ChronosParameters()

    def targets(self) -> list[Sequence]:
        """The series, None at gaps.

        Raises:
            InvalidInput: neither or both bodies, an infinite value, a start that is no time, or more than a request
                may hold.
        """
        if (self.instances is None) is (self.inputs is None):
            expected = "exactly one of instances (DeepAR) and inputs (Chronos)"
            raise _wrong("body", expected, "one_of")
        name = "instances" if self.instances is not None else "inputs"
        posted = [*(self.instances or ()), *(self.inputs or ())]
        for place, each in enumerate(posted):
            require_time(each.start, f"{name}.{place}.start")
        targets = [each.target for each in posted]
        if sum(map(len, targets)) > MOST_VALUES:
            raise _wrong(name, f"at most {MOST_VALUES} values in all", "too_long")
        return [_values(target, f"{name}.{place}") for place, target in enumerate(targets)]

    def horizons(self) -> list[int]:
        """How far each series is to be continued.

        Raises:
            InvalidInput: the features of one end before its target does, go on for too long, or differ in length.
        """
        if self.instances is None:
            return [self.parameters.prediction_length] * len(self.inputs or ())
        usual = self.configuration.prediction_length or HORIZON
        found = []
        for place, each in enumerate(self.instances):
            surplus = each.surplus()
            if surplus is not None and not 1 <= surplus <= LONGEST_HORIZON:
                expected = f"features for 1 to {LONGEST_HORIZON} steps after the target"
                raise _wrong(f"instances.{place}.dynamic_feat", expected, "out_of_range")
            if len(set(map(len, each.dynamic_feat or ()))) > 1:
                raise _wrong(f"instances.{place}.dynamic_feat", "features of one length", "covariates_length")
            found.append(usual if surplus is None else surplus)
        return found

    def beside(self, horizon: int) -> Beside:
        """What stands beside each target, for the longest ``horizon``: beyond its own the last entry is repeated."""
        if self.instances is None:
            return Beside(tuple(_of_chronos(each) for each in self.inputs or ()), horizon)
        found = []
        for each, own in zip(self.instances, self.horizons(), strict=True):
            columns = {
                str(place): [*column, *column[-1:] * (horizon - own)]
                for place, column in enumerate(each.dynamic_feat or ())
            }
            static: dict[str, Cell] = {str(place): code for place, code in enumerate(each.cat or ())}
            found.append(Covariates(columns, {}, static, wall_clock(each.start)))
        return Beside(tuple(found), horizon, ordered=True, optional=True)

    def season(self) -> tuple[int, ...]:
        """What the frequency says of the season, where there is one; see :func:`season_of`."""
        return season_of(self.parameters.freq)

    def quantiles(self) -> dict[str, float]:
        """Probabilities by the names that they have in the answer; raises InvalidInput for what is none."""
        if self.instances is None:
            found = {str(level): level for level in self.parameters.quantile_levels}
            where = "parameters.quantile_levels"
        else:
            asked = self.configuration.quantiles if "quantiles" in self.configuration.output_types else []
            found = {name: _number(name) for name in asked}
            where = "configuration.quantiles"
        if not all(0.0 < level < 1.0 for level in found.values()):
            raise _wrong(where, "probabilities between 0 and 1", "out_of_range")
        return found

    def sampled(self) -> tuple[float, ...]:
        """The probabilities that samples are taken at; none where none are asked for."""
        if self.instances is None or "samples" not in self.configuration.output_types:
            return ()
        count = self.configuration.num_samples
        return tuple((place + 0.5) / count for place in range(count))

    def require_room(self, horizon: int) -> None:
        """Refuse an answer that would be too large; raises InvalidInput."""
        answered = len(self.instances or self.inputs or ()) * horizon
        if answered > MOST_VALUES:
            expected = f"at most {MOST_VALUES} answers in all: fewer series or a shorter horizon"
            raise _wrong("body", expected, "too_long")
        if answered * (1 + len(self.quantiles()) + len(self.sampled())) > MOST_NUMBERS:
            expected = f"at most {MOST_NUMBERS} numbers in the answer: fewer series, quantiles or samples"
            raise _wrong("body", expected, "too_long")


def _of_chronos(posted: ChronosInput) -> Covariates:
    past, future = dict(posted.past_covariates or {}), posted.future_covariates or {}
    known = {name: [*past.pop(name, []), *column] for name, column in future.items()}
    return Covariates(known, past, {}, wall_clock(posted.start))


def _values(target: list[float | Literal["NaN"] | None], where: str) -> Sequence:
    gaps = [None if value is None or value == "NaN" or value != value else value for value in target]
    if any(value is not None and math.isinf(value) for value in gaps):
        raise _wrong(f"{where}.target", "finite numbers", "non_finite")
    return cast("Sequence", gaps)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _wrong(where: str, expected: str, code: str) -> InvalidInput:
    return InvalidInput(f"{where}: expected {expected}", code=code, problems=(Problem(where, expected),))
