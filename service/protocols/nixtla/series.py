"""Series as TimeGPT's client posts them, with what stands beside them, and how what does not fit is refused."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from service.covariates import Beside, Covariates
from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES, Number
from service.inference.sequences import Sequence
from service.protocols.beside import wall_clock

_MOST_FEATURES = 200
NO_FEATURES = (
    "no exogenous features, which only models of own series that were trained with some take, by their names, in "
    "forecast and cross_validation: leave out X_df, date_features and every column but id, time and target"
)
_Size = Annotated[int, Field(ge=1)]


class Tolerant(BaseModel):
    """A payload whose unknown keys are left aside, since each version of the client adds some."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class PostedSeries(Tolerant):
    """Series after series in one list, null where a value is missing."""

    y: Annotated[list[Number | None], Field(min_length=1, fail_fast=True)]
    sizes: Annotated[list[_Size], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)] = Field(
        description="How many of `y` belong to each series."
    )
    X: Annotated[list[list[Any]], Field(max_length=_MOST_FEATURES)] | None = Field(
        default=None,
        description="Features beside `y`, those known ahead first, for a named model that was trained with covariates: "
        "numbers before categories, each in the order of its card.",
    )
    X_future: Annotated[list[list[Any]], Field(max_length=_MOST_FEATURES)] | None = Field(
        default=None, description="The same of the first of them for the h steps after each series."
    )
    start_datetime: list[str] | None = Field(
        default=None, description="When each series begins, for models that read the calendar."
    )

    def sequences(self) -> list[Sequence]:
        """The series, None at gaps.

        Raises:
            InvalidInput: the sizes are not those of the values, or there are more values than a request may hold.
        """
        if sum(self.sizes) != len(self.y):
            raise wrong("series.sizes", "sizes that add up to the number of values in y", "sizes_mismatch")
        require_few("series.y", len(self.y), MOST_VALUES, "values in all")
        found, start = [], 0
        for size in self.sizes:
            found.append(self.y[start : start + size])
            start += size
        return cast("list[Sequence]", found)

    def starts(self) -> list[str | None]:
        """When each series begins, where that is said."""
        given = self.start_datetime or []
        return [wall_clock(each) for each in given] if len(given) == len(self.sizes) else [None] * len(self.sizes)

    def beside(self, known: list[list[int]], horizon: int, *, windows: bool = False) -> Beside:
        """What stands beside the first ``known`` values of each series, and ``horizon`` steps after those.

        Those with a future are known ahead; of ``windows`` of the past the model knows which of all are.

        Raises:
            InvalidInput: features that are not as long as the values.
        """
        features, future = self.X or [], self.X_future or []
        for name, posted, count in (("X", features, len(self.y)), ("X_future", future, len(self.sizes) * horizon)):
            for place, column in enumerate(posted):
                if len(column) != count:
                    raise wrong(f"series.{name}.{place}", f"{count} entries", "covariates_length")
        if len(future) > len(features):
            raise wrong("series.X", "as many features as X_future has, or more", "covariates_length")
        places = range(len(features))
        ahead = places if windows else places[: len(future)]
        found, first = [], 0
        for row, (size, counts, start) in enumerate(zip(self.sizes, known, self.starts(), strict=True)):
            steps = slice(row * horizon, (row + 1) * horizon)
            for stop in (first + count for count in counts):
                columns = {str(place): features[place][first:stop] for place in places}
                for place in ahead:
                    later = features[place][stop : stop + horizon] if windows else future[place][steps]
                    columns[str(place)] = [*columns[str(place)], *later]
                coming = {str(place): columns.pop(str(place)) for place in ahead}
                found.append(Covariates(coming, columns, {}, start))
            first += size
        return Beside(tuple(found), horizon, ordered=True)


def require_few(where: str, count: int, most: int, of_what: str) -> None:
    """Refuse more than ``most`` with into how many parts they are to be divided; raises InvalidInput."""
    if count > most:
        expected = f"at most {most} {of_what}"
        problems = (Problem(where, expected),)
        raise InvalidInput(f"expected {expected}", code="too_long", problems=problems, parts=-(-count // most))


def wrong(where: str, expected: str, code: str) -> InvalidInput:
    """The refusal of what is at ``where``, which says what was expected there."""
    return InvalidInput(f"{where}: expected {expected}", code=code, problems=(Problem(where, expected),))
