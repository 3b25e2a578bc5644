"""What a protocol says of one computing endpoint, bytes to a question and an answer to bytes; and a request on its way.

Knows no ASGI and no engine: the pipeline does the rest.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from service.errors import InvalidInput
from service.http import encoding
from service.http.body import JSON_ONLY, Accepted
from service.http.errors import Refusal
from service.inference.catalog import Catalog
from service.inference.price import Price
from service.inference.questions import Answer, Question
from service.request_log.claims import Reader
from service.request_log.rows import Row
from service.streams.sequenced import Sequenced
from service.telemetry.metrics import Metrics

_LONGEST_CLIENT_ID = 128

Headers = tuple[tuple[bytes, bytes], ...]
JSON: Headers = ((b"content-type", b"application/json"),)


class Content(NamedTuple):
    """The bytes of an answer, and the headers that describe them."""

    body: bytes
    headers: Headers


@dataclass(slots=True, eq=False)
class Call:
    """One request to a computing endpoint on its way. What has no value is set when it comes to that.

    ``path`` are the parameters of its path, ``headers`` are in lower case, ``body`` is without its encoding, and
    ``sent`` is ``content`` as it goes on the wire. When reading, computing and writing began and when they ended is in
    nanoseconds of the monotonic clock; of work that was done for several requests together each has its share.
    """

    codec: Codec[Any]
    request_id: str
    time: int  # microseconds since the epoch, UTC
    started: int
    path: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    client: str | None = None  # name of the API key
    body: bytes = b""
    arrived: bool = False  # all of its body
    payload: Any = None
    question: Question[Any] = field(init=False)
    sequenced: Sequenced | None = None  # in a question's place
    price: Price = field(init=False)
    answer: Answer[Any] | None = None
    content: Content = field(init=False)
    sent: Content = field(init=False)
    began: int = 0
    validated: int = 0
    inferred: int = 0
    written: int = 0

    def read(self, body_limit: int) -> None:
        """Read the body into a question, or into what goes to a stream.

        Raises InvalidInput, or BodyTooLarge for one that is when decompressed.
        """
        self.began = time.perf_counter_ns()
        if encoded := self.headers.get(b"content-encoding"):
            self.body = encoding.decoded(encoded, self.body, body_limit)
        self.payload = self.codec.read(self)
        self.sequenced = self.codec.sequenced(self.payload, self)
        if self.sequenced is None:
            self.question = self.codec.question(self.payload, self)
        self.validated = time.perf_counter_ns()

    def write(self, answer: Answer[Any], computing: int) -> None:
        """Write ``answer``; ``computing`` are the nanoseconds that it took."""
        began = time.perf_counter_ns()
        self.answer, self.inferred = answer, self.validated + computing
        self.content = self.sent = self.codec.write(answer.found, self.payload, self)
        if self.codec.accepted.encodings:
            self.sent = Content(*encoding.encoded(self.headers.get(b"accept-encoding"), *self.content))
        self.written = self.inferred + time.perf_counter_ns() - began

    def row(self, refusal: Refusal | None = None, code: str | None = None) -> Row:
        """What the log keeps of it: answered, or refused with ``code``."""
        answer = self.answer if refusal is None else None
        return Row(
            id=self.request_id,
            time=self.time,
            endpoint=self.codec.path,
            task=None if answer is None else answer.task,
            models=() if answer is None else answer.models,
            status=200 if refusal is None else int(refusal.status),
            code=code,
            client=self.client,
            client_request_id=_client_request_id(self.headers),
            sequences=0 if answer is None else answer.sequences,
            values=0 if answer is None else answer.values,
            duration_us=(time.perf_counter_ns() - self.started) // 1000,
            request=self.body,
            response=self.content.body if refusal is None else refusal.content,
        )


def _client_request_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The client's own name for its request, from X-Request-ID or traceparent; never used as the id."""
    given = headers.get(b"x-request-id") or headers.get(b"traceparent") or b""
    text = given[:_LONGEST_CLIENT_ID].decode("latin-1")
    return text if text and text.isprintable() else None


Payload = TypeVar("Payload", bound=BaseModel)


class Codec(ABC, Generic[Payload]):
    """``path`` is the endpoint's OpenAPI template and its name in log and metrics; ``routes`` are those that lead here.

    All methods are plain synchronous code: they run on the event loop, or in a thread where the body is long or the
    question dear.
    """

    path: str
    routes: tuple[str, ...]
    accepted: ClassVar[Accepted] = JSON_ONLY
    # Seconds for which its clients wait for a turn where the service is busy, longer than others are kept waiting.
    patience: ClassVar[float] = 0.0
    # What its OpenAPI entry is written from.
    tag: ClassVar[str]
    binary: ClassVar[bool] = False  # bodies may be more than JSON
    # What its answers claimed, from stored bodies; None for answers that predict no values.
    claims: Reader | None = None
    headers: ClassVar[tuple[dict[str, Any], ...]] = ()
    payload: type[Payload]
    response: Any
    summary: str
    example: Any

    @abstractmethod
    def read(self, call: Call) -> Payload:
        """The body of ``call`` as a payload; raises InvalidInput."""

    @abstractmethod
    def question(self, payload: Payload, call: Call) -> Question[Any]:
        """What is asked; raises InvalidInput."""

    def sequenced(self, payload: Payload, call: Call) -> Sequenced | None:
        """What goes to a stream, where it is that and no question; raises InvalidInput."""
        return None

    @abstractmethod
    def write(self, found: Any, payload: Payload, call: Call) -> Content:
        """What the engine ``found``, as bytes."""

    def located(self, error: InvalidInput, payload: Payload) -> InvalidInput:
        """``error`` with the client's own names for places: inference speaks of `sequences.0`."""
        return error

    def observe(self, call: Call, metrics: Metrics, catalog: Catalog, nanoseconds: int, failed: bool) -> None:
        """``call`` was answered, or failed, in so many ``nanoseconds``: for a protocol that has counts of its own."""
