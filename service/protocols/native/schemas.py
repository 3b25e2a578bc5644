"""What payloads of the native API have in common, and the records that its answers are written from."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, Tag

from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES, Number, Pair, Seasons
from service.inference import questions
from service.inference.sequences import Sequence
from service.levels import LEVELS

_MOST_LEVELS = 20
MOST_CHARACTERS = 10_000
_Level = Annotated[float, Field(gt=0, lt=100)]
_Probability = Annotated[float, Field(gt=0, lt=1)]

# Fail fast: a client mends one error at a time, and 200,000 bad elements must not cost a large answer.
# Left to right, since anything that looks at the elements first would make Python objects of all of them.
PostedValues = Annotated[
    list[Number | None], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True), Tag("values")
]
PostedPairs = Annotated[list[Pair], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True), Tag("pairs")]
PostedSequence = Annotated[PostedValues | PostedPairs, Field(union_mode="left_to_right")]
PostedSequences = Annotated[list[PostedSequence], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)]
PostedImage = Annotated[list[Number], Field(min_length=1, max_length=MOST_CHARACTERS, fail_fast=True), Tag("values")]
PostedText = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS), Tag("text")]
Name = Annotated[str, Field(min_length=1)]


class ComputingPayload(BaseModel):
    """What every computing endpoint reads: exactly the fields it knows, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @abstractmethod
    def question(self) -> questions.Question[Any]:
        """What is asked; raises InvalidInput."""

    def is_single(self) -> bool:
        """Whether one `sequence` was posted rather than `sequences`."""
        return True

    def located(self, error: InvalidInput) -> InvalidInput:
        """``error`` with the client's own name for the place: inference speaks of `sequences.0` always."""
        if not self.is_single():
            return error
        names = {"sequences.0": "sequence", "covariates.0": "covariates"}
        problems = error.problems
        for ours, theirs in names.items():
            problems = tuple(replace(each, where=each.where.replace(ours, theirs)) for each in problems)
        return InvalidInput(error.detail, code=error.code, problems=problems)


def either(*kinds: str) -> dict[str, Any]:
    """For a schema: exactly one of `sequence`, of these ``kinds`` in JSON, and `sequences`."""
    single: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else list(kinds)}
    types = {"sequence": single, "sequences": {"type": "array"}}
    pairs = (("sequence", "sequences"), ("sequences", "sequence"))
    return {
        "oneOf": [
            {"required": [name], "properties": {name: types[name], other: {"type": "null"}}} for name, other in pairs
        ]
    }


class SequencesPayload(ComputingPayload):
    """One sequence or several."""

    model_config = ConfigDict(json_schema_extra=either("array"))

    sequence: PostedSequence | None = Field(
        default=None,
        description="One sequence: numbers, oldest first, null for a gap, or [index, value] pairs for memory models.",
    )
    sequences: PostedSequences | None = Field(
        default=None, description="Several sequences, of any lengths; answers keep their order. Instead of `sequence`."
    )

    def posted(self) -> list[Sequence]:
        """What was posted, as a list of sequences.

        Raises:
            InvalidInput: neither or both fields, or more values in all than a request may hold.
        """
        if (self.sequence is None) is (self.sequences is None):
            expected = "exactly one of sequence and sequences"
            raise InvalidInput(f"expected {expected}", code="one_of", problems=(Problem("body", expected),))
        if self.sequence is not None:
            return [cast("Sequence", self.sequence)]
        sequences = cast("list[Sequence]", self.sequences)
        if sum(map(len, sequences)) > MOST_VALUES:
            expected = f"at most {MOST_VALUES} values in all"
            raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("sequences", expected),))
        return sequences

    def is_single(self) -> bool:
        return self.sequence is not None


class SeasonPayload(ComputingPayload):
    season: Seasons | None = Field(
        default=None,
        description="The season in steps, as 12 for months, or two, as [24, 168]; 1 for none. Left out, it is found.",
    )

    def told(self) -> tuple[int, ...]:
        """The seasons that are told, none, one or two."""
        if self.season is None:
            return ()
        return (self.season,) if isinstance(self.season, int) else tuple(self.season)


class SpreadPayload(SequencesPayload, SeasonPayload):
    levels: Annotated[list[_Level], Field(min_length=1, max_length=_MOST_LEVELS)] | None = Field(
        default=None,
        description="Levels of the prediction intervals in percent, between 0 and 100; 80, 90 and 95 when left out.",
    )
    quantiles: Annotated[list[_Probability], Field(min_length=1, max_length=_MOST_LEVELS)] | None = Field(
        default=None,
        description="Probabilities between 0 and 1: the answer tells what the truth stays below with each.",
    )

    def spread(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The levels and the quantiles asked for."""
        return LEVELS if self.levels is None else tuple(self.levels), tuple(self.quantiles or ())


class ModelPayload(ComputingPayload):
    model: Name | None = Field(
        default=None,
        description="A served model. Without it each sequence is answered by the general model, unless another one or "
        "a rule has shown on that very sequence that it knows it better.",
    )
    version: Name | None = Field(default=None, description="A version of `model`; the highest when left out.")

    def named(self) -> tuple[str | None, str | None]:
        """Model and version.

        Raises:
            InvalidInput: a version without a model.
        """
        if self.version is not None and self.model is None:
            expected = "version only together with model"
            raise InvalidInput(f"expected {expected}", code="model_required", problems=(Problem("version", expected),))
        return self.model, self.version


@dataclass(frozen=True)
class Identified:
    """What was found, under the id of its request."""

    request_id: str

    @classmethod
    def of(cls, request_id: str, found: Any, _: object) -> Self:
        """The answer that has all of what was ``found``."""
        return cls(request_id, *(getattr(found, each.name) for each in fields(found)))
