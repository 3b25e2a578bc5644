"""GET /quality: how the models fare with what really came, beside the rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from service.http.deps import InTurnDep, ReaderDep
from service.http.query import QueryTime
from service.request_log.quality import Quality
from service.routes.requests import UNAVAILABLE, window

router = APIRouter(tags=["requests"])


@router.get("/quality", summary="Live error of each model beside the rules", responses=UNAVAILABLE)
async def quality(
    reader: ReaderDep,
    in_turn: InTurnDep,
    since: Annotated[QueryTime | None, Query(description="First time of a request that belongs")] = None,
    until: Annotated[QueryTime | None, Query(description="First time that no longer belongs")] = None,
) -> Quality:
    first, last = window(since, until)
    return await in_turn(lambda interrupt: reader.quality(first, last, interrupt))
