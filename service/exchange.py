"""One request and its answer as ASGI sees them. Knows how bytes go out, not how they come in.

uvicorn checks and joins every header of every answer and writes head and body apart, which costs a fifth of a small
request. Here an answer of known length is written as one piece, and one of unknown length to HTTP/1.0 without chunks;
every other answer goes uvicorn's way.
"""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_POLICY = b"content-security-policy"
# Of these uvicorn has to know, or the headers that every answer has.
_ITS_OWN = frozenset({b"connection", b"transfer-encoding", _POLICY})
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Exchange(RequestResponseCycle):
    """The ``receive`` and ``send`` of one request."""

    _head: bytes | None = None  # waits for the body, to leave with it
    _ends_by_closing = False

    async def send(self, message: Any) -> None:
        if not self.response_started and message["type"] == "http.response.start":
            self._head = self._simple_head(message)
            if self._head is not None:
                self.response_started = True
                self.waiting_for_100_continue = False
                return
            if any(name == _POLICY for name, _ in message.get("headers", ())):  # of two, a browser obeys both
                self.default_headers = [each for each in self.default_headers if each[0] != _POLICY]
        elif self._head is not None and not message.get("more_body", False):
            if self.flow.write_paused and not self.disconnected:
                await self.flow.drain()
            self._finish(self._head, message.get("body", b""))
            return
        if self._head is not None:  # in parts: the head goes ahead
            self._write(self._head)
            self._head = None
        if self._ends_by_closing:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)

    def _simple_head(self, message: Any) -> bytes | None:
        """Status line and headers of an answer whose length they say; None where uvicorn must look at them."""
        if self.scope["method"] == "HEAD" or message["status"] in _WITHOUT_BODY:
            return None
        length = None
        lines = [STATUS_LINE[message["status"]] + _joined(tuple(self.default_headers))]
        for name, value in message.get("headers", ()):
            if name in _ITS_OWN:
                return None
            if name == b"content-length":
                length = int(value)
            lines.append(b"%b: %b\r\n" % (name, value))
        head = b"".join(lines)
        # A line break within a header would begin another one; uvicorn says which it was.
        breaks = len(lines) + len(self.default_headers)
        if not head.count(b"\n") == head.count(b"\r") == breaks or b"\0" in head:
            return None
        if length is None:
            if self.scope["http_version"] != "1.0":
                return None
            # It has no chunks: the end of the connection is the end of the body, and there never is another answer.
            self._ends_by_closing = True
        self.chunked_encoding, self.expected_content_length = False, length or 0
        return head

    def _finish(self, head: bytes, body: bytes) -> None:
        if len(body) != self.expected_content_length and not self._ends_by_closing:
            raise RuntimeError(f"an answer of {len(body)} bytes said that it had {self.expected_content_length}")
        self._head = None
        if self.disconnected:
            return
        self._write(head, body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _write(self, head: bytes, body: bytes = b"") -> None:
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        if not self.disconnected:
            self.transport.write(b"".join((head, end, body)))


@lru_cache(maxsize=1)  # they change once a second, with the date
def _joined(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
