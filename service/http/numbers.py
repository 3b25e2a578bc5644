"""Numbers in the payloads of every protocol, and how many of them one request and its answer may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Tag

MOST_SEQUENCES = 10_000
MOST_VALUES = 250_000
# Steps ahead, and numbers in one answer: means, and whatever says how they spread.
LONGEST_HORIZON = 1000
MOST_NUMBERS = 2_500_000

Number = Annotated[float, Field(allow_inf_nan=False)]
# A season in steps; two of them, as 24 and 168.
Season = Annotated[int, Field(ge=1, le=MOST_VALUES)]
Seasons = (
    Annotated[Season, Tag("one")]
    | Annotated[list[Season], Field(min_length=1, max_length=2, fail_fast=True), Tag("two")]
)
Pair = Annotated[
    tuple[Number, Number], Field(description="[index, value]; the index a whole number, 2.0 counting as one")
]
