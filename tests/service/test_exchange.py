"""How an answer goes on the wire."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from service.exchange import Exchange

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
BODY = {"type": "http.response.body", "body": b"hello"}


class Wire:
    """A transport, and its flow control, that keep what is written."""

    write_paused = False

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def exchange(wire: Wire, *, method: str = "GET", version: str = "1.1", keep_alive: bool = True) -> Exchange:
    log = logging.getLogger("test")
    default = [(b"date", b"today"), (b"x-frame-options", b"DENY")]
    fake: Any = wire
    return Exchange(
        scope={"type": "http", "method": method, "http_version": version},  # type: ignore[typeddict-item]
        transport=fake,
        flow=fake,
        logger=log,
        access_logger=log,
        access_log=False,
        default_headers=default,
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )


def send(it: Exchange, *messages: Any) -> None:
    async def all_of_them() -> None:
        for message in messages:
            await it.send(message)

    asyncio.run(all_of_them())


def test_an_answer_of_known_length_is_one_write() -> None:
    wire = Wire()
    send(exchange(wire), START, BODY)
    head = b"HTTP/1.1 200 OK\r\ndate: today\r\nx-frame-options: DENY\r\ncontent-length: 5\r\n"
    assert wire.pieces == [head + b"\r\nhello"]
    assert not wire.closed


def test_the_last_answer_says_so_and_closes() -> None:
    wire = Wire()
    last = exchange(wire)
    send(last, START)
    last.keep_alive = False  # as a drain does between head and body
    send(last, BODY)
    assert b"\r\nconnection: close\r\n\r\nhello" in wire.pieces[0]
    assert wire.closed


def test_an_answer_in_parts_has_its_head_first() -> None:
    wire = Wire()
    send(exchange(wire), START, {**BODY, "body": b"he", "more_body": True}, {**BODY, "body": b"llo"})
    assert wire.pieces[0].endswith(b"content-length: 5\r\n\r\n")
    assert wire.pieces[1:] == [b"he", b"llo"]


@pytest.mark.parametrize("body", [b"hell", b"hello!"])
def test_a_body_of_another_length_is_refused(body: bytes) -> None:
    with pytest.raises(RuntimeError, match="bytes"):
        send(exchange(Wire()), START, {**BODY, "body": body})


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b"])
def test_a_header_with_a_line_break_never_leaves(value: bytes) -> None:
    wire = Wire()
    with pytest.raises(RuntimeError, match="Invalid HTTP header value"):
        send(exchange(wire), {**START, "headers": [*START["headers"], (b"x-name", value)]}, BODY)  # type: ignore[misc]
    assert wire.pieces == []


def test_an_answer_of_unknown_length_is_chunked() -> None:
    wire = Wire()
    send(exchange(wire), {**START, "headers": []}, BODY)
    assert b"transfer-encoding: chunked" in wire.pieces[0]
    assert wire.pieces[1] == b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("parts", [[b"hello"], [b"", b"he", b"", b"llo", b""], [b"he", b"llo"], [b""]])
def test_an_answer_of_unknown_length_to_http_1_0_has_no_chunks_and_ends_with_the_connection(parts: list[bytes]) -> None:
    wire = Wire()
    last = len(parts) - 1
    bodies = [{**BODY, "body": part, "more_body": place < last} for place, part in enumerate(parts)]
    send(exchange(wire, version="1.0", keep_alive=False), {**START, "headers": [(b"x-a", b"b")]}, *bodies)
    head, _, body = b"".join(wire.pieces).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert head.endswith(b"x-a: b\r\nconnection: close")
    assert (body, wire.closed) == (b"".join(parts), True)


def test_an_answer_of_known_length_to_http_1_0_keeps_it() -> None:
    wire = Wire()
    send(exchange(wire, version="1.0", keep_alive=False), START, BODY)
    assert wire.pieces[0].endswith(b"content-length: 5\r\nconnection: close\r\n\r\nhello")
    with pytest.raises(RuntimeError, match="bytes"):
        send(exchange(Wire(), version="1.0", keep_alive=False), START, {**BODY, "body": b"hell"})


def test_head_has_no_body() -> None:
    wire = Wire()
    send(exchange(wire, method="HEAD"), START, {**BODY, "body": b""})
    assert b"".join(wire.pieces).endswith(b"content-length: 5\r\n\r\n")


def test_nothing_is_written_to_a_client_that_left() -> None:
    wire = Wire()
    gone = exchange(wire)
    gone.disconnected = True
    send(gone, START, BODY)
    assert wire.pieces == []
