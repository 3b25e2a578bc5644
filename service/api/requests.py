"""GET /requests: the request log, newest first, and one request with its bodies."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from service.api.deps import ReaderDep
from service.api.openapi import problem_response
from service.request_log.newest import Filters
from service.request_log.rows import StoredRow, Summary

router = APIRouter(prefix="/requests", tags=["requests"])


class LoggedRequest(BaseModel):
    """One row of the log without its bodies; `duration_us` is the time until the row was handed to the log."""

    id: str
    time: AwareDatetime
    endpoint: str
    task: str | None
    models: list[str] = Field(description="`name/version`, or `rule:name`, of everything that had a part in the answer")
    status: int
    code: str | None
    client: str | None
    client_request_id: str | None
    sequences: int
    values: int
    duration_us: int
    request_bytes: int
    response_bytes: int


class LoggedBodies(LoggedRequest):
    """A row with its bodies: parsed JSON, base64 text where they are not JSON, or null where they were not kept."""

    request: Any
    response: Any
    request_sha256: str | None = Field(description="Of a body that was too long to keep")
    response_sha256: str | None = Field(description="Of a body that was too long to keep")


class LogPage(BaseModel):
    """Rows, newest first; pass `next` as `cursor` for the page after this one."""

    requests: list[LoggedRequest]
    next: str | None


@router.get("", summary="Logged requests, newest first", responses={503: problem_response("The log cannot be read")})
def requests(
    reader: ReaderDep,
    endpoint: Annotated[str | None, Query(description="Only this path, such as /predict")] = None,
    model: Annotated[str | None, Query(description="Only answers of this model, `name` or `name/version`")] = None,
    status: Annotated[int | None, Query(ge=100, le=599)] = None,
    since: Annotated[AwareDatetime | None, Query(description="First time that belongs, with its UTC offset")] = None,
    until: Annotated[AwareDatetime | None, Query(description="First time that no longer belongs")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: str | None = None,
) -> LogPage:
    filters = Filters(endpoint, model, status, _microseconds(since), _microseconds(until))
    page = reader.page(filters, limit, cursor)
    return LogPage(requests=[LoggedRequest(**_shown(row)) for row in page.rows], next=page.next)


@router.get(
    "/{request_id}", summary="One logged request with its bodies", responses={404: problem_response("No such request")}
)
def request(reader: ReaderDep, request_id: str) -> LoggedBodies:
    row = reader.get(request_id)
    return LoggedBodies(
        **_shown(row),
        request=_body(row.request),
        response=_body(row.response),
        request_sha256=row.request_sha256,
        response_sha256=row.response_sha256,
    )


def _shown(row: Summary | StoredRow) -> dict[str, Any]:
    names = LoggedRequest.model_fields.keys() - {"time"}
    return {"time": datetime.fromtimestamp(row.time / 1e6, UTC), **{name: getattr(row, name) for name in names}}


def _microseconds(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1e6)


def _body(body: bytes | None) -> Any:
    if body is None:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return base64.b64encode(body).decode()
