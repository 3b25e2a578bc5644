"""HEAD is answered as GET is, without the body."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.hardening.asking import Asked, assert_refused
from tests.raw import connected, exchange, http

PATHS = json.loads((Path(__file__).parents[2] / "service" / "openapi.json").read_text())["paths"]
PLACES = {
    "name": "sine-gru",
    "model": "sine-gru",
    "version": "1",
    "plot": "loss",
    "stream": "meter",
    "task": "forecast",
    "request_id": "ID",
    "job": "ID",
}
ROUTES = [
    *(re.sub(r"{(\w+)}", lambda found: PLACES[found[1]], path) for path, item in PATHS.items() if "get" in item),
    "/",
    "/docs",
    "/openapi.json",
    "/page/main.js",
    "/static-offline-docs/swagger-ui.css",
    "/nowhere",
    "/models/nobody",
    "/requests?limit=0",
]
# What may differ from one answer to the next; of chunks HEAD says nothing.
_PASSING = {"date", "x-request-id", "content-length", "transfer-encoding"}


def received(port: int, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of all that comes back until the server closes."""
    data = b""
    with connected(port) as connection:
        connection.sendall(http(method, path, Connection="close"))
        while part := connection.recv(65536):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").lower().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize("route", ROUTES)
def test_head_is_get_without_the_body(asked: Asked, route: str) -> None:
    request_id = asked.sequence("/predict", "[1,2,3,4]").json()["request_id"]
    path = route.replace("/ID", f"/{request_id}")
    status, headers, body = received(asked.port, "GET", path)
    head_status, head_headers, head_body = received(asked.port, "HEAD", path)
    assert body
    assert head_body == b""
    assert head_status == status
    assert {k: v for k, v in head_headers.items() if k not in _PASSING} == {
        k: v for k, v in headers.items() if k not in _PASSING
    }
    assert "content-length" in headers or route == "/requests/export"
    assert head_headers.keys() == headers.keys() - {"transfer-encoding"}
    if route in ("/", "/docs", "/openapi.json", "/models", "/models/sine-gru", "/page/main.js", "/health/live"):
        assert head_headers["content-length"] == headers["content-length"] == str(len(body))


def test_a_head_keeps_the_connection_for_the_next_request(asked: Asked) -> None:
    with connected(asked.port) as connection:
        connection.sendall(http("HEAD", "/health/live") + http("HEAD", "/requests/export") + http("GET", "/nowhere"))
        data = b""
        while not data.endswith(b"}"):
            data += connection.recv(65536)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", data) == [b"200", b"200", b"404"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        *(("/models", "GET, HEAD"), ("/requests", "DELETE, GET, HEAD"), ("/predict", "POST"), ("/docs", "GET, HEAD")),
        *(("/streams", "GET, HEAD"), ("/streams/meter/values", "GET, HEAD, POST")),
    ],
)
def test_a_wrong_method_is_told_that_head_goes_where_get_does(asked: Asked, path: str, allowed: str) -> None:
    reply = exchange(asked.port, http("PUT", path))
    assert_refused(reply, path, 405, "method_not_allowed")
    assert reply.headers["allow"] == allowed
