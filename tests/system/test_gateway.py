"""docker/nginx before real sockets: what clients send fills nothing, and what kills a replica goes round once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import MODELS
from tests.gateway import gateway
from tests.raw import exchange
from tests.serving import Process

pytestmark = pytest.mark.system

LARGE = b"x" * 200_000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Replica:
    """Whoever asks gets ``answer``, or the end of the connection where that is empty."""

    port: int
    asked: int = 0


@contextmanager
def replica(answer: bytes) -> Iterator[Replica]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Replica(listener.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    while b"\r\n\r\n" not in connection.recv(65536):
                        pass
                    found.asked += 1
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_request_that_kills_its_replica_kills_one_more_at_the_most(tmp_path: Path) -> None:
    with ExitStack() as stack:
        dying = [stack.enter_context(replica(b"")) for _ in range(4)]
        client = stack.enter_context(gateway(tmp_path, *(each.port for each in dying)))
        answer = client.post("/predict", json={"sequence": [1, 2, 3]})
        assert (answer.status_code, answer.json()["code"]) == (502, "no_replica")
        assert answer.headers["retry-after"] == "1"
        assert sum(each.asked for each in dying) == 2


def test_a_replica_that_dies_costs_no_answer(tmp_path: Path) -> None:
    with replica(b"") as dying, replica(ANSWER) as living, gateway(tmp_path, dying.port, living.port) as client:
        assert [client.post("/predict", json={}).status_code for _ in range(6)] == [200] * 6
        assert (dying.asked, living.asked) == (dying.asked, 6)
        assert dying.asked


def head(length: str) -> bytes:
    return f"POST /predict HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n".encode()


@pytest.mark.parametrize("length", ["Content-Length: 8000000", "Transfer-Encoding: chunked"])
def test_clients_without_a_key_fill_no_disk_with_bodies_they_never_end(tmp_path: Path, length: str) -> None:
    """Sixteen large ones of an address are let in; more are told at once to come again, and small ones are served."""
    begun = LARGE if "Length" in length else b"30d40\r\n" + LARGE + b"\r\n"
    with ExitStack() as stack:
        living = stack.enter_context(replica(ANSWER))
        client = stack.enter_context(gateway(tmp_path, living.port))
        address = (client.base_url.host, client.base_url.port or 80)
        held = [stack.enter_context(socket.create_connection(address)) for _ in range(16)]
        for each in held:
            each.sendall(head(length) + begun)
        # Before all are in, one more would take the place of the last.
        _until(lambda: (tmp_path / "error.log").read_text().count("buffered to a temporary file") == len(held))
        refused = client.post("/predict", content=LARGE)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert client.post("/predict", json={}).status_code == 200
        held.pop().close()
        _until(lambda: client.post("/predict", content=LARGE).status_code == 200)


def test_its_own_refusals_are_problems(tmp_path: Path) -> None:
    with replica(ANSWER) as living, gateway(tmp_path, living.port) as client:
        large = client.post("/predict", content=b" " * (8 * 1024 * 1024 + 1))
        assert (large.status_code, large.json()["status"], large.json()["code"]) == (413, 413, "body_too_large")
        assert large.headers["content-type"] == "application/problem+json"


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)  # between two looks at another program


def test_hosts_and_origins_reach_the_replica_as_they_were_asked(tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with Process(tmp_path, "--models-dir", str(MODELS)) as service:  # without keys: it minds both
        service.wait_until_ready()
        with gateway(folder, service.port) as client:
            own = str(client.base_url).rstrip("/")
            for headers, status in (
                ({}, 200),
                ({"Origin": own}, 200),
                ({"Origin": "http://127.0.0.1"}, 403),
                ({"Sec-Fetch-Site": "cross-site"}, 403),
                ({"Host": "rebound.example"}, 421),
            ):
                assert (
                    client.post("/predict", content=b'{"sequence": [1, 2, 3]}', headers=headers).status_code == status
                )
            old = exchange(client.base_url.port or 0, b"GET /health/ready HTTP/1.0\r\n\r\n")
            assert old.status == 200
