"""One pipeline for every computing endpoint of every protocol: read, validate, compute, record, and only then answer.

Plain ASGI inside the FastAPI app. A protocol says how bytes become a question and an answer becomes bytes; here is
what all of them share. Knows no protocol.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, Generic, TypeVar

from starlette.types import Receive, Scope, Send

from service.api import encoding
from service.api.admission import INLINE, Hand
from service.api.body import AT_ONCE, JSON_ONLY, Accepted, Disconnected, cost_of, read_body
from service.api.deps import Services, services_of
from service.api.errors import Refusal, is_foreign, refuse, refuse_as
from service.api.leaving import cancelled_with
from service.api.query import refuse_others
from service.api.replies import Asked, Computed, Content, Posted, Reply, Stages
from service.api.traces import trace
from service.errors import LogUnavailable, UnrollError
from service.inference.cancellation import Cancellation, checkpoint
from service.inference.price import Price
from service.request_log.rows import Row, identify

logger = logging.getLogger(__name__)

_LONGEST_CLIENT_ID = 128
_PART_BYTES = 256 * 1024

Question = TypeVar("Question")


class ComputingEndpoint(ABC, Generic[Question]):
    """The ASGI application of one path of one protocol.

    ``path`` is its OpenAPI template and its name in the log and in the metrics; ``routes`` are the paths that lead
    here. ``read``, ``price``, ``compute`` and ``write`` are plain synchronous code: they run on the event loop, or in a
    thread where the body is long or the question dear.
    """

    path: str
    routes: tuple[str, ...]
    # What its OpenAPI entry is written from.
    tag: ClassVar[str]
    binary: ClassVar[bool] = False  # bodies may be more than JSON
    headers: ClassVar[tuple[dict[str, Any], ...]] = ()
    payload: Any
    response: Any
    summary: str
    example: Any
    accepted: ClassVar[Accepted] = JSON_ONLY

    @abstractmethod
    def read(self, posted: Posted) -> Question:
        """The question in ``posted``; raises InvalidInput."""

    @abstractmethod
    def price(self, services: Services, question: Question, posted: Posted) -> Price:
        """What the answer would cost; raises InvalidInput."""

    @abstractmethod
    def compute(self, services: Services, question: Question, posted: Posted) -> Computed:
        """The answer; raises what the engine raises."""

    @abstractmethod
    def write(self, computed: Computed, question: Question) -> Content:
        """The answer as bytes."""

    def joins(self, question: Question, posted: Posted) -> Hashable | None:
        """What questions have in common that :meth:`compute_together` may get; None for one to be asked alone."""
        return None

    def compute_together(self, services: Services, questions: list[Question], posted: list[Posted]) -> list[Computed]:
        """The answer to each of several questions that join; raises where one of them has none."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services = services_of(scope)
        with Hand(services.admission) as hand:
            await self._handle(scope, receive, send, services, hand)

    async def _handle(self, scope: Scope, receive: Receive, send: Send, services: Services, hand: Hand) -> None:
        started = time.perf_counter_ns()
        posted = Posted(*identify(), dict(scope["headers"]), scope["path_params"], scope["state"].get("client"))
        reply: Reply | None = None
        refusal: Refusal | None = None
        code: str | None = None
        arrived = False
        try:
            services.log.admit()
            services.admission.admit()
            if scope["query_string"] and not is_foreign(self.path):
                refuse_others(scope["query_string"], ())
            posted.body = await read_body(scope, receive, services.settings.body_limit, self.accepted, hand.reading)
            hand.start()
            arrived = True
            asked = None
            if len(posted.body) <= AT_ONCE and b"content-encoding" not in posted.headers:
                asked = self._ask(services, posted)
                if asked.price.microseconds > INLINE or "charge" in scope["state"]:  # what is less is never too much
                    await self._admitted(scope, services, asked)
            if asked is not None and asked.price.microseconds <= INLINE:
                reply = await services.gathering.reply(self, services, posted, asked, started)
            else:
                reply = await self._in_threads(scope, receive, services, posted, asked)
                hand.keep(len(reply.content.body) + len(reply.sent.body))
                await services.log.record(self.row(posted, started, reply))
        except Disconnected:
            return
        except LogUnavailable as error:
            refusal = refuse(self.path, error, posted.request_id)
        except UnrollError as error:
            refusal, code = refuse(self.path, error, posted.request_id), error.code
        except Exception:
            logger.exception("request %s failed", posted.request_id, extra={"request_id": posted.request_id})
            detail, code = "the service failed to answer; the request id is in its log", "internal"
            refusal = refuse_as(self.path, HTTPStatus.INTERNAL_SERVER_ERROR, detail, code, posted.request_id)
        if refusal is not None and code is not None and arrived:
            services.log.note(self._refused_row(posted, started, refusal, code))
        ended = time.perf_counter_ns()
        self.observe(services, posted, reply, refusal, ended - started)
        if refusal is not None:
            headers = tuple((name.lower().encode(), value.encode()) for name, value in refusal.headers.items())
            content = Content(refusal.content, ((b"content-type", refusal.media_type.encode()), *headers))
            await _send(send, refusal.status, posted.request_id, content)
        elif reply is not None:
            await _send(send, HTTPStatus.OK, posted.request_id, reply.sent)
        if services.tracing is not None:
            status = HTTPStatus.OK if refusal is None else refusal.status
            trace(services.tracing, self.path, posted, reply, status, started, ended)

    def _ask(self, services: Services, posted: Posted) -> Asked:
        began = time.perf_counter_ns()
        if encoded := posted.headers.get(b"content-encoding"):
            posted.body = encoding.decoded(encoded, posted.body, services.settings.body_limit)
        question = self.read(posted)
        validated = time.perf_counter_ns()
        return Asked(question, self.price(services, question, posted), began, validated)

    async def _admitted(self, scope: Scope, services: Services, asked: Asked) -> None:
        """Refuse what costs more than one request may, or than its client has left."""
        asked.price.require(services.settings.work_limit * 1e6)
        if (charge := scope["state"].get("charge")) is not None:
            await charge(asked.price.microseconds)

    async def _in_threads(
        self, scope: Scope, receive: Receive, services: Services, posted: Posted, asked: Asked | None
    ) -> Reply:
        """The answer, computed off the event loop, where a long body is read too, for as long as somebody waits."""
        in_thread, cancellation = services.admission.in_thread, Cancellation(services.settings.work_timeout)
        async with cancelled_with(receive, cancellation):
            if asked is None:
                asked = await in_thread(partial(self._ask, services, posted), cost_of(posted.body), cancellation)
                await self._admitted(scope, services, asked)
            work = partial(self._work, services, posted, asked)
            return await in_thread(work, asked.price.microseconds, cancellation)

    def _work(self, services: Services, posted: Posted, asked: Asked) -> Reply:
        began = time.perf_counter_ns()
        computed = self.compute(services, asked.question, posted)
        checkpoint()
        return self.reply(posted, asked, computed, time.perf_counter_ns() - began)

    def reply(self, posted: Posted, asked: Asked, computed: Computed, computing: int) -> Reply:
        """``computed`` as it is written and sent; ``computing`` are the nanoseconds that it took."""
        writing = time.perf_counter_ns()
        content = sent = self.write(computed, asked.question)
        if self.accepted.encodings:
            sent = Content(*encoding.encoded(posted.headers.get(b"accept-encoding"), *content))
        inferred = asked.validated + computing
        written = inferred + time.perf_counter_ns() - writing
        return Reply(computed, content, sent, Stages(asked.began, asked.validated, inferred, written))

    def observe(
        self, services: Services, posted: Posted, reply: Reply | None, refusal: Refusal | None, nanoseconds: int
    ) -> None:
        """Count the answer. A protocol that keeps statistics of its own does so here."""
        models: tuple[str, ...] = ()
        inference: float | None = None
        if reply is not None:
            models, inference = reply.computed.models, (reply.stages.inferred - reply.stages.validated) * 1e-9
        status = HTTPStatus.OK if refusal is None else refusal.status
        services.metrics.answered(self.path, models, status, nanoseconds * 1e-9, inference)

    def row(self, posted: Posted, started: int, reply: Reply) -> Row:
        """What the log keeps of an answered request that arrived at ``started``."""
        computed = reply.computed
        return Row(
            id=posted.request_id,
            time=posted.time,
            endpoint=self.path,
            task=computed.task,
            models=computed.models,
            status=200,
            code=None,
            client=posted.client,
            client_request_id=_client_request_id(posted.headers),
            sequences=computed.sequences,
            values=computed.values,
            duration_us=(time.perf_counter_ns() - started) // 1000,
            request=posted.body,
            response=reply.content.body,
        )

    def _refused_row(self, posted: Posted, started: int, refusal: Refusal, code: str) -> Row:
        return Row(
            id=posted.request_id,
            time=posted.time,
            endpoint=self.path,
            task=None,
            models=(),
            status=int(refusal.status),
            code=code,
            client=posted.client,
            client_request_id=_client_request_id(posted.headers),
            sequences=0,
            values=0,
            duration_us=(time.perf_counter_ns() - started) // 1000,
            request=posted.body,
            response=refusal.content,
        )


Endpoints = tuple[ComputingEndpoint[Any], ...]


def _client_request_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The client's own name for its request, from X-Request-ID or traceparent; never used as the id."""
    given = headers.get(b"x-request-id") or headers.get(b"traceparent") or b""
    text = given[:_LONGEST_CLIENT_ID].decode("latin-1")
    return text if text and text.isprintable() else None


async def _send(send: Send, status: int, request_id: str, content: Content) -> None:
    headers = [
        *content.headers,
        (b"content-length", str(len(content.body)).encode()),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    # In parts, so that what a slow client has not taken waits here, where it is counted.
    body, sent = content.body, 0
    while len(body) - sent > _PART_BYTES:
        await send({"type": "http.response.body", "body": body[sent : sent + _PART_BYTES], "more_body": True})
        sent += _PART_BYTES
    await send({"type": "http.response.body", "body": body[sent:]})
