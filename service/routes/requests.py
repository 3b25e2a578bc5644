"""/requests: the request log, newest first, its statistics and export, and forgetting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from service.errors import InvalidInput, Problem
from service.http.deps import InTurnDep, ReaderDep, Services, ServicesDep
from service.http.errors import PROBLEMS
from service.http.pipeline import Computing
from service.http.query import QueryTime
from service.request_log.export import Export, readable_body
from service.request_log.listing import Filters
from service.request_log.reader import Page
from service.request_log.retention import delete_before, delete_client
from service.request_log.rows import Summary
from service.request_log.statistics import LogStatistics

router = APIRouter(prefix="/requests", tags=["requests"])

UNAVAILABLE: dict[int | str, dict[str, Any]] = {503: PROBLEMS.entry("The log cannot be reached now")}
# Hour by hour beyond this is a job for an export.
_LONGEST_STATISTICS = timedelta(days=31)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
# A client that takes this much within each `read_timeout` is not too slow.
_SENT_BYTES = 64 * 1024


# A UUID is the same in capitals (RFC 9562, 4).
Id = Annotated[str, AfterValidator(str.lower)]


def _filters(
    request: Request,
    endpoint: Annotated[
        str | None, Query(description="Only this path, such as /predict; of one with a model, its answers")
    ] = None,
    model: Annotated[str | None, Query(description="Only answers of this model, `name` or `name/version`")] = None,
    status: Annotated[int | None, Query(ge=100, le=599)] = None,
    since: Annotated[QueryTime | None, Query(description="First time that belongs, with its UTC offset")] = None,
    until: Annotated[QueryTime | None, Query(description="First time that no longer belongs")] = None,
) -> Filters:
    if endpoint is not None:
        endpoint, named = _named(request, endpoint)
        if named is not None and model not in (None, named):
            expected = "the model in the path of endpoint, or as model"
            raise InvalidInput(f"expected {expected}", code="one_of", problems=(Problem("query.model", expected),))
        model = named or model
    return Filters(endpoint, model, status, *window(since, until))


def _named(request: Request, path: str) -> tuple[str, str | None]:
    """The endpoint that ``path`` leads to, as the log names it, and the model in it, `name` or `name/version`."""
    path = path.removeprefix(request.scope.get("root_path", ""))
    for route in request.app.router.routes:
        endpoint = getattr(route, "endpoint", None)
        if isinstance(endpoint, Computing):
            match, found = route.matches({"type": "http", "method": "POST", "path": path})
            if match is Match.FULL:
                given = [value for value in found["path_params"].values() if not value.startswith("{")]
                return endpoint.codec.path, "/".join(given) or None
    return path, None


FiltersDep = Annotated[Filters, Depends(_filters)]


@dataclass(frozen=True, slots=True)
class LoggedRequest(Summary):
    """A row with its bodies: parsed JSON, base64 text where they are not JSON, or null where they were not kept.

    The digests are there of a body that was too long to keep.
    """

    request: Any
    response: Any
    request_sha256: str | None
    response_sha256: str | None


class Deleted(BaseModel):
    """How many rows were deleted, bodies and all."""

    deleted: int


@router.get("", summary="Logged requests, newest first", responses=UNAVAILABLE)
def requests(
    reader: ReaderDep,
    filters: FiltersDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[Id | None, Query(description="`next` of the page before")] = None,
) -> Page:
    return reader.page(filters, limit, cursor)


@router.delete("", summary="Forget requests for good, those before a time or all of one client", responses=UNAVAILABLE)
async def forget(
    services: ServicesDep,
    before: Annotated[QueryTime | None, Query(description="All requests made before this time")] = None,
    client: Annotated[str | None, Query(description="All requests of this API key's id")] = None,
) -> Deleted:
    if (before is None) is (client is None):
        expected = "exactly one of before and client"
        raise InvalidInput(f"expected {expected}", code="one_of", problems=(Problem("query", expected),))
    if before is not None:
        return Deleted(deleted=await delete_before(services.log, microseconds(before)))
    return Deleted(deleted=await delete_client(services.log, client or ""))


@router.get("/stats", summary="Counts, errors and latency by endpoint, model and hour", responses=UNAVAILABLE)
async def stats(
    reader: ReaderDep,
    in_turn: InTurnDep,
    since: Annotated[QueryTime | None, Query(description="A day before `until` when left out")] = None,
    until: Annotated[QueryTime | None, Query(description="Now when left out")] = None,
) -> LogStatistics:
    end = until or datetime.now(UTC)
    start = since or end - min(timedelta(days=1), end - _EARLIEST)
    if not timedelta() < end - start <= _LONGEST_STATISTICS:
        expected = f"since before until, at most {_LONGEST_STATISTICS.days} days apart"
        raise InvalidInput(f"expected {expected}", code="out_of_range", problems=(Problem("query.since", expected),))
    return await in_turn(lambda interrupt: reader.stats(microseconds(start), microseconds(end), interrupt))


@router.get(
    "/export",
    summary="The log as a file, newest first, streamed",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}, "text/csv": {}}}, **UNAVAILABLE},
)
async def export(
    services: ServicesDep,
    filters: FiltersDep,
    format: Literal["jsonl", "csv"] = "jsonl",  # noqa: A002  # the name that clients send
) -> StreamingResponse:
    media_type = "application/jsonl" if format == "jsonl" else "text/csv"
    headers = {"Content-Disposition": f'attachment; filename="requests.{format}"'}
    found = Export(services.reader, filters, format)
    with ExitStack() as place:
        place.enter_context(services.heavy.long())
        first = await services.heavy.run(found.piece)  # before anything is sent: a failure has an answer
        return _Exported(place.pop_all(), _pieces(services, found, first), media_type=media_type, headers=headers)


class _Exported(StreamingResponse):
    """An export that gives its place back when it has been sent, or its client has left."""

    def __init__(self, place: ExitStack, pieces: AsyncIterator[bytes], **options: Any) -> None:
        super().__init__(pieces, **options)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


async def _pieces(services: Services, found: Export, piece: bytes) -> AsyncIterator[bytes]:
    while piece:
        for start in range(0, len(piece), _SENT_BYTES):
            yield piece[start : start + _SENT_BYTES]
        piece = await services.heavy.run(found.piece, patience=None)


@router.get(
    "/{request_id}",
    summary="One logged request with its bodies",
    responses={404: PROBLEMS.entry("No such request"), **UNAVAILABLE},
)
def request(reader: ReaderDep, request_id: Id) -> LoggedRequest:
    row = reader.get(request_id)
    bodies = {"request": readable_body(row.request), "response": readable_body(row.response)}
    return LoggedRequest(**{**asdict(row), **bodies})


def window(since: datetime | None, until: datetime | None) -> tuple[int | None, int | None]:
    """The two ends as the log counts them, None where open."""
    return None if since is None else microseconds(since), None if until is None else microseconds(until)


def microseconds(time: datetime) -> int:
    """``time`` as the log counts it, since the epoch."""
    return round(time.timestamp() * 1e6)
