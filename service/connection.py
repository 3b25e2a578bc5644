"""One HTTP connection with bounds on what a client may send and how slowly. Knows bytes and clocks, no routes.

uvicorn's own protocol waits for ever for a header or a body to be completed and takes headers of any size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sized
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import unquote

import httptools
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from service.api.errors import MEDIA_TYPE, problem
from service.exchange import Exchange
from service.lifecycle import Lifecycle
from service.request_log.rows import identify

# Request line and headers; also whatever else leads to nothing: trailers, extensions of chunks.
HEAD_LIMIT = 16 * 1024
# Requests that a client may send ahead of the answers; the connection closes after them.
MOST_AHEAD = 128
# A body may take longer than the deadline as long as this much of it arrives within each.
_PROGRESS = 64 * 1024


class Refusal(NamedTuple):
    """An answer to bytes that never become a request."""

    status: HTTPStatus
    code: str
    detail: str


_MALFORMED = Refusal(HTTPStatus.BAD_REQUEST, "malformed_request", "the bytes received are not an HTTP/1.1 request")
_HEAD_TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", f"expected at most {HEAD_LIMIT} bytes of headers"
)
_TOO_SLOW = Refusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the request did not arrive in time")


class ConnectionConfig(Config):
    """uvicorn's configuration and what a :class:`Connection` needs besides; ``read_timeout`` in seconds."""

    def __init__(self, app: Any, *, lifecycle: Lifecycle, read_timeout: float, **options: Any) -> None:
        super().__init__(app, http=Connection, **options)
        self.lifecycle = lifecycle
        self.read_timeout = read_timeout


class Connection(HttpToolsProtocol):
    """Refuses what is too large, too slow or no HTTP; everything else goes to the application."""

    def __init__(
        self,
        config: ConnectionConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._lifecycle, self._timeout = config.lifecycle, config.read_timeout
        self._refusal = _MALFORMED
        self.is_new = True  # nothing was sent on it so far
        self._in_message = self._in_body = False
        self._closing = False  # no request after the one that is arriving
        # Within one call of data_received: whether a part of a request was completed.
        self._advanced = self._long = False
        self._idle_bytes = self._body_bytes = 0
        self._read_deadline = 0.0
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._expect_progress()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self.is_new = self._advanced = False
        self._long = len(data) + self._idle_bytes > HEAD_LIMIT
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing to upgrade to: answered as plain HTTP/1.1
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if not self._in_message:
            self._idle_bytes = 0
            self._stop_waiting()
            return
        self._idle_bytes = 0 if self._advanced else self._idle_bytes + len(data)
        if self._idle_bytes > HEAD_LIMIT:
            self._refuse(_HEAD_TOO_LARGE)
        elif self._read_timer is None or self._body_bytes >= _PROGRESS:
            self._expect_progress()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn gives None, and drops the answer
        """A client that has said all it will say still gets its answer, as the last."""
        waits = self._answering() and not self._in_message
        if waits:
            self.cycle.keep_alive = False
        return waits

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_AHEAD:
            raise ValueError("too many requests ahead of their answers")
        super().on_message_begin()
        self._in_message = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # a trailer must not join the headers that were already acted upon
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # What came in one short piece cannot be too long, and is the rule.
        if self._long and len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_LIMIT:
            self._refusal = _HEAD_TOO_LARGE
            raise ValueError(self._refusal.detail)  # the parser hands it on as its own error
        self._begin_exchange()
        self._in_body = self._advanced = True
        if self._closing or self._lifecycle.draining:
            self.cycle.keep_alive = False

    def _begin_exchange(self) -> None:
        """What uvicorn does here, with an exchange of our own and no parsing of a plain path."""
        scope, parser, version = self.scope, self.parser, self.parser.get_http_version()
        path, query = self.url, b""
        if not path.startswith(b"/") or b"?" in path or b"#" in path:
            parsed = httptools.parse_url(path)
            path, query = parsed.path or b"", parsed.query or b""
        decoded = path.decode("ascii")
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = self.root_path + (unquote(decoded) if "%" in decoded else decoded)
        scope["raw_path"] = self.root_path.encode("ascii") + path
        scope["query_string"] = query
        earlier = self.cycle
        self.cycle = Exchange(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if earlier is None or earlier.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:  # sent ahead of the answer before
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._advanced = True
        if not self.cycle.response_complete:  # what comes after its answer is read in one deadline, or not at all
            self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._advanced = True
        self._in_message = self._in_body = False

    def shutdown(self) -> None:
        """Close now if nothing is under way; a request that is arriving is still answered."""
        if self._in_message and not self._in_body and not self._answering():
            self._closing = True
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        # A client that reads nothing would hold its answer in memory for ever.
        self._write_timer = self.loop.call_later(self._timeout, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, refusal: Refusal) -> None:
        """Answer ``refusal`` where an answer can still be told apart, and take nothing more."""
        if self._answering() and not self._in_body:  # an earlier request: its answer goes out, as the last
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if not (self.transport.is_closing() or self.pipeline or (self._in_body and self.cycle.response_started)):
            self.transport.write(_answer(refusal, self.server_state.default_headers))
        self._stop_waiting()
        self.transport.close()
        self._write_timer = self.loop.call_later(self._timeout, self.transport.abort)

    def _expect_progress(self) -> None:
        self._body_bytes = 0
        self._read_deadline = self.loop.time() + self._timeout
        if self._read_timer is None:
            self._read_timer = self.loop.call_at(self._read_deadline, self._check_progress)

    def _check_progress(self) -> None:
        self._read_timer = None
        if self.flow.read_paused:  # it is the service that keeps the client waiting
            self._expect_progress()
        elif self.loop.time() >= self._read_deadline:
            self._refuse(_TOO_SLOW)
        else:
            self._read_timer = self.loop.call_at(self._read_deadline, self._check_progress)

    def _stop_waiting(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None


class _Flow(FlowControl):
    """Reads nothing while requests are waiting that were read already: uvicorn reads on, and keeps them all."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


def _answer(refusal: Refusal, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """``refusal`` on the wire, with ``headers`` as on every other answer."""
    request_id, _ = identify()
    content = problem(refusal.status, refusal.detail, refusal.code, request_id)
    head = (
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\n"
        f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    common = b"".join(b"%b: %b\r\n" % header for header in headers)
    return STATUS_LINE[refusal.status] + common + head.encode() + content
