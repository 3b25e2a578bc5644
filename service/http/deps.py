"""What every handler works with: the collaborators that the composition root built, and one alias each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypedDict, TypeVar

from anyio import CapacityLimiter
from fastapi import Depends
from fastapi.requests import HTTPConnection, Request
from starlette.types import Scope

from service.http import encoding
from service.http.admission import Admission, Hand
from service.http.batching import Batching
from service.http.body import AT_ONCE, JSON_ONLY, Accepted, Payload, cost_of, parse, read_body
from service.http.gathering import Gathering
from service.http.jobs import Jobs
from service.http.live import LiveErrors
from service.inference.cancellation import Cancellation
from service.inference.catalog import Catalog
from service.inference.engine import Engine
from service.inference.finetuning.kept import Kept
from service.inference.repository import Repository
from service.lifecycle import Lifecycle
from service.request_log.claims import Readers
from service.request_log.heavy import HeavyReads
from service.request_log.interrupt import Interrupt
from service.request_log.reader import LogReader
from service.request_log.writer import LogWriter
from service.settings import Settings
from service.streams.streams import Streams
from service.telemetry.metrics import Metrics
from service.telemetry.tracing import Tracing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of one server process. ``threads`` is for what is no question."""

    settings: Settings
    repository: Repository
    catalog: Catalog
    engine: Engine
    log: LogWriter
    reader: LogReader
    heavy: HeavyReads
    live_errors: LiveErrors
    metrics: Metrics
    tracing: Tracing | None
    threads: CapacityLimiter
    admission: Admission
    batching: Batching
    gathering: Gathering
    lifecycle: Lifecycle
    claims: Readers
    streams: Streams
    jobs: Jobs
    kept: Kept

    @property
    def ready(self) -> bool:
        """Whether requests sent to this process now would be answered."""
        return self.lifecycle.takes_traffic and self.log.ready and len(self.catalog) > 0


class State(TypedDict):
    """What the lifespan yields; Starlette copies it into every scope."""

    services: Services


def services_of(scope: Scope) -> Services:
    """The collaborators, out of an ASGI scope."""
    services: Services = scope["state"]["services"]
    return services


# What only looks something up is asynchronous, though it waits for nothing: FastAPI hands each other one to a thread.
async def _services(connection: HTTPConnection) -> Services:
    return services_of(connection.scope)


async def _catalog(connection: HTTPConnection) -> Catalog:
    return services_of(connection.scope).catalog


async def _repository(connection: HTTPConnection) -> Repository:
    return services_of(connection.scope).repository


async def _reader(connection: HTTPConnection) -> LogReader:
    return services_of(connection.scope).reader


async def _kept(connection: HTTPConnection) -> Kept:
    return services_of(connection.scope).kept


async def _jobs(connection: HTTPConnection) -> Jobs:
    return services_of(connection.scope).jobs


async def _own_rows(connection: HTTPConnection) -> str | None:
    state = connection.scope["state"]
    return state["client"] if state.get("own_rows_only") else None


async def _known(connection: HTTPConnection) -> bool:
    keys_are_on = services_of(connection.scope).settings.api_keys_file is not None
    return not keys_are_on or connection.scope["state"].get("client") is not None


class Counted(NamedTuple):
    """One moving window of a client's quota: of ``limit`` requests in so many ``seconds`` it has made ``used``."""

    seconds: int
    used: int
    limit: int


async def _quota(connection: HTTPConnection) -> list[Counted]:
    counted = connection.scope["state"].get("counted")
    return await counted() if counted is not None else []


def posted(payload: type[Payload], *, absent: bytes = b"", accepted: Accepted = JSON_ONLY) -> Any:
    """The body as a ``payload``, in one of the forms ``accepted``; ``absent`` is what an empty one means.

    A route reads its body with this and never as a parameter of FastAPI's, which bounds no body, does not count what
    it holds, parses on the event loop, and lets a repeated key pass.
    """

    async def read(request: Request) -> Payload:
        services = services_of(request.scope)
        with Hand(services.admission) as hand:
            limit = services.settings.body_limit
            body = await read_body(request.scope, request.receive, limit, accepted, hand.reading)
            hand.start()
            encoded = request.headers.get("content-encoding", "").encode("latin-1")
            if len(body) <= AT_ONCE and not encoded:
                return parse(payload, body or absent)

            def parsed() -> Payload:
                return parse(payload, encoding.decoded(encoded, body, limit) if encoded else body)

            cancellation = Cancellation(services.settings.work_timeout)
            return await services.admission.in_thread(parsed, cost_of(body), cancellation)

    return Depends(read)


class InTurn:
    """Heavy reads of the log for one request, which end when its client leaves."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def __call__(self, read: Callable[[Interrupt], T]) -> T:
        """Raises what :meth:`HeavyReads.run` raises."""
        return await services_of(self._request.scope).heavy.run(read, left=self._left)

    async def _left(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


ServicesDep = Annotated[Services, Depends(_services)]
RepositoryDep = Annotated[Repository, Depends(_repository)]
CatalogDep = Annotated[Catalog, Depends(_catalog)]
ReaderDep = Annotated[LogReader, Depends(_reader)]
KeptDep = Annotated[Kept, Depends(_kept)]
JobsDep = Annotated[Jobs, Depends(_jobs)]
InTurnDep = Annotated[InTurn, Depends(InTurn)]
# The name of a client that may touch its own rows only, or None.
OwnRowsDep = Annotated[str | None, Depends(_own_rows)]
# The windows of the caller's quota; none where there is no quota.
QuotaDep = Annotated[list[Counted], Depends(_quota)]
# Whether an open route may say more than to a stranger: the caller has a key, or nobody needs one.
KnownDep = Annotated[bool, Depends(_known)]
