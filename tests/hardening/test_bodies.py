"""Bodies too large, unfinished or in the wrong form, on every route that reads one."""

from __future__ import annotations

import asyncio
import re
import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, field_validator

from service.app import create_app
from service.errors import BodyTooLarge
from service.http.admission import SMALL_BYTES, Admission
from service.http.deps import posted
from service.settings import Settings
from tests.conftest import MODELS
from tests.hardening.asking import FORECASTING, PATHS, READING, Asked, assert_refused, method_of
from tests.raw import connected, exchange, http, is_closed, read_reply, send_all
from tests.serving import Process

LARGE_BYTES = 1024 * 1024
every_reading_path = pytest.mark.parametrize("path", READING)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A service that holds little at once."""
    flags = ("--models-dir", str(MODELS), "--large-bytes", str(LARGE_BYTES), "--log-durability", "process")
    with Process(tmp_path_factory.mktemp("narrow"), *flags) as service:
        service.wait_until_ready()
        yield service


def test_every_route_that_reads_a_body_is_tried_here_and_none_lets_fastapi_read_it() -> None:
    app = create_app(Settings())
    routes = [route for route in _routes(app) if isinstance(route, APIRoute)]
    assert {"/requests/{request_id}/outcome", "/v2/repository/index"} <= {route.path for route in routes}
    assert [route.path for route in routes if route.body_field is not None] == []
    read = {path for path, item in app.openapi()["paths"].items() for each in item.values() if "requestBody" in each}
    forms = {path: re.sub(r"{\w+}", "[^/]+", path.replace("/versions/{version}", "")) for path in read}
    assert [path for path, form in forms.items() if not any(re.fullmatch(form, each) for each in READING)] == []


def _routes(router: Any) -> Iterator[Any]:
    """All routes of ``router`` and of those that it includes."""
    for route in router.routes:
        yield from _routes(route.original_router) if hasattr(route, "original_router") else [route]


@every_reading_path
@pytest.mark.parametrize("unfinished", [SMALL_BYTES - 1, 400_000])
def test_unfinished_bodies_are_bounded_together(narrow: Process, path: str, unfinished: int) -> None:
    head = f"{method_of(path)} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {unfinished + 1}\r\n\r\n".encode()
    for _ in range(2):  # the second time with the room that the first ones have left
        with ExitStack() as stack:
            held = [stack.enter_context(connected(narrow.port)) for _ in range(LARGE_BYTES // unfinished + 1)]
            for connection in held:
                send_all(connection, head + b" " * unfinished)
            refused, _, _ = select.select(held, [], [], 10)
            assert len(refused) == 1
            assert_refused(read_reply(refused[0]), path, 503)
            _ask(narrow)  # a small question in one piece is not turned away
        _ask(narrow)  # after which the service knows that those have gone


def _ask(service: Process) -> None:
    assert exchange(service.port, http("POST", "/predict", b'{"sequence":[1,2]}')).status == 200


@every_reading_path
def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_fault(narrow: Process, path: str) -> None:
    with connected(narrow.port) as connection:
        send_all(connection, http(method_of(path), path, b"{}")[:-1])
        _ask(narrow)
    _ask(narrow)
    assert "failed" not in narrow.output.read_text()


# What an empty object is answered where that is not that there is no such thing.
EMPTY = {
    "generate": 422,
    "index": 200,
    "params": 200,
    "token": 200,
    "meter-1": 201,
    "async": 422,
    "values": 422,
    "finetune": 422,
}


@pytest.mark.parametrize("path", [path for path in READING if path not in PATHS | FORECASTING])
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/xml"])
def test_what_curl_sends_is_read_and_what_is_no_json_is_not(asked: Asked, path: str, content_type: str) -> None:
    body = b'{"value": 1}' if path.endswith("outcome") else b"{}"
    status = 415 if "xml" in content_type else EMPTY.get(re.split("[/_]", path)[-1], 404)
    reply = asked.post(path.replace("sine-gru", "nobody"), body, Content_Type=content_type)
    if status < 300:
        assert reply.status == status
    else:
        assert_refused(reply, path, status)


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", ["/requests?before=2020-01-01T00:00:00Z", "/health/live", "/models", "/", "/nowhere"])
def test_a_body_that_no_route_reads_is_not_kept(asked: Asked, method: str, path: str) -> None:
    """Answered at once; what comes after the answer is thrown away, and never taken for a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n".encode()
    with connected(asked.port) as connection:
        send_all(connection, head + b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if method == "HEAD":
            assert b"\r\n\r\n" in connection.recv(65536)
        else:
            assert read_reply(connection).status in (200, 404, 405, 422)
        connection.settimeout(0.2)
        assert not is_closed(connection)


class Where(BaseModel):
    """Says which thread parsed it."""

    thread: str

    @field_validator("thread")
    @classmethod
    def _here(cls, _: str) -> str:
        return threading.current_thread().name


@pytest.mark.parametrize(("blanks", "inline"), [(10, True), (5_000, False), (900_000, False)])
def test_only_a_small_body_is_parsed_on_the_event_loop(blanks: int, inline: bool) -> None:
    parsed = asyncio.run(_read(Where, b'{"thread":""}' + b" " * blanks))
    assert (parsed.thread == threading.current_thread().name) is inline


def test_a_body_over_the_cap_is_refused_and_nothing_stays_counted() -> None:
    admission = _admission()
    with pytest.raises(BodyTooLarge):
        asyncio.run(_read(Where, b" " * 1_000_001, admission))
    assert (admission.requests, admission.large_bytes) == (0, 0)


def _admission() -> Admission:
    return Admission(requests=1, large_bytes=1_000_000, wait=5, threads=1)


async def _read(payload: type[Any], body: bytes, admission: Admission | None = None) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    services = SimpleNamespace(admission=admission or _admission(), settings=Settings(body_limit=1_000_000))
    scope = {"type": "http", "headers": [], "state": {"services": services}}
    return await posted(payload).dependency(Request(scope, receive))
