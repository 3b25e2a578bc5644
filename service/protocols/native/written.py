"""What `/generate` reads and answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

from pydantic import Field

from service.errors import InvalidInput, Problem
from service.inference import questions
from service.inference.sequences import Sequence
from service.inference.writing import Manner
from service.inference.written_answers import Generated
from service.protocols.native.schemas import ComputingPayload, Identified, Name, PostedImage, PostedText

MOST_BEAMS = 10


class GenerateRequest(ComputingPayload):
    """What `/generate` reads."""

    model: Name = Field(description="A served model that writes.")
    version: Name | None = Field(default=None, description="A version of `model`; the highest when left out.")
    input: PostedText | PostedImage = Field(
        description="What to answer: a text of the model's `alphabet`, or an image as 64 numbers from 0 to 16.",
        union_mode="left_to_right",
    )
    beams: Annotated[int, Field(ge=1, le=MOST_BEAMS)] | None = Field(
        default=None,
        description="How many answers are written side by side, of which the likeliest is the output; 1 when left out.",
    )
    temperature: Annotated[float, Field(gt=0, le=10)] | None = Field(
        default=None,
        description="Draw each symbol, from its probabilities to the power of 1 / temperature; the likeliest is "
        "written when left out.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        default=None, description="Which of the draws of a `temperature`: the same one gives the same answer; 0."
    )

    def question(self) -> questions.Generate:
        """What is asked.

        Raises:
            InvalidInput: what is drawn has no beams, and a seed is of what is drawn.
        """
        if self.temperature is not None and self.beams is not None:
            raise _excluded("beams", "either beams or temperature")
        if self.temperature is None and self.seed is not None:
            raise _excluded("seed", "seed only together with temperature")
        manner = Manner(self.beams or 1, self.temperature, self.seed or 0)
        return questions.Generate([cast("Sequence", self.input)], self.model, self.version, manner)

    def located(self, error: InvalidInput) -> InvalidInput:
        places = {"sequences.0": "input", "sequence": "input"}
        problems = tuple(replace(each, where=places.get(each.where, each.where)) for each in error.problems)
        return InvalidInput(error.detail, code=error.code, problems=problems)


@dataclass(frozen=True)
class GenerateResponse(Generated, Identified):
    """What was written or drawn, how likely it is, what it came from, and what a rule that learnt nothing answers."""

    @classmethod
    def of(cls, request_id: str, found: Any, payload: object) -> GenerateResponse:
        return super().of(request_id, found[0], payload)


def _excluded(where: str, expected: str) -> InvalidInput:
    return InvalidInput(f"expected {expected}", code="one_of", problems=(Problem(where, expected),))
