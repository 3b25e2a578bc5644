"""One pipeline for every computing endpoint of every protocol: read, admit, compute, record, and only then answer.

Plain ASGI inside the FastAPI app. Knows no protocol: a codec says how bytes become a question and an answer bytes.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from service.errors import InvalidInput, LogUnavailable, UnrollError
from service.http.admission import INLINE, Hand
from service.http.body import AT_ONCE, Disconnected, cost_of, read_body
from service.http.codec import Call, Codec
from service.http.computing import ask, compute
from service.http.deps import Services, services_of
from service.http.errors import UNEXPECTED, Failure, Refusal
from service.http.gathering import gathers
from service.http.leaving import cancelled_with
from service.http.protocol import protocol_of, refuse, send_refusal
from service.http.query import refuse_others
from service.http.traces import trace
from service.http.work import Work
from service.inference.cancellation import Cancellation
from service.keys import Scope
from service.request_log.rows import identify
from service.streams.sequenced import Sequenced

logger = logging.getLogger(__name__)

_PART_BYTES = 256 * 1024


class Computing:
    """The ASGI application of one computing endpoint."""

    needed = Scope.predict

    def __init__(self, codec: Codec[Any]) -> None:
        self.codec = codec

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        services, (request_id, now) = services_of(scope), identify()
        headers, client = dict(scope["headers"]), scope["state"].get("client")
        call = Call(self.codec, request_id, now, time.perf_counter_ns(), scope["path_params"], headers, client)
        refusal: Refusal | None = None
        with Hand(services.admission) as hand:
            try:
                await _take(call, scope, receive, services, hand)
            except Disconnected:
                return
            except UnrollError as error:
                refusal = _refusal(call, scope, services, error)
            except Exception:
                logger.exception("request %s failed", request_id, extra={"request_id": request_id})
                refusal = _refusal(call, scope, services, UNEXPECTED)
            ended, status = time.perf_counter_ns(), HTTPStatus.OK if refusal is None else refusal.status
            _count(call, services, status, ended - call.started)
            if refusal is None:
                await _send(send, call)
            else:
                await send_refusal(send, refusal)
        if services.tracing is not None:
            trace(services.tracing, call, status, ended)


async def _take(call: Call, scope: Asgi, receive: Receive, services: Services, hand: Hand) -> None:
    """Read, admit and compute ``call``, and return when its row is committed. Raises whatever refuses it."""
    services.log.admit()
    services.admission.admit()
    if scope["query_string"] and not protocol_of(scope).tolerant:
        refuse_others(scope["query_string"], ())
    limit, accepted = services.settings.body_limit, call.codec.accepted
    call.body = await read_body(scope, receive, limit, accepted, hand.reading)
    hand.start()
    call.arrived = True
    asked = len(call.body) <= AT_ONCE and b"content-encoding" not in call.headers
    if asked:
        ask(call, services.engine, limit)
        # What is less is never too much.
        if call.sequenced is None and (call.price.microseconds > INLINE or "charge" in scope["state"]):
            await _admitted(call, scope, services)
    if asked and call.sequenced is None and call.price.microseconds <= INLINE:
        await services.batching.answer(call, services.engine)
    elif asked and call.sequenced is None and gathers(call):
        cancellation = Cancellation(services.settings.work_timeout + call.codec.patience)
        async with cancelled_with(receive, cancellation):
            await services.gathering.answer(call, services.engine, cancellation)
        hand.keep(len(call.content.body) + len(call.sent.body))
    else:
        if not asked or call.sequenced is None:
            await _in_threads(call, scope, receive, services, asked)
        if call.sequenced is not None:
            await _follow(call, call.sequenced, Work(Request(scope, receive)), services)
        hand.keep(len(call.content.body) + len(call.sent.body))
        await services.log.record(call.row())


def _refusal(call: Call, scope: Asgi, services: Services, error: UnrollError | Failure) -> Refusal:
    """How ``error`` is answered. Where the body had arrived that is noted in the log, unless the log refuses it."""
    if isinstance(error, InvalidInput) and call.payload is not None:
        error = call.codec.located(error, call.payload)
    refusal = refuse(scope, error, call.request_id)
    if call.arrived and not isinstance(error, LogUnavailable):
        services.log.note(call.row(refusal, error.code))
    return refusal


async def _admitted(call: Call, scope: Asgi, services: Services) -> None:
    """Refuse what costs more than one request may, or than its client has left."""
    call.price.require(services.settings.work_limit * 1e6)
    if (charge := scope["state"].get("charge")) is not None:
        await charge(call.price.microseconds)


async def _in_threads(call: Call, scope: Asgi, receive: Receive, services: Services, asked: bool) -> None:
    """The answer, computed off the event loop, where a long body is read too, for as long as somebody waits."""
    in_thread, patience = services.admission.in_thread, call.codec.patience
    cancellation = Cancellation(services.settings.work_timeout + patience)
    async with cancelled_with(receive, cancellation):
        if not asked:
            reading = partial(ask, call, services.engine, services.settings.body_limit)
            await in_thread(reading, cost_of(call.body), cancellation, patience)
            if call.sequenced is not None:
                return
            await _admitted(call, scope, services)
        work = partial(compute, call, services.engine)
        await in_thread(work, call.price.microseconds, cancellation, patience)


async def _follow(call: Call, sequenced: Sequenced, work: Work, services: Services) -> None:
    """The answer of a stream, whose values are on record then."""
    began = time.perf_counter_ns()
    answer = await sequenced.answer(services.streams, call.client or "", work)
    call.write(answer, time.perf_counter_ns() - began)


def _count(call: Call, services: Services, status: HTTPStatus, nanoseconds: int) -> None:
    models: tuple[str, ...] = ()
    inference: float | None = None
    if call.answer is not None:
        models, inference = call.answer.models, (call.inferred - call.validated) * 1e-9
    services.metrics.answered(call.codec.path, models, status, nanoseconds * 1e-9, inference)
    call.codec.observe(call, services.metrics, services.catalog, nanoseconds, status != HTTPStatus.OK)


async def _send(send: Send, call: Call) -> None:
    headers = [
        *call.sent.headers,
        (b"content-length", str(len(call.sent.body)).encode()),
        (b"x-request-id", call.request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    # In parts, so that what a slow client has not taken waits here, where it is counted.
    body, sent = call.sent.body, 0
    while len(body) - sent > _PART_BYTES:
        await send({"type": "http.response.body", "body": body[sent : sent + _PART_BYTES], "more_body": True})
        sent += _PART_BYTES
    await send({"type": "http.response.body", "body": body[sent:]})
