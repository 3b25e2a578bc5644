"""The headers that keep browsers from guessing, on every answer of the real server."""

from __future__ import annotations

import pytest

from tests.hardening.asking import Asked
from tests.raw import connected, http

PATHS = ["/", "/page/main.js", "/page/uplot.min.css", "/docs", "/health/live", "/models", "/nowhere", "/predict"]


@pytest.mark.parametrize("path", PATHS)
def test_each_security_header_stands_there_once(asked: Asked, path: str) -> None:
    with connected(asked.port) as connection:
        connection.sendall(http("GET", path))
        head = connection.recv(65536).partition(b"\r\n\r\n")[0].lower()
    for line in (b"x-content-type-options: nosniff", b"x-frame-options: deny", b"referrer-policy: no-referrer"):
        assert head.count(line.partition(b":")[0]) == head.count(line) == 1
