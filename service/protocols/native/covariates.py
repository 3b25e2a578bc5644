"""What the native API takes beside sequences: columns known ahead, columns of the past, facts of the whole."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, Tag

from service.covariates import Beside, Cell, Covariates
from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES, Number

MOST_NAMES, _LONGEST = 100, 200
_Category = Annotated[str, Field(max_length=_LONGEST)]
_Name = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
_Cell = Annotated[Number, Tag("number")] | Annotated[_Category, Tag("category")]
# A null is let in so that the model can say by name which column must have none.
_Column = Annotated[list[_Cell | None], Field(max_length=MOST_VALUES, fail_fast=True)]
_Columns = Annotated[dict[_Name, _Column], Field(max_length=MOST_NAMES)]


class PostedCovariates(BaseModel):
    """What stands beside one sequence, by the names on the model's card."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    known: _Columns = Field(
        default={}, description="Known ahead: one number or category for each value and each step of the horizon."
    )
    past: _Columns = Field(default={}, description="Known up to now: one number or category for each value.")
    static: Annotated[dict[_Name, _Cell], Field(max_length=MOST_NAMES)] = Field(
        default={}, description="Of the whole sequence: one number or category."
    )
    start: Annotated[str, Field(max_length=40)] | None = Field(
        default=None,
        description="The wall clock's time of the first value, ISO 8601 without an offset, for models that read the "
        "calendar; the card says how far apart the values are.",
    )

    def columns(self) -> Covariates:
        """The same for the engine."""
        known, past = cast("tuple[dict[str, list[Cell]], dict[str, list[Cell]]]", (self.known, self.past))
        return Covariates(known, past, {**self.static}, self.start)


PostedBeside = (
    Annotated[PostedCovariates, Tag("one")]
    | Annotated[list[PostedCovariates], Field(max_length=MOST_SEQUENCES, fail_fast=True), Tag("each")]
)


def beside_of(
    posted: PostedCovariates | list[PostedCovariates] | None, several: int | None, ahead: int
) -> Beside | None:
    """What was ``posted`` beside one sequence, or beside ``several``, for ``ahead`` steps after each.

    Raises:
        InvalidInput: it is not one for each sequence.
    """
    if posted is None:
        return None
    single = isinstance(posted, PostedCovariates)
    each = [posted] if isinstance(posted, PostedCovariates) else posted
    if single is not (several is None) or len(each) != (several or 1):
        expected = (
            "one object beside sequence" if several is None else f"a list of {several}, one for each of sequences"
        )
        raise InvalidInput(
            f"expected {expected}", code="covariates_mismatch", problems=(Problem("covariates", expected),)
        )
    return Beside(tuple(one.columns() for one in each), ahead)
