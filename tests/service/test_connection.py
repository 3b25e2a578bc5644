"""What a client may do to a connection, as bytes to a real server."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from uvicorn.server import ServerState

from service.connection import MOST_AHEAD, Connection, ConnectionConfig
from service.lifecycle import Lifecycle
from tests.conftest import MODELS
from tests.hardening.smuggling import UPGRADES
from tests.raw import Reply, connected, exchange, http, is_closed, read_reply, send_all
from tests.serving import Process

READ_TIMEOUT = 0.6
PREDICT = http("POST", "/predict", b'{"sequence": [1, 2, 3, 4]}')
LIVE = http("GET", "/health/live")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("connection")
    flags = ("--models-dir", str(MODELS), "--read-timeout", str(READ_TIMEOUT), "--log-durability", "process")
    with Process(folder, *flags) as service:
        service.wait_until_ready()
        yield service.port
        assert exchange(service.port, LIVE).status == 200


def assert_refused(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.json()["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["connection"] == "close"
    assert reply.headers["x-request-id"] == reply.json()["request_id"]
    assert len(reply.body) <= 4096


def test_headers_of_16_kib_are_read(port: int) -> None:
    assert exchange(port, http("GET", "/health/live", X_Long="a" * 16_000)).status == 200


@pytest.mark.parametrize("size", [17_000, 200_000, 2_000_000])
def test_one_long_header_is_431(port: int, size: int) -> None:
    assert_refused(exchange(port, http("GET", "/health/live", X_Long="a" * size)), 431, "headers_too_large")


def test_many_short_headers_are_431(port: int) -> None:
    assert_refused(exchange(port, http("GET", "/", **{f"x{n}": "y" for n in range(5000)})), 431, "headers_too_large")


def test_a_long_path_is_431(port: int) -> None:
    assert_refused(exchange(port, http("GET", "/" + "a" * 20_000)), 431, "headers_too_large")


def test_a_header_without_end_is_431_after_17_kb(port: int) -> None:
    with connected(port) as connection:
        send_all(connection, b"GET / HTTP/1.1\r\nX-Endless: " + b"a" * 17_000)
        assert_refused(read_reply(connection), 431, "headers_too_large")
        assert is_closed(connection)


def test_trailers_without_end_are_refused(port: int) -> None:
    with connected(port) as connection:
        send_all(
            connection,
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        )
        for _ in range(30):
            send_all(connection, b"X-Trailer: " + b"a" * 10_000)
        assert is_closed(connection) or read_reply(connection).status in (422, 431)


def test_a_trailer_does_not_join_the_headers(port: int) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b'14\r\n{"sequence": [1, 2]}\r\n0\r\nContent-Type: text/html\r\n\r\n'
    assert exchange(port, head + body).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"GET /health/live HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00" * 1000,
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
        b"CONNECT / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health/live HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"GET /health/live HTTP/0.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http:///// HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_http_is_400(port: int, data: bytes) -> None:
    assert_refused(exchange(port, data), 400, "malformed_request")


@pytest.mark.parametrize(
    "data",
    [
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_a_coding_that_nobody_knows_or_that_has_no_place_is_400(port: int, data: bytes) -> None:
    assert_refused(exchange(port, data), 400, "transfer_encoding")


def as_http_1_0(request: bytes, *headers: bytes) -> bytes:
    return request.replace(
        b" HTTP/1.1\r\nHost: localhost\r\n", b" HTTP/1.0\r\n" + b"".join(each + b"\r\n" for each in headers)
    )


def received(port: int, data: bytes) -> tuple[bytes, bytes]:
    """Head and body of all that comes back until the server closes."""
    with connected(port) as connection:
        send_all(connection, data)
        whole = b""
        while part := connection.recv(65536):
            whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("headers", [(), (b"Connection: keep-alive",), (b"Expect: 100-continue",)])
def test_a_client_of_http_1_0_gets_one_answer_and_no_more(port: int, headers: tuple[bytes, ...]) -> None:
    head, body = received(port, as_http_1_0(PREDICT, *headers) + as_http_1_0(LIVE))
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nconnection: close" in head
    assert b"\r\ncontent-length: %d" % len(body) in head
    assert json.loads(body)["predictions"]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_what_has_no_length_is_sent_without_chunks_to_http_1_0(port: int, form: str) -> None:
    exchange(port, PREDICT)
    request = http("GET", f"/requests/export?format={form}&until=2099-01-01T00:00:00Z")
    head, body = received(port, as_http_1_0(request))
    assert b"transfer-encoding" not in head
    assert b"content-length" not in head
    _, chunked = received(port, request.replace(b"Host: localhost", b"Host: localhost\r\nConnection: close"))
    lines = body.decode().splitlines()
    assert len(lines) >= 1
    assert all(line[:1] == "{" and json.loads(line)["id"] for line in lines) if form == "jsonl" else "id" in lines[0]
    assert body in re.sub(rb"(^|\r\n)[0-9a-f]+\r\n", b"", chunked)


def test_an_upgrade_is_answered_as_plain_http(port: int) -> None:
    reply = exchange(port, http("GET", "/health/live", Connection="Upgrade", Upgrade="websocket"))
    assert reply.status == 200
    body = b'{"sequence": [1, 2, 3, 4]}'
    reply = exchange(port, http("POST", "/predict", body, Connection="Upgrade, HTTP2-Settings", Upgrade="h2c"))
    assert reply.json()["predictions"] == exchange(port, PREDICT).json()["predictions"]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS"])
def test_an_upgrade_is_ignored_wherever_packets_end(upgrade: str) -> None:
    """The body is the body of its request, and what follows it the next request."""
    inner = b"GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = b"POST /outer HTTP/1.1\r\nHost: localhost\r\n" + UPGRADES[upgrade]
    chunks = b"10;x=y\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (inner[:16], len(inner) - 16, inner[16:])
    sent = head + b"Content-Length: %d\r\n\r\n%b" % (len(inner), inner)
    sent += head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    sent += head + b"\r\n" + inner
    expected = [("POST", "/outer", inner), ("POST", "/outer", inner), ("POST", "/outer", b""), ("GET", "/inner", b"")]
    assert asked_by([sent]) == expected
    assert asked_by([sent[at : at + 1] for at in range(len(sent))]) == expected
    for end in range(1, len(sent)):
        assert asked_by([sent[:end], sent[end:]]) == expected, sent[end - 20 : end]


def test_many_upgrades_at_once_are_bounded_like_other_requests() -> None:
    get = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + UPGRADES["h2c"] + b"\r\n"
    assert MOST_AHEAD <= len(asked_by([get * 5000])) <= MOST_AHEAD + 2


def asked_by(packets: list[bytes]) -> list[tuple[str, str, bytes]]:
    """Method, path and body of all requests that an application gets of ``packets``."""
    asked: list[tuple[str, str, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        asked.append((scope["method"], scope["path"], body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def run() -> None:
        config = ConnectionConfig(app, lifecycle=Lifecycle(), read_timeout=60, ws="none", log_config=None)
        config.load()
        connection = Connection(config, ServerState(), {})
        connection.connection_made(Mock(is_closing=Mock(return_value=False), get_extra_info=Mock(return_value=None)))
        for packet in packets:
            connection.data_received(packet)
            await asyncio.sleep(0)
        while connection.tasks:
            await asyncio.gather(*connection.tasks)
        connection.connection_lost(None)

    asyncio.run(run())
    return asked


def test_a_client_that_connects_and_says_nothing_is_closed(port: int) -> None:
    with connected(port) as connection:
        assert_refused(read_reply(connection), 408, "too_slow")
        assert is_closed(connection)


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\nX: ", b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n["]
)
def test_a_byte_now_and_then_does_not_keep_a_connection(port: int, start: bytes) -> None:
    with connected(port, timeout=0.1) as connection:
        connection.sendall(start)
        began = time.perf_counter()
        while time.perf_counter() - began < 100 * READ_TIMEOUT:
            send_all(connection, b"1")
            try:
                reply = read_reply(connection)
                break
            except TimeoutError:
                continue  # the tenth of a second between two bytes
        assert_refused(reply, 408, "too_slow")
        assert time.perf_counter() - began > READ_TIMEOUT * 0.5


def test_a_body_that_arrives_steadily_may_take_longer_than_the_deadline(port: int) -> None:
    body = b'{"sequence": [1, 2, 3, 4]' + b" " * 600_000 + b"}"
    request = http("POST", "/predict", body)
    with connected(port) as connection:
        began = time.perf_counter()
        for start in range(0, len(request), 70_000):
            connection.sendall(request[start : start + 70_000])
            time.sleep(READ_TIMEOUT / 4)  # it is the slowness that is tested
        assert read_reply(connection).status == 200
        assert time.perf_counter() - began > READ_TIMEOUT


def test_others_are_answered_while_hundreds_are_slow(port: int) -> None:
    alone = min(exchange(port, PREDICT).seconds for _ in range(5))
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connected(port)).sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n["
            )
        assert exchange(port, PREDICT).status == 200
        assert min(exchange(port, PREDICT).seconds for _ in range(5)) < 10 * alone


def test_requests_in_one_packet_are_answered_in_order(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(LIVE + PREDICT + http("GET", "/nowhere"))
        data = b""
        while data.count(b"HTTP/1.1 ") < 3 or not data.endswith(b"}"):
            data += connection.recv(65536)
    assert [part[:3] for part in data.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"404"]


def test_rubbish_behind_a_request_does_not_cost_its_answer(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(PREDICT + b"\x00rubbish\r\n\r\n")
        assert read_reply(connection).status == 200
        assert is_closed(connection)


def test_a_client_that_ends_its_side_after_the_request_gets_the_answer(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(PREDICT + PREDICT)
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while received := connection.recv(65536):
            data += received
    assert data.count(b"HTTP/1.1 200") == 2


def test_a_client_that_sends_too_many_ahead_gets_the_first_answers_and_is_closed(port: int) -> None:
    with connected(port) as connection:
        send_all(connection, LIVE * 200)
        answers = 0
        while data := connection.recv(65536):
            answers += data.count(b"HTTP/1.1 200")
    assert MOST_AHEAD <= answers <= MOST_AHEAD + 2


def test_a_client_that_takes_no_answer_is_dropped(port: int) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.settimeout(10 * READ_TIMEOUT)
        with pytest.raises(ConnectionError):
            connection.sendall(http("GET", "/openapi.json") * 1_000_000)


@pytest.mark.slow
def test_a_client_that_takes_its_answers_slowly_gets_all_of_them(port: int) -> None:
    """Much longer than the deadline, and too slowly for the system's buffer to ask for more within it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.settimeout(10 * READ_TIMEOUT)
        connection.sendall(http("GET", "/openapi.json") * 44 + http("GET", "/openapi.json", Connection="close"))
        answers, began = b"", time.perf_counter()
        while data := connection.recv(65536):
            answers += data
            time.sleep(0.007)  # it is the slowness that is tested
    assert answers.count(b"HTTP/1.1 200") == 45
    assert time.perf_counter() - began > 3 * READ_TIMEOUT


def test_an_answer_before_the_whole_body_does_not_hold_the_connection_open(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n[")
        assert read_reply(connection).status == 413
        connection.settimeout(5 * READ_TIMEOUT)
        assert is_closed(connection)
