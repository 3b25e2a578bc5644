"""GET /quality: how the models fare with what really came, beside the rules."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.http.deps import InTurnDep, ReaderDep
from service.http.query import QueryTime
from service.routes.requests import UNAVAILABLE, window

router = APIRouter(tags=["requests"])


class Coverage(BaseModel):
    """Share of the outcomes inside the intervals of one level, of so many that had one."""

    share: float
    outcomes: int


class ModelQuality(BaseModel):
    """One model's live record on one task.

    `mae`, `bias` (mean of answer - outcome) and `rule_mae` are in the clients' own units; `mase` and `rule_mase` in
    units of each sequence's mean absolute difference. `later` tells forecast steps after the first from next values.
    """

    model: str
    task: str | None
    later: bool
    outcomes: int
    mae: float
    mase: float | None
    bias: float
    coverage: dict[str, Coverage]
    rule_mae: float | None
    rule_mase: float | None
    skill: float | None = Field(description="1 - mase / rule_mase")
    verdict: Literal["beats", "ties", "loses"] | None = Field(description="null while too few outcomes are known")


class Preferred(BaseModel):
    """Who should answer next values of a task, going by what really came; null while too little has come."""

    task: str | None
    model: str | None


class LiveQuality(BaseModel):
    """Live quality over a window of requests, from the outcomes that were posted."""

    models: list[ModelQuality]
    preferred: list[Preferred]


@router.get("/quality", summary="Live error of each model beside the rules", responses=UNAVAILABLE)
async def quality(
    reader: ReaderDep,
    in_turn: InTurnDep,
    since: Annotated[QueryTime | None, Query(description="First time of a request that belongs")] = None,
    until: Annotated[QueryTime | None, Query(description="First time that no longer belongs")] = None,
) -> LiveQuality:
    first, last = window(since, until)
    found = await in_turn(lambda interrupt: reader.quality(first, last, interrupt))
    return LiveQuality.model_validate(asdict(found))
