"""What `/compare` reads and answers: of numbers, pairs, texts or images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, Tag

from service.errors import InvalidInput, Problem
from service.http.numbers import MOST_SEQUENCES, Number
from service.inference import questions
from service.inference.answers import Comparison
from service.protocols.native.schemas import (
    MOST_CHARACTERS,
    Identified,
    Name,
    PostedPairs,
    PostedText,
    PostedValues,
    SpreadPayload,
    either,
)

_Sequence = Annotated[PostedValues | PostedPairs | PostedText, Field(union_mode="left_to_right")]
_Sequences = Annotated[list[_Sequence], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)]
_Text = Annotated[str, Field(max_length=MOST_CHARACTERS), Tag("text")]
_Numbers = Annotated[list[Number], Field(max_length=MOST_SEQUENCES, fail_fast=True), Tag("flat")]
_Texts = Annotated[list[_Text], Field(max_length=MOST_SEQUENCES, fail_fast=True), Tag("texts")]


class CompareRequest(SpreadPayload):
    """What `/compare` reads."""

    model_config = ConfigDict(json_schema_extra=either("array", "string"))

    task: Name = Field(description="The task whose models are compared, such as `sine`.")
    models: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Models of that task; those of its SimpleRNN, LSTM and GRU that are served when left out.",
    )
    # Wider than what is predicted, and never asked for by what takes less.
    sequence: _Sequence | None = Field(  # type: ignore[assignment]
        default=None,
        description="One sequence: numbers, oldest first, [index, value] pairs for memory models, or a text or the 64 "
        "pixels of an image for models that write.",
    )
    sequences: _Sequences | None = Field(  # type: ignore[assignment]
        default=None, description="Several sequences, of any lengths; answers keep their order. Instead of `sequence`."
    )
    target: Annotated[Number, Tag("one")] | _Text | None = Field(
        default=None,
        description="What really came next after `sequence`, if known; of models that write the right text.",
        union_mode="left_to_right",
    )
    targets: _Numbers | _Texts | None = Field(
        default=None, description="The same of each of `sequences`, if known.", union_mode="left_to_right"
    )
    chosen: bool = Field(
        default=False, description="Whether to say also who answers each sequence, and what, when no model is named."
    )

    def truth(self) -> list[float] | list[str] | None:
        """The posted targets, one per sequence.

        Raises:
            InvalidInput: `target` belongs to `sequence` and `targets` to `sequences`.
        """
        if self.target is not None and (self.sequence is None or self.targets is not None):
            raise _refused("target", "target beside sequence, targets beside sequences", "targets_mismatch")
        if self.targets is not None and self.sequences is None:
            raise _refused("target", "targets beside sequences, target beside sequence", "targets_mismatch")
        if isinstance(self.target, str):
            return [self.target]
        return self.targets if self.target is None else [self.target]

    def question(self) -> questions.Compare:
        """What is asked.

        Raises:
            InvalidInput: what is written has no intervals and no season.
        """
        if any(isinstance(each, str) for each in (self.sequence, *(self.sequences or ()))):
            for where in ("levels", "quantiles", "season"):
                if getattr(self, where) is not None:
                    raise _refused(where, f"{where} for numbers only: a text has none", "wrong_input")
        of = self.task, self.truth(), self.models
        return questions.Compare(self.posted(), *of, *self.spread(), self.told(), self.chosen)


@dataclass(frozen=True)
class CompareResponse(Comparison, Identified):
    """The models of a task beside each other and beside the rules; lists run parallel to the sequences."""


def _refused(where: str, expected: str, code: str) -> InvalidInput:
    return InvalidInput(f"expected {expected}", code=code, problems=(Problem(where, expected),))
