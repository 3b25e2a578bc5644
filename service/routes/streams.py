"""/streams: one value at a time, for as long as it takes, each on record before it is answered."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from service.errors import InvalidInput, Problem, UnrollError
from service.http.admission import Hand
from service.http.auth import needs
from service.http.deps import ServicesDep, posted, services_of
from service.http.errors import PROBLEMS, failure_of
from service.http.openapi import request_body
from service.http.work import Work
from service.inference.questions import Forecast as ForecastQuestion
from service.keys import Scope
from service.routes import stream_schemas as schemas
from service.routes.requests import UNAVAILABLE
from service.routes.stream_names import ClientDep, NameDep
from service.streams.definition import NAME
from service.streams.following import definition_of
from service.streams.streams import Appended, Posted

router = APIRouter(prefix="/streams", tags=["streams"])

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: PROBLEMS.entry("No such stream"), **UNAVAILABLE}
_READ: dict[int | str, dict[str, Any]] = {**PROBLEMS.entries(413, 415), **UNAVAILABLE}
_CONFLICT = (
    "The values are not those on record (`seq_conflict`), or do not follow on them (`seq_gap`; `errors` has the number "
    "that is expected), or the stream is closed (`stream_closed`)"
)
_JSON = "application/json"


# First, since what is asked under this path is not about a stream of that name.
@router.post(
    "/values",
    summary="The next values of many streams, answered together",
    response_model=schemas.ManyResponse,
    openapi_extra=request_body(schemas.ManyRequest, {"streams": [{"stream": "meter-1", "seq": 0, "values": [1.2]}]}),
    responses=_READ,
)
@needs(Scope.predict)
async def append_many(
    request: Request, client: ClientDep, body: Annotated[schemas.ManyRequest, posted(schemas.ManyRequest)]
) -> Response:
    names = [each.stream for each in body.streams]
    if len(set(names)) != len(names):
        expected = "each stream once"
        raise InvalidInput(f"expected {expected}", code="repeated_stream", problems=(Problem("streams", expected),))
    if sum(len(each.values) for each in body.streams) > schemas.MOST_VALUES:
        expected = f"at most {schemas.MOST_VALUES} values in all"
        raise InvalidInput(f"expected {expected}", code="too_long", problems=(Problem("streams", expected),))
    request_id = request.scope["state"]["request_id"]
    found = await _append(request, client, [Posted(each.stream, each.seq, each.values) for each in body.streams])
    results = [_result(each, posted, request_id) for each, posted in zip(found, body.streams, strict=True)]
    return Response(b'{"request_id":"%b","results":[%b]}' % (request_id.encode(), b",".join(results)), media_type=_JSON)


@router.put(
    "/{stream}",
    summary="Make a stream",
    openapi_extra=request_body(schemas.StreamRequest, schemas.EXAMPLE, required=False),
    responses={
        **_READ,
        200: {"description": "It was there, with the same settings"},
        201: {"description": "It was made", "model": schemas.StreamState},
        404: PROBLEMS.entry("No such model"),
        409: PROBLEMS.entry("There is one with other settings (`stream_exists`)"),
    },
)
@needs(Scope.predict)
async def put(
    services: ServicesDep,
    client: ClientDep,
    name: NameDep,
    body: Annotated[schemas.StreamRequest, posted(schemas.StreamRequest, absent=b"{}")],
    response: Response,
) -> schemas.StreamState:
    stream, is_new = await services.streams.put(client, name, body.definition())
    response.status_code = 201 if is_new else 200
    return schemas.StreamState.of(stream)


@router.get("", summary="Streams, by name", responses=UNAVAILABLE)
@needs(Scope.predict)
def listed(
    services: ServicesDep,
    client: ClientDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before", pattern=NAME)] = None,
) -> schemas.StreamPage:
    found = services.streams.reader.page(client, limit + 1, cursor)
    shown = found[:limit]
    return schemas.StreamPage(
        [schemas.StreamState.of(each) for each in shown], shown[-1].name if found[limit:] else None
    )


@router.post(
    "/{stream}/values",
    summary="The next values of a stream: how each compares with what was foretold, and what comes next",
    response_model=schemas.ValuesResponse,
    openapi_extra=request_body(schemas.ValuesRequest, {"seq": 0, "values": [1.2, None, 1.4]}),
    responses={**_UNKNOWN, **_READ, 409: PROBLEMS.entry(_CONFLICT)},
)
@needs(Scope.predict)
async def append(
    request: Request,
    client: ClientDep,
    name: NameDep,
    body: Annotated[schemas.ValuesRequest, posted(schemas.ValuesRequest)],
) -> Response:
    (found,) = await _append(request, client, [Posted(name, body.seq, body.values)])
    if isinstance(found, UnrollError):
        raise found
    return Response(
        b'{"request_id":"%b",%b' % (request.scope["state"]["request_id"].encode(), _written(found)), media_type=_JSON
    )


async def _append(request: Request, client: str, asked: list[Posted]) -> list[Appended | UnrollError]:
    services = services_of(request.scope)
    with Hand(services.admission) as hand:
        hand.start()
        return await services.streams.append(client, asked, Work(request))


def _written(found: Appended) -> bytes:
    """The members that say what was appended, and the end of their object."""
    head = orjson.dumps({"stream": found.name, "seq": found.seq, "next": found.next, "replayed": found.replayed})
    return head[1:-1] + b',"answers":[%b]}' % b",".join(found.answers)


def _result(found: Appended | UnrollError, asked: schemas.StreamValues, request_id: str) -> bytes:
    if isinstance(found, Appended):
        return b"{" + _written(found)[:-1] + b',"problem":null}'
    failure = failure_of(found)
    problem = PROBLEMS.body(failure, failure.status, request_id)
    head = {"stream": asked.stream, "seq": asked.seq, "next": None, "replayed": None, "answers": None}
    return orjson.dumps(head)[:-1] + b',"problem":%b}' % problem


@router.get("/{stream}", summary="One stream", responses=_UNKNOWN)
@needs(Scope.predict)
async def stream(services: ServicesDep, client: ClientDep, name: NameDep) -> schemas.StreamState:
    return schemas.StreamState.of(await services.streams.get(client, name))


@router.get(
    "/{stream}/values",
    summary="Values on record, oldest first, with what was answered",
    response_model=schemas.ValuesPage,
    responses=_UNKNOWN,
)
@needs(Scope.predict)
async def values(
    services: ServicesDep,
    client: ClientDep,
    name: NameDep,
    first: Annotated[int, Query(alias="from", ge=0, le=2**53, description="The first number to show")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    found = await services.streams.get(client, name)
    rows = await to_thread.run_sync(services.streams.reader.values, found.id, first, limit + 1)
    shown = [schemas.shown_value(row.time, row.value, row.answer) for row in rows[:limit]]
    head = orjson.dumps({"stream": name, "next": rows[limit].seq if rows[limit:] else None})
    return Response(head[:-1] + b',"values":[%b]}' % b",".join(shown), media_type=_JSON)


@router.get(
    "/{stream}/forecast",
    summary="What follows the last value, over several steps",
    responses=_UNKNOWN,
)
@needs(Scope.predict)
async def forecast(
    request: Request,
    services: ServicesDep,
    client: ClientDep,
    name: NameDep,
    horizon: Annotated[int, Query(ge=1, le=1000, description="How many values to continue for")],
    levels: Annotated[
        str | None, Query(description="In percent, with commas between; the stream's own when left out")
    ] = None,
) -> schemas.StreamForecast:
    found, context = await services.streams.context(client, name)
    its = definition_of(found)
    asked = its.levels if levels is None else _levels(levels)
    question = ForecastQuestion(context, found.model, found.version, horizon, asked, (), its.season)
    with Hand(services.admission) as hand:
        hand.start()
        price = question.price(services.engine.prices)
        (answer,) = await Work(request)(
            lambda: ForecastQuestion.answers(services.engine, [question]), price._replace(values=1)
        )
    request_id = request.scope["state"]["request_id"]
    return schemas.StreamForecast(request_id, name, found.next, answer.found[0])


def _levels(text: str) -> tuple[float, ...]:
    try:
        found = sorted({float(each) for each in text.split(",")})
    except ValueError:
        found = []
    if not found or len(found) > schemas.MOST_LEVELS or not all(0.0 < each < 100.0 for each in found):
        expected = f"at most {schemas.MOST_LEVELS} levels between 0 and 100 with commas between, as 80,95"
        raise InvalidInput(f"expected {expected}", code="out_of_range", problems=(Problem("query.levels", expected),))
    return tuple(found)


@router.post("/{stream}/close", summary="Close a stream for good; what is on record stays", responses=_UNKNOWN)
@needs(Scope.predict)
async def close(services: ServicesDep, client: ClientDep, name: NameDep) -> schemas.StreamState:
    return schemas.StreamState.of(await services.streams.close(client, name))


@router.delete("/{stream}", summary="Delete a stream for good, with its values", responses=_UNKNOWN)
@needs(Scope.predict)
async def remove(services: ServicesDep, client: ClientDep, name: NameDep) -> schemas.Removed:
    return schemas.Removed(await services.streams.remove(client, name))
