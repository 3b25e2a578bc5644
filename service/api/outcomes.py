"""POST /requests/{id}/outcome: what really came next, which turns the log into monitoring."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.deps import OwnRowsDep, ServicesDep
from service.api.openapi import problem_response
from service.api.requests import UNAVAILABLE, as_time
from service.request_log.outcomes import record_outcome

router = APIRouter(prefix="/requests", tags=["requests"])

Number = Annotated[float, Field(allow_inf_nan=False)]


class OutcomeRequest(BaseModel):
    """`value` after one sequence; `values` after several, or over several steps, null where unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: Number | None = None
    values: list[Number | None] | list[list[Number | None]] | None = None


class OutcomeResponse(BaseModel):
    """All that is known by now of what came after the request; `scored` numbers of its answer were judged just now."""

    id: str
    time: AwareDatetime
    values: Any = Field(description="Shaped like the answer: a number, a list, or a list of lists; null where unknown")
    scored: int


@router.post(
    "/{request_id}/outcome",
    summary="Record what really came next",
    responses={
        404: problem_response("No such request"),
        409: problem_response("A different outcome is on record"),
        422: problem_response("The answer was not kept (`not_recorded`), or the outcome is not shaped like it"),
        **UNAVAILABLE,
    },
)
async def outcome(
    services: ServicesDep,
    client: OwnRowsDep,
    request_id: str,
    body: Annotated[OutcomeRequest, Body(examples=[{"value": 5.0}])],
) -> OutcomeResponse:
    found = await services.log.run(record_outcome(request_id, value=body.value, values=body.values, client=client))
    return OutcomeResponse(id=found.id, time=as_time(found.time), values=found.values, scored=found.scored)
