"""Computing calls that are answered later: taken in now, put on record, run by whichever process is free.

A job is read and priced when it comes, so that one that has no answer is refused at once, and answered by the same
steps as a call that somebody waits for. It leaves the same row in the log. Each process runs one at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.types import Receive
from starlette.types import Scope as Asgi

from service.errors import InvalidInput, LogUnavailable, Overloaded, UnrollError
from service.http.admission import Admission, Hand
from service.http.body import cost_of, read_body
from service.http.codec import Call, Codec
from service.http.computing import ask, compute
from service.http.errors import UNEXPECTED, Failure, failure_of
from service.http.protocol import Protocols, refuse
from service.inference.cancellation import Cancellation
from service.inference.engine import Engine
from service.request_log import jobs
from service.request_log.jobs import Job, JobReader
from service.request_log.rows import identify
from service.request_log.writer import LogWriter
from service.settings import Settings
from service.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

# Seconds for which a job waits for its turn among other work; nobody holds a connection open for it.
_PATIENCE = 60.0
# Seconds between two looks for jobs that another process took in, or left behind; and between two signs of life.
_LOOK, _BEAT = 5.0, 3.0


class _Cancelled(Exception):
    """The job was cancelled, or somebody else runs it."""


class Jobs:
    """Those of one process."""

    def __init__(
        self,
        settings: Settings,
        protocols: Protocols,
        engine: Engine,
        log: LogWriter,
        reader: JobReader,
        admission: Admission,
        metrics: Metrics,
    ) -> None:
        self._settings, self._protocols, self._engine, self._log = settings, protocols, engine, log
        self._reader, self._admission, self._metrics = reader, admission, metrics
        self._codecs = {codec.path: codec for codec in protocols.codecs}
        self._threads = CapacityLimiter(1)
        self._came = asyncio.Event()
        self._running: dict[str, Cancellation] = {}

    async def submit(
        self, endpoint: str, seconds: Callable[[Call], float | None], scope: Asgi, receive: Receive
    ) -> str:
        """Take the call of ``endpoint`` in that is in the body; the job's id, once it is on record.

        ``seconds`` says how long it may run. Raises what refuses a call, and JobsFull; the log notes what is invalid.
        """
        self._log.admit()
        self._admission.admit()
        codec = self._codecs[endpoint]
        call = self._call(codec, scope["state"].get("client"), dict(scope["headers"]))
        with Hand(self._admission) as hand:
            limit = self._settings.body_limit
            call.body = await read_body(scope, receive, limit, codec.accepted, hand.reading)
            hand.start()
            try:
                await self._ask(call, Cancellation(self._settings.work_timeout), codec.patience)
                call.price.require(self._settings.work_limit * 1e6)
            except InvalidInput as error:
                located = codec.located(error, call.payload) if call.payload is not None else error
                self._log.note(call.row(refuse(scope, located, call.request_id), located.code))
                raise located from error
            if (charge := scope["state"].get("charge")) is not None:
                await charge(call.price.microseconds)
            job = Job(call.request_id, call.client or "", endpoint, "pending", seconds(call), 0, None, call.body)
            await self._log.run(jobs.enter(job))
        self._came.set()
        return job.id

    async def get(self, client: str | None, endpoint: str, identity: str) -> Job:
        """The job of that id; raises UnknownJob."""
        read = partial(self._reader.get, client or "", endpoint, identity)
        return await to_thread.run_sync(read, limiter=self._threads)

    async def cancel(self, client: str | None, identity: str) -> None:
        """End a job; raises UnknownJob, or JobEnded."""
        await self._log.run(jobs.cancel(client or "", identity))
        if (running := self._running.get(identity)) is not None:
            running.cancel(_Cancelled())

    async def work(self) -> None:
        """Run jobs, one after another, until it is cancelled."""
        while True:
            try:
                self._came.clear()
                job = None
                if await to_thread.run_sync(self._reader.any_wait, limiter=self._threads):
                    job = await self._log.run(jobs.take)
                if job is not None:
                    await self._run(job)
                    continue
            except LogUnavailable as failure:
                logger.info("jobs wait for the request log: %s", failure.detail)
            await _first(self._came.wait(), _LOOK)

    async def _run(self, job: Job) -> None:
        cancellation = Cancellation(job.seconds or _PATIENCE + self._settings.work_timeout)
        self._running[job.id] = cancellation
        try:
            async with self._beating(job, cancellation):
                await self._answered(job, cancellation)
        except _Cancelled:
            logger.info("job %s was cancelled", job.id)
        finally:
            del self._running[job.id]

    async def _answered(self, job: Job, cancellation: Cancellation) -> None:
        """Answer ``job``, and put on record what came of it."""
        codec = self._codecs.get(job.endpoint)
        if codec is None:
            await self._log.run(jobs.end(job, "failed", error="this version of the service does not answer that call"))
            return
        call = self._call(codec, job.client or None, {})
        call.body = job.body or b""
        failure: Failure | None = None
        try:
            await self._ask(call, cancellation, _PATIENCE)
            work = partial(compute, call, self._engine)
            await self._admission.in_thread(work, call.price.microseconds, cancellation, _PATIENCE)
            await self._log.record(call.row())
        except LogUnavailable:
            await self._log.wait_ready()
            await self._log.run(jobs.release(job))
            return
        except Overloaded as error:
            if error.code != "deadline_exceeded":  # the service is busy, or stops: somebody will have time for it
                await self._log.run(jobs.release(job))
                await asyncio.sleep(1.0)
                return
            failure = failure_of(error)
        except UnrollError as error:
            failure = failure_of(error)
        except _Cancelled:
            raise
        except Exception:
            logger.exception("job %s failed", job.id)
            failure = UNEXPECTED
        nanoseconds = time.perf_counter_ns() - call.started
        if failure is None:
            self._count(call, 200, nanoseconds)
            await self._log.run(jobs.end(job, "succeeded", call.content.body))
            return
        refusal = self._protocols.of(codec.path).errors.refusal(failure, call.request_id)
        self._log.note(call.row(refusal, failure.code))
        self._count(call, refusal.status, nanoseconds)
        await self._log.run(jobs.end(job, "failed", error=failure.detail))

    async def _ask(self, call: Call, cancellation: Cancellation, patience: float) -> None:
        work = partial(ask, call, self._engine, self._settings.body_limit)
        await self._admission.in_thread(work, cost_of(call.body), cancellation, patience)

    @asynccontextmanager
    async def _beating(self, job: Job, cancellation: Cancellation) -> AsyncIterator[None]:
        """Say that ``job`` is being run, from time to time, and end it where it is not the caller's any more."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(_BEAT)
                try:
                    if not await self._log.run(jobs.keep(job)):
                        cancellation.cancel(_Cancelled())
                        return
                except LogUnavailable as failure:
                    logger.info("a job says nothing of itself: %s", failure.detail)

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()

    def _call(self, codec: Codec[Any], client: str | None, headers: dict[bytes, bytes]) -> Call:
        return Call(codec, *identify(), time.perf_counter_ns(), {}, headers, client)

    def _count(self, call: Call, status: int, nanoseconds: int) -> None:
        models = () if call.answer is None else call.answer.models
        inference = None if call.answer is None else (call.inferred - call.validated) * 1e-9
        self._metrics.answered(call.codec.path, models, status, nanoseconds * 1e-9, inference)


async def _first(waited: Awaitable[object], seconds: float) -> None:
    """Wait for ``waited``, but no longer."""
    try:
        async with asyncio.timeout(seconds):
            await waited
    except TimeoutError:
        return
