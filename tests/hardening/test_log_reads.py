"""Reads of the log that cost much, or that ask for what cannot be, on a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.request_log.reader import LogReader
from tests.conftest import MODELS
from tests.problems import assert_problem
from tests.serving import in_thread

ENDLESS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT max(n) FROM numbers"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    file = tmp_path_factory.mktemp("reads") / "log.db"
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{file}", log_durability="process") as client:
        yield client


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[httpx.Client]:
    """A service with a log of its own."""
    with in_thread(
        models_dir=MODELS, database_url=f"sqlite:///{tmp_path / 'log.db'}", log_durability="process"
    ) as client:
        yield client


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statistics that the database would never end."""

    def stats(self: LogReader, _since: int, _until: int, interrupt: Any) -> None:
        with self._reading(interrupt) as connection:
            connection.exec_driver_sql(ENDLESS)

    monkeypatch.setattr(LogReader, "stats", stats)


@pytest.mark.parametrize(
    ("window", "status"),
    [
        ({"until": "0001-01-01T00:00:00Z"}, 422),
        ({"until": "0001-01-01T00:00:00+14:00"}, 422),
        ({"until": "0001-01-01T06:00:00Z"}, 200),
        ({"until": "0001-01-02T00:00:00Z"}, 200),
        ({"until": "9999-12-31T23:59:59Z"}, 200),
        ({"until": "9999-12-31T23:59:59-14:00"}, 200),
        ({"since": "9999-12-31T23:59:59Z"}, 422),
        ({"since": "0001-01-01T00:00:00Z", "until": "0001-01-31T00:00:00Z"}, 200),
    ],
)
def test_statistics_at_the_ends_of_time(service: httpx.Client, window: dict[str, str], status: int) -> None:
    service.post("/predict", json={"sequence": [1, 2, 3]})
    answer = service.get("/requests/stats", params=window)
    if status == 200:
        assert (answer.status_code, answer.json()["endpoints"]) == (200, [])
    else:
        assert_problem(answer, 422, "out_of_range")


@pytest.mark.parametrize("path", ["/requests", "/requests/export", "/quality", "/requests/stats"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_windows_at_the_ends_of_time(service: httpx.Client, path: str, name: str, time: str) -> None:
    assert service.get(path, params={name: time}).status_code in (200, 422)
    assert service.get("/health/ready").status_code == 200


@pytest.mark.parametrize("client", ["%00", "a%00b", "x" * 8000, "%ED%A0%80", "%EF%BF%BF", "%FF"])
def test_no_clients_name_makes_the_log_unavailable(service: httpx.Client, client: str) -> None:
    answer = service.delete(f"/requests?client={client}")
    if "%00" in client:
        assert_problem(answer, 422, "not_storable")
    else:
        assert answer.json() == {"deleted": 0}
    assert service.get("/health/ready").status_code == 200
    assert service.post("/predict", json={"sequence": [1, 2]}).status_code == 200


@pytest.mark.usefixtures("endless")
def test_statistics_past_their_time_are_503_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    with (
        in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path / 'log.db'}", log_read_timeout=1.0) as service,
        ExitStack() as clients,
    ):
        answers: list[httpx.Response] = []
        threads = [
            threading.Thread(target=lambda: answers.append(httpx.get(f"{service.base_url}/requests/stats", timeout=60)))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
            clients.callback(thread.join)
        time.sleep(0.3)
        assert service.post("/predict", json={"sequence": [1, 2, 3]}).status_code == 200
        assert len(service.get("/requests").json()["requests"]) == 1
        assert "unroll_log_up 1.0" in service.get("/metrics").text  # which wait for nobody
        for thread in threads:
            thread.join()
        assert len(answers) == 12
        codes = set()
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            codes.add(answer.json()["code"])
        assert codes == {"log_slow", "log_busy"}


@pytest.mark.usefixtures("endless")
def test_statistics_end_when_their_client_leaves(service: httpx.Client) -> None:
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout):
            service.get("/requests/stats", timeout=0.2)
    assert service.get("/quality", timeout=30).status_code == 200  # its turn, long before ten seconds each


def test_stalled_exports_are_few_and_hold_little(fresh: httpx.Client) -> None:
    body = {"model": "sine-gru", "sequences": [[float(n) for n in range(400)]] * 4}
    for _ in range(150):
        assert fresh.post("/predict", json=body).status_code == 200
    port = fresh.base_url.port
    with ExitStack() as stack:
        stalled = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(8)]
        for each in stalled:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.sendall(b"GET /requests/export HTTP/1.1\r\nhost: localhost\r\n\r\n")
        heads = [each.recv(12) for each in stalled]
        assert sorted(heads) == [b"HTTP/1.1 200"] * 4 + [b"HTTP/1.1 503"] * 4
        assert_problem(fresh.get("/requests/export"), 503, "log_busy")
        assert fresh.get("/requests/stats").status_code == 200  # no turn is held while a client takes its time
    for _ in range(1200):  # places are given back when the service learns that their clients have left
        whole = fresh.get("/requests/export")
        if whole.status_code == 200:
            break
        time.sleep(0.05)
    lines = whole.text.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 150
