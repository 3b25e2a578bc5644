"""What a client may do to a connection, as bytes to a real server."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.connection import MOST_AHEAD
from tests.conftest import MODELS
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
        b"GET http:///// HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_http_is_400(port: int, data: bytes) -> None:
    assert_refused(exchange(port, data), 400, "malformed_request")


def test_an_upgrade_is_answered_as_plain_http(port: int) -> None:
    reply = exchange(port, http("GET", "/health/live", Connection="Upgrade", Upgrade="websocket"))
    assert reply.status == 200


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
        while time.perf_counter() - began < 5 * READ_TIMEOUT:
            send_all(connection, b"1")
            try:
                reply = read_reply(connection)
                break
            except TimeoutError:
                continue  # the tenth of a second between two bytes
        assert_refused(reply, 408, "too_slow")
        assert READ_TIMEOUT * 0.5 < time.perf_counter() - began < READ_TIMEOUT + 1


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
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connected(port)).sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n["
            )
        assert exchange(port, PREDICT).status == 200
        assert exchange(port, PREDICT).seconds < 0.5


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


def test_an_answer_before_the_whole_body_does_not_hold_the_connection_open(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n[")
        assert read_reply(connection).status == 413
        connection.settimeout(5 * READ_TIMEOUT)
        assert is_closed(connection)
