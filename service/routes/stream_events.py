"""GET /streams/{stream}/events: the values of a stream as they come, for whoever follows it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.errors import UnrollError
from service.http.auth import needs
from service.http.deps import ServicesDep
from service.http.errors import PROBLEMS
from service.keys import Scope
from service.request_log.streams import Stream
from service.routes.requests import UNAVAILABLE
from service.routes.stream_names import ClientDep, NameDep
from service.routes.stream_schemas import shown_value

router = APIRouter(prefix="/streams", tags=["streams"])

_RETRY_MILLISECONDS = 1000  # after which a browser whose connection was cut asks again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Followed:
    stream: Stream
    first: int


async def _followed(
    services: ServicesDep,
    client: ClientDep,
    name: NameDep,
    first: Annotated[
        int | None,
        Query(alias="from", ge=0, le=2**53, description="The first number to send; the next one when left out"),
    ] = None,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=2**53, description="The last number that was received; `from` counts more")
    ] = None,
) -> AsyncIterator[_Followed]:
    """What is followed, with a place for it, found and taken before anything is sent: a failure has an answer."""
    stream = await services.streams.get(client, name)
    if first is None:
        first = stream.next if last_event_id is None else last_event_id + 1
    with services.streams.events.place():
        yield _Followed(stream, first)


@router.get(
    "/{stream}/events",
    summary="The values of a stream as they come, as server-sent events",
    response_class=EventSourceResponse,
    responses={
        404: PROBLEMS.entry("No such stream"),
        **UNAVAILABLE,
        200: {"description": "An event for each value, whose id is its number, until the stream is closed"},
    },
)
@needs(Scope.predict)
async def events(
    services: ServicesDep, followed: Annotated[_Followed, Depends(_followed)]
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=_RETRY_MILLISECONDS, comment=followed.stream.name)
    try:
        async for rows in services.streams.events.follow(followed.stream, followed.first):
            for row in rows:
                shown = shown_value(row.time, row.value, row.answer)
                yield ServerSentEvent(id=str(row.seq), raw_data=shown.decode())
    except UnrollError as failure:  # the client asks again, from where it was
        log.warning("a stream's events end: %s", failure.detail)
        return
    if services.lifecycle.takes_traffic:
        yield ServerSentEvent(event="closed", raw_data="{}")
