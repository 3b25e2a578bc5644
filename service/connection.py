"""One HTTP connection with bounds on what a client may send and how slowly. Knows bytes and clocks, no routes.

uvicorn's own protocol waits for ever for a header or a body to be completed and takes headers of any size.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sized
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.exchange import Exchange
from service.lifecycle import Lifecycle
from service.refusals import HEAD_LIMIT, HEAD_TOO_LARGE, MALFORMED, TOO_SLOW, UNKNOWN_CODING, Refusal

if sys.platform == "linux":
    import fcntl
    import termios

# Requests that a client may send ahead of the answers; the connection closes after them.
MOST_AHEAD = 128
_VERSIONS = frozenset({"1.0", "1.1"})
# A body may take longer than the deadline as long as this much of it arrives within each.
_PROGRESS = 64 * 1024


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
        self._refusal = MALFORMED
        self.is_new = True  # nothing was sent on it so far
        self._in_message = self._in_body = False
        self._closing = False  # no request after the one that is arriving
        # Within one call of data_received: whether a part of a request was completed.
        self._advanced = self._long = False
        self._idle_bytes = self._body_bytes = self._untaken_bytes = 0
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
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if not self._in_message:
            self._idle_bytes = 0
            self._stop_waiting()
            return
        self._idle_bytes = 0 if self._advanced else self._idle_bytes + len(data)
        if self._idle_bytes > HEAD_LIMIT:
            self._refuse(HEAD_TOO_LARGE)
        elif self._read_timer is None or self._body_bytes >= _PROGRESS:
            self._expect_progress()

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # The parser takes the body for another protocol's bytes, and then for a request. There is nothing here
                # to upgrade to, so the header is ignored (RFC 9110, 7.8): a new parser reads the head without it, and
                # the body behind it as one.
                head = b"%b %b HTTP/%b\r\n" % (
                    self.parser.get_method(),
                    self.url,
                    self.parser.get_http_version().encode(),
                )
                head += b"".join(b"%b: %b\r\n" % each for each in self.headers if each[0] != b"upgrade")
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
                self.parser.feed_data(head + b"\r\n")
                data = data[upgrade.args[0] :]
            else:
                return

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
        if self._in_body:  # a trailer must not join the headers that were already acted upon
            return
        name = name.lower()
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        elif name == b"transfer-encoding" and (
            value.strip().lower() != b"chunked" or self.parser.get_http_version() == "1.0"
        ):
            self._refusal = UNKNOWN_CODING
            raise ValueError(self._refusal.detail)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        # What came in one short piece cannot be too long, and is the rule.
        if self._long and len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_LIMIT:
            self._refusal = HEAD_TOO_LARGE
            raise ValueError(self._refusal.detail)  # the parser hands it on as its own error
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("no proxy")
            return  # it is parsed again without
        self._begin_exchange()
        self._in_body = self._advanced = True
        if self._closing or self._lifecycle.draining:
            self.cycle.keep_alive = False

    def _begin_exchange(self) -> None:
        """What uvicorn does here, with an exchange of our own and no parsing of a plain path."""
        scope, parser, version = self.scope, self.parser, self.parser.get_http_version()
        if version not in _VERSIONS:
            raise ValueError("another version of HTTP")
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
            expect_100_continue=self.expect_100_continue
            and version != "1.0",  # which knows no answer before the answer
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
        if not self._in_body:  # the end of a head with an upgrade
            return
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
        self._expect_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_taking()

    def _stop_taking(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _expect_taking(self) -> None:
        """A client that reads nothing would hold its answer in memory for ever; one that reads slowly may do so."""
        self._untaken_bytes = _untaken(self.transport)
        self._write_timer = self.loop.call_later(self._timeout, self._check_taking)

    def _check_taking(self) -> None:
        if _untaken(self.transport) < self._untaken_bytes:
            self._expect_taking()
        else:
            self.transport.abort()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, refusal: Refusal) -> None:
        """Answer ``refusal`` where an answer can still be told apart, and take nothing more."""
        if self._answering() and not self._in_body:  # an earlier request: its answer goes out, as the last
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if not (self.transport.is_closing() or self.pipeline or (self._in_body and self.cycle.response_started)):
            self.transport.write(refusal.answer(self.server_state.default_headers))
        self._stop_waiting()
        self._stop_taking()
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
            self._refuse(TOO_SLOW)
        else:
            self._read_timer = self.loop.call_at(self._read_deadline, self._check_progress)

    def _stop_waiting(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None


def _untaken(transport: asyncio.Transport) -> int:
    """Bytes that the client has not taken. Linux keeps megabytes of them, and asks for more only when many are gone."""
    waiting = transport.get_write_buffer_size()
    if sys.platform == "linux":
        count = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        waiting += int.from_bytes(count, sys.byteorder)
    return waiting


class _Flow(FlowControl):
    """Reads nothing while requests are waiting that were read already: uvicorn reads on, and keeps them all."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()
