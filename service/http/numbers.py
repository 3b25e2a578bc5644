"""Numbers in the payloads of every protocol, and how many of them one request may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

MOST_SEQUENCES = 10_000
MOST_VALUES = 250_000

Number = Annotated[float, Field(allow_inf_nan=False)]
Pair = Annotated[
    tuple[Number, Number], Field(description="[index, value]; the index a whole number, 2.0 counting as one")
]
