"""Requests that carry another one where a careless reader would find it, and what they are answered."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

from tests.raw import connected, send_all

HOST = b"Host: localhost\r\n"
BODY = b'{"sequence":[1,2,3,4]}'
# Leaves a row in the log with its code, whoever gets the answer.
_CARRIED = b'{"model":"carried","sequence":[1]}'
CARRIED = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(_CARRIED), _CARRIED)
CARRIED_CODE = "unknown_model"
_LAST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
_WEBSOCKET = (
    b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Shape(NamedTuple):
    """``statuses`` are those of all answers; a last request follows, so that a reader that has lost its place shows."""

    sent: bytes
    statuses: list[int]


def _post(headers: bytes, body: bytes, *, version: bytes = b"1.1", path: bytes = b"/predict") -> bytes:
    return b"POST %b HTTP/%b\r\n%b%b\r\n%b" % (path, version, HOST, headers, body)


def _length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n" % len(body)


def _chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


UPGRADES = {"h2c": _H2C, "websocket": _WEBSOCKET, "TLS": b"Connection: upgrade\r\nUpgrade: TLS/1.0, HTTP/2.0\r\n"}
SHAPES = {
    **{
        f"{name}, {form}": shape
        for name, upgrade in UPGRADES.items()
        for form, shape in {
            "a body": Shape(_post(upgrade + _length(BODY), BODY), [200, 200]),
            "a body in chunks": Shape(_post(upgrade + _CHUNKED, _chunks(BODY[:9], BODY[9:])), [200, 200]),
            "a request as body": Shape(_post(upgrade + _length(CARRIED), CARRIED), [422, 200]),
            "a request in chunks": Shape(_post(upgrade + _CHUNKED, _chunks(CARRIED)), [422, 200]),
            "no body": Shape(_post(upgrade, b""), [422, 200]),
            "an empty body": Shape(_post(upgrade + _length(b""), b""), [422, 200]),
            "length and chunks": Shape(_post(upgrade + _length(BODY) + _CHUNKED, _chunks(BODY) + CARRIED), [400]),
        }.items()
    },
    "length and chunks": Shape(_post(b"Content-Length: 4\r\n" + _CHUNKED, _chunks(BODY) + CARRIED), [400]),
    "chunks and length": Shape(_post(_CHUNKED + b"Content-Length: 4\r\n", _chunks(BODY) + CARRIED), [400]),
    "two lengths": Shape(_post(_length(BODY) + b"Content-Length: 4\r\n", BODY + CARRIED), [400]),
    "two lengths in one": Shape(_post(b"Content-Length: 22, 4\r\n", BODY + CARRIED), [400]),
    "a length with a sign": Shape(_post(b"Content-Length: +22\r\n", BODY + CARRIED), [400]),
    "a length with a blank": Shape(_post(b"Content-Length: 2 2\r\n", BODY + CARRIED), [400]),
    "a length in hexadecimals": Shape(_post(b"Content-Length: 0x16\r\n", BODY + CARRIED), [400]),
    "a length beyond 64 bits": Shape(_post(b"Content-Length: 18446744073709551638\r\n", BODY + CARRIED), [400]),
    "a blank before the colon": Shape(_post(b"Content-Length : 0\r\n" + _length(BODY), BODY + CARRIED), [400]),
    "another coding": Shape(_post(b"Transfer-Encoding: gzip, chunked\r\n", _chunks(BODY)), [400]),
    "another coding, in a line of its own": Shape(
        _post(b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", _chunks(BODY)), [400]
    ),
    "chunks not last": Shape(_post(b"Transfer-Encoding: chunked, identity\r\n", _chunks(BODY)), [400]),
    "chunks twice": Shape(_post(b"Transfer-Encoding: chunked, chunked\r\n", _chunks(BODY)), [400]),
    "a coding like chunked": Shape(_post(b"Transfer-Encoding: xchunked\r\n", _chunks(BODY)), [400]),
    "identity": Shape(_post(b"Transfer-Encoding: identity\r\n" + _length(BODY), BODY), [400]),
    "no coding": Shape(_post(b"Transfer-Encoding:\r\n" + _length(BODY), BODY), [400]),
    "a coding behind a vertical tab": Shape(_post(b"Transfer-Encoding: \x0bchunked\r\n", _chunks(BODY)), [400]),
    "a coding in a folded line": Shape(_post(b"Transfer-Encoding:\r\n chunked\r\n", _chunks(BODY) + CARRIED), [400]),
    "chunks in HTTP/1.0": Shape(_post(_CHUNKED, _chunks(BODY) + CARRIED, version=b"1.0"), [400]),
    "chunks and length in HTTP/1.0": Shape(_post(_length(BODY) + _CHUNKED, BODY, version=b"1.0"), [400]),
    "a chunk of a size with a sign": Shape(_post(_CHUNKED, b"-16\r\n" + BODY + b"\r\n0\r\n\r\n"), [400]),
    "a chunk of a size beyond 64 bits": Shape(
        _post(_CHUNKED, b"10000000000000016\r\n" + BODY + b"\r\n0\r\n\r\n"), [400]
    ),
    "a chunk longer than its size": Shape(_post(_CHUNKED, b"4\r\n" + BODY + b"\r\n0\r\n\r\n"), [400]),
    "a line feed alone after a chunk's size": Shape(_post(_CHUNKED, b"16\n" + BODY + b"\r\n0\r\n\r\n"), [400]),
    "a line feed alone in a head": Shape(b"POST /predict HTTP/1.1\n" + HOST + _length(BODY) + b"\r\n" + BODY, [400]),
    "a trailer that looks like a length": Shape(
        _post(_CHUNKED, b"16\r\n" + BODY + b"\r\n0\r\nContent-Length: 4\r\n\r\n"), [400]
    ),
    "a GET with a request as body": Shape(
        b"GET /models HTTP/1.1\r\n" + HOST + _length(CARRIED) + b"\r\n" + CARRIED, [200, 200]
    ),
    "CONNECT": Shape(b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n" + CARRIED, [400]),
    "CONNECT with a body": Shape(b"CONNECT / HTTP/1.1\r\n" + HOST + _length(CARRIED) + b"\r\n" + CARRIED, [400]),
    "CONNECT to a path": Shape(b"CONNECT http://localhost/predict HTTP/1.1\r\n" + HOST + b"\r\n" + CARRIED, [400]),
    "HTTP/2's preface": Shape(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + CARRIED, [400]),
    "HTTP/2.0 in the words of HTTP/1": Shape(_post(_length(BODY), BODY + CARRIED, version=b"2.0"), [400]),
    "HTTP/0.9 in the words of HTTP/1": Shape(_post(_length(BODY), BODY + CARRIED, version=b"0.9"), [400]),
    "HTTP/1.0": Shape(_post(_length(BODY), BODY + CARRIED, version=b"1.0"), [200]),
}  # fmt: skip


def answers(port: int, shape: Shape) -> bytes:
    """Everything that comes back for ``shape`` and the last request."""
    received = b""
    with connected(port, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send_all(connection, shape.sent + _LAST)
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:  # closed before all of it was read
            pass
    return received


def statuses(received: bytes) -> list[int]:
    """The statuses of all answers in ``received``."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", received)]
