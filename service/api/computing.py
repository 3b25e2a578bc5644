"""One pipeline for every computing endpoint: read, validate, compute, record, and only then answer.

Plain ASGI inside the FastAPI app, and ``describe`` writes the OpenAPI entry from the same schemas.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import anyio.to_thread
from pydantic import TypeAdapter
from starlette.types import Receive, Scope, Send

from service.api.body import Disconnected, parse, read_body
from service.api.deps import Services, services_of
from service.api.errors import MEDIA_TYPE, headers_of, problem, problem_of
from service.api.schemas import ComputingPayload
from service.errors import InvalidInput, LogUnavailable, UnrollError
from service.inference.answers import Forecast, Prediction
from service.request_log.rows import Row, identify

logger = logging.getLogger(__name__)

# Bodies beyond this are some hundreds of microseconds of work or more: they leave the event loop.
_INLINE_BYTES = 4096
_JSON = b"application/json"
_LONGEST_CLIENT_ID = 128


@dataclass(frozen=True, slots=True)
class Computed:
    """An answer and what its row in the log says of it."""

    response: object
    task: str | None
    models: tuple[str, ...]
    sequences: int
    values: int

    @staticmethod
    def references(answers: Iterable[Prediction | Forecast]) -> tuple[str, ...]:
        """Everyone who had a part in ``answers``: ``name/version``, or ``rule:name``."""
        return tuple(sorted({f"{each.model}/{each.version}" if each.version else each.model for each in answers}))


Payload = TypeVar("Payload", bound=ComputingPayload)
Answer = Callable[[Services, Payload, str], Computed]


class ComputingEndpoint(Generic[Payload]):
    """The ASGI application of one path.

    ``answer(services, payload, request_id)`` is plain synchronous code; it runs inline or in a thread.
    """

    def __init__(
        self, path: str, payload: type[Payload], response: type[Any], answer: Answer[Payload], example: dict[str, Any]
    ) -> None:
        self.path = path
        self.payload = payload
        self.response = response
        self.summary = (answer.__doc__ or "").strip().splitlines()[0]
        self.example = example
        self._answer = answer
        self._dump = TypeAdapter(response).dump_json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter_ns()
        services = services_of(scope)
        request_id, now = identify()
        body, computed, code = b"", None, None
        try:
            services.log.admit()
            body = await read_body(scope, receive, services.settings.body_limit)
            work = partial(self._work, services, body, request_id)
            computed, content = (
                work() if len(body) <= _INLINE_BYTES else await anyio.to_thread.run_sync(work, limiter=services.threads)
            )
            status = HTTPStatus.OK
        except Disconnected:
            return
        except UnrollError as error:
            (status, content), code = problem_of(error, request_id), error.code
        except Exception:
            logger.exception("request %s failed", request_id)
            status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal"
            content = problem(status, "the service failed to answer; the request id is in its log", code, request_id)
        row = self._row(scope, request_id, now, started, status, code, computed, body, content)
        if computed is None:
            if body:
                services.log.note(row)
        else:
            try:
                await services.log.record(row)
            except LogUnavailable as error:
                status, content = problem_of(error, request_id)
        await _send(send, status, request_id, content)

    def _work(self, services: Services, body: bytes, request_id: str) -> tuple[Computed, bytes]:
        payload = parse(self.payload, body)
        try:
            computed = self._answer(services, payload, request_id)
        except InvalidInput as error:
            raise payload.located(error) from None
        return computed, self._dump(computed.response)

    def _row(
        self,
        scope: Scope,
        request_id: str,
        now: int,
        started: int,
        status: HTTPStatus,
        code: str | None,
        computed: Computed | None,
        request: bytes,
        response: bytes,
    ) -> Row:
        return Row(
            id=request_id,
            time=now,
            endpoint=self.path,
            task=computed.task if computed else None,
            models=computed.models if computed else (),
            status=int(status),
            code=code,
            client=None,
            client_request_id=_client_request_id(scope),
            sequences=computed.sequences if computed else 0,
            values=computed.values if computed else 0,
            duration_us=(time.perf_counter_ns() - started) // 1000,
            request=request,
            response=response,
        )


def _client_request_id(scope: Scope) -> str | None:
    """The client's own name for its request, from X-Request-ID or traceparent; never used as the id."""
    headers = dict(scope["headers"])
    given: bytes = headers.get(b"x-request-id") or headers.get(b"traceparent") or b""
    text = given[:_LONGEST_CLIENT_ID].decode("latin-1")
    return text if text and text.isprintable() else None


async def _send(send: Send, status: int, request_id: str, content: bytes) -> None:
    headers = [
        (b"content-type", _JSON if status == HTTPStatus.OK else MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"x-request-id", request_id.encode()),
        *((name.lower().encode(), value.encode()) for name, value in headers_of(status).items()),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": content})
