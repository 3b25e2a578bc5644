"""Bytes that no well-behaved client would send."""

from __future__ import annotations

import gzip
import socket
from typing import Any

import httpx
import pytest

from tests.end_to_end.conftest import Select
from tests.problems import TEXT, assert_problem
from tests.serving import Process

BODY = b'{"sequence":[1,2,3,4]}'


def exchange(service: Process, sent: bytes, *, half_close: bool = False) -> httpx.Response | None:
    """The first answer to ``sent``, None where the connection ends without one."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(sent)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while b"\r\n\r\n" not in received:
            if not (part := connection.recv(65536)):
                return None
            received += part
        head, _, content = received.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = [tuple(line.split(b": ", 1)) for line in lines[1:]]
        length = int(dict(headers).get(b"content-length", b"0"))
        while len(content) < length:
            content += connection.recv(65536)
        return httpx.Response(int(lines[0].split()[1]), headers=headers, content=content)


def request(*headers: bytes, body: bytes = BODY, path: bytes = b"/predict", length: int | None = None) -> bytes:
    head = [b"POST " + path + b" HTTP/1.1", b"Host: localhost", *headers]
    if not any(header.lower().startswith(b"transfer-encoding") for header in headers):
        head.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join([*head, b"", body])


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    "sent",
    [
        request(),
        request(b"Content-Type: application/json"),
        request(b"Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
        request(b"Transfer-Encoding: chunked", body=b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"),
        request(b"Expect: 100-continue")[: -len(BODY)] + BODY,
        request(path=b"/predict?"),
    ],
)
def test_a_body_is_read_however_it_is_sent(service: Process, sent: bytes) -> None:
    response = exchange(service, sent)
    assert response is not None
    assert response.status_code in (100, 200)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (request(b"Content-Type: text/plain"), 415, "unsupported_media_type"),
        (request(b"Content-Type: application/json; q=" + TEXT.encode(), body=b""), 422, "invalid_json"),
        (request(b"Content-Encoding: gzip", body=gzip.compress(BODY, mtime=0)), 415, "unsupported_media_type"),
        (request(length=9_000_000), 413, "body_too_large"),
        (request(length=99_999_999_999), 413, "body_too_large"),
        (request(body=b'{"sequence":[1]}\x00'), 422, "invalid_json"),
        (request(b"X-Padding: " + b"x" * 20_000), 431, "headers_too_large"),
        (request(path=b"/" + b"x" * 20_000), 431, "headers_too_large"),
        (request(b"Content-Length: 5", body=BODY), 400, "malformed_request"),
        (request(b"Content-Length: -5"), 400, "malformed_request"),
        (request(b"Content-Length: +22"), 400, "malformed_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, 400, "malformed_request"),
        (b"GET\r\n\r\n", 400, "malformed_request"),
        (request(path=b"/models/../../etc/passwd"), 404, "unknown_path"),
        (request(path=b"/%ff%fe"), 404, "unknown_path"),
        (request(path=b"/predict?model=sine-gru"), 422, "unknown_parameter"),
        (b"BREW /predict HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "malformed_request"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(service: Process, sent: bytes, status: int, code: str) -> None:
    response = exchange(service, sent)
    assert response is not None
    assert_problem(response, status, code)


def test_a_body_over_the_limit_in_chunks_is_refused_before_it_has_arrived(service: Process, client: Any) -> None:
    chunk = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(request(b"Transfer-Encoding: chunked", body=b""))
        try:
            for _ in range(64):
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            return  # refused while it was still being sent
        assert b" 413 " in connection.recv(4096)


def test_a_client_that_leaves_before_its_body_is_complete_leaves_no_row(
    service: Process, client: httpx.Client, select: Select
) -> None:
    client.post("/predict", json={"sequence": [1]})
    ((before,),) = select("SELECT count(*) FROM requests")
    assert exchange(service, request(length=1000), half_close=True) is None
    client.post("/predict", json={"sequence": [1]})
    ((after,),) = select("SELECT count(*) FROM requests")
    assert after == before + 1


def test_two_requests_in_one_packet_are_both_answered(service: Process, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(request() + request(b"Connection: close", body=b"{}"))
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 200") == 1
    assert received.count(b"HTTP/1.1 422") == 1
