"""Bytes to a server and back, with nothing that tidies them up on the way."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Reply:
    """One answer as it came over the wire; ``seconds`` since the first byte was sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return orjson.loads(self.body)


def http(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as bytes, with a Content-Length; underscores in names of headers become dashes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@contextmanager
def connected(port: int, timeout: float = 30) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        yield connection


def exchange(port: int, data: bytes) -> Reply:
    """The answer to ``data`` on a connection of its own."""
    with connected(port) as connection:
        began = time.perf_counter()
        send_all(connection, data)
        return read_reply(connection, began)


def send_all(connection: socket.socket, data: bytes) -> None:
    """Send, up to where the server has answered and closed before it has read everything."""
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return


def read_reply(connection: socket.socket, began: float | None = None) -> Reply:
    """The next answer. Raises ConnectionError where the server closes without one."""
    began = time.perf_counter() if began is None else began
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, rest = data.partition(b"\r\n\r\n")
    body = bytearray(rest)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers:
        while len(body) < int(headers["content-length"]):
            body += _more(connection)
    elif headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    return Reply(int(first.split()[1]), headers, bytes(body), time.perf_counter() - began)


def is_closed(connection: socket.socket) -> bool:
    """Whether the server closes this connection without another byte; waits for the socket's own timeout."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed without a complete answer")
    return data
