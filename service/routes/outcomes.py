"""POST /requests/{id}/outcome: what really came next, which turns the log into monitoring."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, Tag

from service.http.auth import needs
from service.http.deps import OwnRowsDep, ServicesDep, posted
from service.http.errors import PROBLEMS
from service.http.numbers import MOST_SEQUENCES, MOST_VALUES, Number
from service.http.openapi import request_body
from service.keys import Scope
from service.request_log.outcomes import Outcome, record_outcome
from service.routes.requests import UNAVAILABLE, Id

router = APIRouter(prefix="/requests", tags=["requests"])

_Flat = Annotated[list[Number | None], Field(max_length=MOST_VALUES, fail_fast=True)]
_Rows = Annotated[list[_Flat], Field(max_length=MOST_SEQUENCES, fail_fast=True)]
Values = Annotated[
    Annotated[_Flat, Tag("flat")] | Annotated[_Rows, Tag("rows")],
    Field(union_mode="left_to_right"),
]


class OutcomeRequest(BaseModel):
    """`value` after one sequence; `values` after several, or over several steps, null where unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: Number | None = None
    values: Values | None = None


@router.post(
    "/{request_id}/outcome",
    summary="Record what really came next",
    openapi_extra=request_body(OutcomeRequest, {"value": 5.0}),
    responses={
        **PROBLEMS.entries(413, 415),
        404: PROBLEMS.entry("No such request"),
        409: PROBLEMS.entry("A different outcome is on record"),
        422: PROBLEMS.entry("The answer was not kept (`not_recorded`), or the outcome is not shaped like it"),
        **UNAVAILABLE,
    },
)
@needs(Scope.predict)
async def outcome(
    services: ServicesDep,
    client: OwnRowsDep,
    request_id: Id,
    body: Annotated[OutcomeRequest, posted(OutcomeRequest)],
) -> Outcome:
    job = record_outcome(request_id, services.claims, value=body.value, values=body.values, client=client)
    return await services.log.run(job)
