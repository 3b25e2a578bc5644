"""``python -m service``: starting, being told nonsense, and ending."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.request_log.database import sqlite_module
from tests.conftest import MODELS
from tests.serving import Process

PUBLISHED = ("--models-dir", str(MODELS))


def read(database: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite_module().connect(database)) as connection:
        found: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
        return found


def test_from_any_folder_the_published_models_are_served(tmp_path: Path) -> None:
    with Process(tmp_path) as service:
        service.wait_until_ready()
        names = [model["name"] for model in service.client.get("/models").json()["models"]]
    assert "sine-gru" in names
    assert {path.name for path in tmp_path.iterdir()} >= {"unroll.db"}


def test_the_environment_sets_what_no_flag_says(tmp_path: Path) -> None:
    environment = {"UNROLL_MODELS_DIR": str(MODELS), "UNROLL_BODY_LIMIT": "2048", "UNROLL_PORT": "1"}
    with Process(tmp_path, environment=environment) as service:  # --port is a flag: it wins
        service.wait_until_ready()
        response = service.client.post("/predict", content=b'{"sequence":[' + b"1," * 1200 + b"1]}")
        assert response.status_code == 413


def test_a_signal_ends_it_with_code_0_and_every_answer_on_record(tmp_path: Path) -> None:
    with Process(tmp_path, *PUBLISHED) as service:
        service.wait_until_ready()
        answer = service.client.post("/predict", json={"sequence": [1, 2, 3, 4]})
        assert service.stop() == 0, service.output.read_text()
    rows = read(service.database, "SELECT id, response FROM requests")
    assert rows == [(answer.headers["x-request-id"], answer.content)]
    assert read(service.database, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.slow
def test_two_workers_share_the_requests_and_the_log_and_end_together(tmp_path: Path) -> None:
    with Process(tmp_path, *PUBLISHED, "--workers", "2") as service:
        service.wait_until_ready()

        def ask(number: int) -> str:
            response = service.client.post("/predict", json={"sequence": [number, number + 1]})
            assert response.status_code == 200
            assert response.json()["predictions"][0]["value"] == number + 2
            identity: str = response.json()["request_id"]
            return identity

        with ThreadPoolExecutor(8) as threads:
            ids = list(threads.map(ask, range(100)))
        listed = service.client.get("/requests", params={"limit": 200}).json()["requests"]
        assert {row["id"] for row in listed} == set(ids)
        service.client.close()
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(timeout=120) == 0, service.output.read_text()


def test_a_port_that_is_taken_is_said_clearly(tmp_path: Path, service: Process) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "--port", str(service.port), *PUBLISHED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert str(service.port) in done.stderr
    assert "Traceback" not in done.stderr
