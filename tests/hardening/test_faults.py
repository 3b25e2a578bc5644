"""Clients that leave, a damaged database, a clock that jumps: what they leave behind."""

from __future__ import annotations

import socket
import sqlite3
import struct
import time
from contextlib import closing
from pathlib import Path

import pytest

from service.request_log import rows
from service.request_log.rows import identify
from tests.conftest import MODELS
from tests.hardening.asking import Asked
from tests.raw import connected, exchange, http
from tests.serving import Process

PREDICT = http("POST", "/predict", b'{"model": "linear-gru", "sequence": [1, 2, 3, 4]}')


def count_rows(service: Process) -> int:
    with closing(sqlite3.connect(service.database)) as connection:
        return int(connection.execute("SELECT count(*) FROM requests").fetchone()[0])


def reset(connection: socket.socket) -> None:
    """Close without a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_clients_that_leave_after_a_whole_request_leave_one_row_each(
    hardened: Process, asked: Asked, leave: type[reset]
) -> None:
    before = count_rows(hardened)
    for _ in range(50):
        with connected(asked.port) as connection:
            connection.sendall(PREDICT)
            time.sleep(0.002)  # a reset that overtakes the request would be another case
            leave(connection)
    deadline = time.monotonic() + 60
    while count_rows(hardened) < before + 50:
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks at another process's file
    exchange(asked.port, PREDICT)
    assert count_rows(hardened) == before + 51


@pytest.mark.parametrize("cut", [10, 60, len(PREDICT) - 1])
def test_clients_that_leave_in_the_middle_of_a_request_leave_nothing(hardened: Process, asked: Asked, cut: int) -> None:
    before = count_rows(hardened)
    for leave in (socket.socket.close, reset) * 25:
        with connected(asked.port) as connection:
            connection.sendall(PREDICT[:cut])
            leave(connection)
    exchange(asked.port, PREDICT)
    assert count_rows(hardened) == before + 1
    assert open_sockets(hardened) <= 3  # the listening one, and those of the event loop


def open_sockets(service: Process) -> int:
    """Sockets of the process, once connections that are gone have been noticed."""
    deadline = time.monotonic() + 60
    while True:
        links = Path(f"/proc/{service.process.pid}/fd").iterdir()
        found = sum("socket:" in str(link.readlink()) for link in links if link.is_symlink())
        if found <= 3 or time.monotonic() > deadline:
            return found
        time.sleep(0.01)  # between two looks at another process


def test_a_damaged_database_is_refused_at_start_and_kept_aside(tmp_path: Path) -> None:
    database = tmp_path / "unroll.db"
    database.write_bytes(b"SQLite format 3\x00" + b"\xff" * 8192)
    service = Process(tmp_path, "--models-dir", str(MODELS))
    with service:
        assert service.process.wait(timeout=120) == 2
    assert "is damaged" in service.output.read_text()
    assert "Traceback" not in service.output.read_text()
    assert (tmp_path / "unroll.db.damaged").read_bytes() == database.read_bytes()


def test_the_clock_may_jump_back_and_rows_stay_in_order(asked: Asked) -> None:
    """Ids come from a clock that only grows; system/test_machine.py really sets a service's clock."""
    made = [identify() for _ in range(10_000)]
    assert made == sorted(made)
    assert len({identity for identity, _ in made}) == len(made)
    answers = [exchange(asked.port, PREDICT).json()["request_id"] for _ in range(20)]
    assert answers == sorted(answers)
    assert "time" not in vars(rows)  # the wall clock is asked for by the ids only
