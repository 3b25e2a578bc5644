"""A look inside one answer: what `/inspect` reads, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from service.errors import InvalidInput, Problem
from service.inference import questions
from service.inference.ablation import Off
from service.inference.inspection import Inspection
from service.inference.sequences import Sequence
from service.protocols.native.schemas import Identified, Name, PostedPairs, PostedText, PostedValues, SeasonPayload


class SwitchedOff(BaseModel):
    """Either a unit or a gate."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: Annotated[int, Field(ge=1)] | None = Field(default=None, description="A unit, counted from 1.")
    gate: Literal["forget", "input", "output", "update", "reset"] | None = Field(
        default=None, description="A gate of the cell, which then always stands as if it were not there."
    )

    def named(self) -> Off:
        """What is switched off.

        Raises:
            InvalidInput: neither, or both.
        """
        if (self.unit is None) is (self.gate is None):
            expected = "exactly one of unit and gate"
            raise InvalidInput(f"expected {expected}", code="one_of", problems=(Problem("off", expected),))
        return Off(self.unit, self.gate)


class InspectRequest(SeasonPayload):
    """What `/inspect` reads."""

    model: Name = Field(description="The served model to look into.")
    version: Name | None = Field(default=None, description="A version of `model`; the highest when left out.")
    sequence: PostedValues | PostedPairs | PostedText = Field(
        description="Numbers, oldest first, [index, value] pairs for memory models, or a text or the 64 pixels of an "
        "image for models that write.",
        union_mode="left_to_right",
    )

    off: SwitchedOff | None = Field(
        default=None,
        description="A part of the last recurrent layer to switch off, of a model that writes texts of the one that "
        "reads; `without` is the answer then.",
    )

    def question(self) -> questions.Inspect:
        off = None if self.off is None else self.off.named()
        return questions.Inspect([cast("Sequence", self.sequence)], self.model, self.version, off, self.told())


@dataclass(frozen=True)
class InspectResponse(Inspection, Identified):
    """An answer and what it came from, step by step; `reading` says in one sentence what it means."""
