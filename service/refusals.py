"""Answers to bytes that never become a request: what is no HTTP, too large or too slow. Knows no application."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from service.http.errors import PROBLEMS, Failure
from service.request_log.rows import identify

# Request line and headers; also whatever else leads to nothing: trailers, extensions of chunks.
HEAD_LIMIT = 16 * 1024


class Refusal(NamedTuple):
    """Why a connection ends; ``detail`` says what was expected."""

    status: HTTPStatus
    code: str
    detail: str

    def answer(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """As it goes on the wire, with an id of its own and ``headers`` as on every other answer."""
        found = PROBLEMS.refusal(Failure(self.status, self.detail, self.code), identify()[0])
        lines = b"".join(b"%b: %b\r\n" % header for header in (*headers, *found.headers))
        return STATUS_LINE[self.status] + lines + b"connection: close\r\n\r\n" + found.content


MALFORMED = Refusal(HTTPStatus.BAD_REQUEST, "malformed_request", "the bytes received are not an HTTP/1.1 request")
HEAD_TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", f"expected at most {HEAD_LIMIT} bytes of headers"
)
# A coding that is not understood leaves the end of the body unknown, and HTTP/1.0 has none (RFC 9112, 6.1). It would be
# a 501 there, but what a client sends is never a fault of the service.
UNKNOWN_CODING = Refusal(
    HTTPStatus.BAD_REQUEST, "transfer_encoding", "expected no Transfer-Encoding but chunked, and that in HTTP/1.1 only"
)
TOO_SLOW = Refusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the request did not arrive in time")
