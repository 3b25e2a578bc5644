"""The one composition root: builds every collaborator from the settings and puts the routes together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.routing import Route

from service import DISTRIBUTION
from service.cores import cores
from service.http import handlers, openapi, query
from service.http.admission import Admission
from service.http.auth import Access, Auth, needs
from service.http.batching import Batching
from service.http.cross_origin import AllowedHosts, CrossOrigin
from service.http.deps import Services, State
from service.http.errors import PROBLEMS
from service.http.gathering import Gathering
from service.http.jobs import Jobs
from service.http.live import LiveErrors
from service.http.middleware import ContentPolicy, Head, Prefixed, RequestId, Straight
from service.http.pipeline import Computing
from service.http.protocol import Protocol, Protocols
from service.inference.catalog import require_runtime
from service.inference.engine import Engine
from service.inference.finetuning.kept import Kept
from service.inference.repository import Repository
from service.inference.watching import follow_others, try_others, watch_folder
from service.keys import KeyFile
from service.lifecycle import Lifecycle
from service.lists import listed
from service.protocols.native import codecs as native
from service.protocols.nixtla import NIXTLA
from service.protocols.sagemaker import SAGEMAKER
from service.protocols.timeseries import TIMESERIES
from service.protocols.v1 import V1
from service.protocols.v2 import V2
from service.request_log.heavy import HeavyReads
from service.request_log.jobs import JobReader
from service.request_log.reader import LogReader
from service.request_log.retention import forget_old
from service.request_log.streams import StreamReader
from service.request_log.writer import LogWriter
from service.routes import health, metrics, models, outcomes, page, quality, requests, stream_events, streams
from service.settings import Settings
from service.streams.streams import Streams
from service.telemetry.metrics import Metrics, shared_folder
from service.telemetry.tracing import from_environment, require_tracing

NATIVE = Protocol(
    ("",),
    PROBLEMS,
    native.CODECS,
    (
        *(health.router, models.router, requests.router, outcomes.router, quality.router, metrics.router),
        *(streams.router, stream_events.router),
    ),
    tolerant=False,
)
PROTOCOLS = (NATIVE, V1, V2, NIXTLA, SAGEMAKER, TIMESERIES)

# Swagger UI starts from a script within its page, writes styles and carries its icons as data.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(
    settings: Settings, lifecycle: Lifecycle | None = None, protocols: Iterable[Protocol] = PROTOCOLS
) -> FastAPI:
    """The application; models, log and threads come to life with its lifespan, not before.

    ``lifecycle`` is shared with the server that can end the process.

    Raises:
        SettingsError: the settings ask for something that is not installed.
    """
    require_runtime(settings.runtime)
    require_tracing()
    life, spoken = lifecycle or Lifecycle(), Protocols(protocols)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        repository = Repository(
            *settings.models_folders,
            runtime=settings.runtime,
            changes=shared_folder(),
            ending=lambda: life.draining,
        )
        catalog = repository.catalog
        log = LogWriter(
            settings.database_url,
            durability=settings.log_durability,
            bodies=settings.log_bodies,
            body_limit=settings.log_body_limit,
            queue_rows=settings.log_queue_rows,
            queue_bytes=settings.log_queue_bytes,
            on_failure=settings.log_on_failure,
            commit_timeout=settings.log_commit_timeout,
        )
        await log.start()
        life.serves, life.complaints = repository.in_words(), repository.complaints()
        watches = [life.guard("the request log's thread", log.wait_stopped())]
        if settings.log_keep_days is not None:
            watches.append(life.guard("the deletion of old requests", forget_old(log, settings.log_keep_days)))
        watches.append(life.guard("the trial of models", try_others(repository)))
        if settings.models_poll_seconds:
            watches.append(life.guard("the models' watcher", watch_folder(repository, settings.models_poll_seconds)))
        admission = Admission(
            requests=settings.concurrency,
            large_bytes=settings.large_bytes,
            wait=settings.queue_timeout,
            threads=cores(),
        )
        life.at_end.append(admission.end_by)
        reader = LogReader(settings.database_url, timeout=settings.log_read_timeout, beside_writer=True)
        stream_reader = StreamReader(settings.database_url, timeout=settings.log_read_timeout, beside_writer=True)
        job_reader = JobReader(settings.database_url, timeout=settings.log_read_timeout, beside_writer=True)
        heavy, engine, counts = HeavyReads(settings.log_read_timeout), Engine(catalog), Metrics()
        jobs = Jobs(settings, spoken, engine, log, job_reader, admission, counts)
        watches.append(life.guard("the running of jobs", jobs.work()))
        services = Services(
            settings,
            repository,
            catalog,
            engine,
            log,
            reader,
            heavy,
            LiveErrors(reader, heavy),
            counts,
            from_environment(),
            CapacityLimiter(1),
            admission,
            Batching(log, admission),
            Gathering(log, admission, settings.work_timeout),
            life,
            {codec.path: codec.claims for codec in spoken.codecs if codec.claims is not None},
            Streams(
                engine, log, stream_reader, counts, followers=settings.stream_followers, memory=settings.stream_memory
            ),
            jobs,
            Kept(repository),
        )
        life.at_end.append(lambda _: services.streams.events.end())
        if shared_folder() is not None:
            watches.append(life.guard("the publishing of metrics", metrics.keep_published(services)))
            watches.append(life.guard("following other workers", follow_others(repository)))
        try:
            yield {"services": services}
        finally:
            life.drain()  # whoever ends it: a folder that is being loaded is waited for no longer
            for watch in watches:
                watch.cancel()
            services.reader.close()  # first: the writer, as the last, leaves one whole file behind
            stream_reader.close()
            job_reader.close()
            await log.close()
            if services.tracing is not None:
                await to_thread.run_sync(services.tracing.close)

    app = FastAPIOffline(
        title="Unroll",
        summary="Serves recurrent networks and says how far each answer can be trusted.",
        version=version(DISTRIBUTION),
        docs_url="/docs",
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # Whether somebody set up OpenTelemetry for FastAPI is a question of 5 us a request; our own tracing is apart.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        dependencies=[Depends(query.refuse_unknown)],
        responses={
            int(HTTPStatus.UNPROCESSABLE_ENTITY): PROBLEMS.entry(openapi.PARAMETER),
        },
    )
    site = [*app.routes, *page.routes]
    for route in app.routes:  # the document, and what shows it
        needs(None)(getattr(route, "endpoint", None) or getattr(route, "app", None))
    app.state.protocols = spoken
    computing = {path: Computing(codec) for codec in spoken.codecs for path in codec.routes}
    # First in the table, so that the busiest paths are matched first.
    busy = [Route(path, endpoint, methods=["POST"]) for path, endpoint in computing.items()]
    app.router.routes[:0] = busy
    routers = [router for protocol in spoken for router in protocol.routers]
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(page.routes)
    app.state.access = Access([*busy, *(route for router in routers for route in router.routes), *site])
    # Each middleware that is added goes around those before it.
    app.add_middleware(Head)
    app.add_middleware(ContentPolicy, policies={"/docs": _DOCS_POLICY})
    app.add_middleware(RequestId)
    app.add_middleware(Straight, endpoints={path: each for path, each in computing.items() if "{" not in path})
    if settings.quota is not None:
        # Here, because a start without quotas does without these thirty milliseconds and two megabytes.
        from service.http.quotas import Counter, Quotas, Strangers

        counter = Counter(settings.quota, settings.quota_url)
        app.add_middleware(Quotas, counter=counter)
    if settings.api_keys_file is not None:
        app.add_middleware(Auth, keys=KeyFile(settings.api_keys_file))
        if settings.quota is not None:
            app.add_middleware(Strangers, counter=counter)
    origins, hosts = listed(settings.cors_origins), listed(settings.allowed_hosts)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"],
        )
    anonymous = settings.api_keys_file is None  # a page of another origin has no key, and its browser adds none
    app.add_middleware(
        CrossOrigin,
        hosts=AllowedHosts(settings.host, hosts) if anonymous or hosts else None,
        origins=origins if anonymous else None,
    )
    if settings.root_path:
        app.add_middleware(Prefixed, root_path=settings.root_path)
    handlers.install(app)
    openapi.install(app, spoken)
    return app
