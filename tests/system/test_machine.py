"""What the machine does to a running service: its disk fills up, and its clock jumps. Over HTTP, on a real server."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Process

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("serve_four_models")]

BODY = {"sequence": [1.0, 2.0, 4.0, 7.0, 11.0]}
FLAGS = ("--log-commit-timeout", "1")
SECONDS = 60
HOUR = 3600


def ask(service: Process) -> httpx.Response:
    return service.client.post("/predict", json=BODY)


def wait_for(answer: Callable[[], httpx.Response], status: int) -> httpx.Response:
    deadline = time.monotonic() + SECONDS
    while (found := answer()).status_code != status:
        assert time.monotonic() < deadline, found.text
    return found


def recorded(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {identity for (identity,) in connection.execute("SELECT id FROM requests WHERE status = 200")}


@contextmanager
def small_disk(service_folder: Path) -> Iterator[Path]:
    """A file system of 4 MB in memory; skipped where this user may not mount one."""
    folder = service_folder / "disk"
    folder.mkdir()
    mounting = ("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder))
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root and CAP_SYS_ADMIN; the limit on files is tested instead")
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True)


def refuses_and_heals(service: Process, database: Path, fill: Callable[[], None], empty: Callable[[], None]) -> None:
    """Answers end in 503s once the disk is full, and come again by themselves; each 2xx has its row."""
    answered = {ask(service).json()["request_id"] for _ in range(5)}
    fill()
    deadline = time.monotonic() + SECONDS
    while (answer := ask(service)).status_code == httpx.codes.OK:  # what is free inside the files
        answered.add(answer.json()["request_id"])
        assert time.monotonic() < deadline
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    wait_for(lambda: service.client.get("/health/ready"), 503)
    assert service.client.get("/health/live").status_code == httpx.codes.OK
    began = time.monotonic()
    assert ask(service).status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert time.monotonic() - began < 5  # by the deadline, not for ever
    empty()
    wait_for(lambda: service.client.get("/health/ready"), 200)
    answered.add(wait_for(lambda: ask(service), 200).json()["request_id"])
    assert service.stop() == 0
    assert answered <= recorded(database)


def test_a_full_disk_refuses_answers_and_heals_by_itself(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        filler = disk / "filler"

        def fill() -> None:
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while True:  # until no space is left
                    file.write(bytes(4096))
            assert os.statvfs(disk).f_bavail == 0

        with Process(tmp_path, *FLAGS, "--database-url", f"sqlite:///{disk}/unroll.db") as service:
            service.wait_until_ready()
            refuses_and_heals(service, disk / "unroll.db", fill, filler.unlink)


def test_files_that_may_not_grow_refuse_answers_and_heal_by_themselves(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS) as service:
        service.wait_until_ready()
        pid, (soft, hard) = service.process.pid, resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
        refuses_and_heals(
            service,
            service.database,
            lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, hard)),
            lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard)),
        )


def clock_of(service: Process) -> float:
    """Seconds since the epoch, as the service sees it; the header is up to a second old."""
    return parsedate_to_datetime(service.client.get("/health/live").headers["date"]).timestamp()


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[tuple[Process, Path]]:
    """A service whose wall clock is set by what a file says, and that file."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        message = "no libfaketime: install Debian's package faketime"
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)
    offset = tmp_path / "offset"
    offset.write_text("+0")
    environment = {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    # A commit may take long on a busy machine, whose every look at the clock opens that file; a jump is longer.
    with Process(tmp_path, *FLAGS, "--log-commit-timeout", "60", environment=environment) as service:
        service.wait_until_ready()
        yield service, offset


def test_a_clock_that_jumps_leaves_answers_durations_and_the_order_of_rows_alone(clock: tuple[Process, Path]) -> None:
    service, offset = clock
    ids: list[str] = []
    for jump in (0, -HOUR, 48 * HOUR, -24 * HOUR):
        (written := offset.with_suffix(".new")).write_text(f"{jump:+d}")
        written.rename(offset)  # the library may look at any moment
        deadline = time.monotonic() + SECONDS
        while abs(clock_of(service) - time.time() - jump) > 60:
            assert time.monotonic() < deadline, "the service's clock was not set"
        for _ in range(25):
            answer = ask(service)
            assert answer.status_code == httpx.codes.OK
            ids.append(answer.json()["request_id"])
    assert ids == sorted(set(ids))

    rows: list[dict[str, Any]] = []
    query: dict[str, str] = {"limit": "40"}
    while True:
        page = service.client.get("/requests", params=query).json()
        rows += page["requests"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert [row["id"] for row in rows] == ids[::-1]
    times = [row["time"] for row in rows]
    assert times == sorted(times, reverse=True)
    durations = [row["duration_us"] for row in rows]
    assert min(durations) > 0
    assert max(durations) < HOUR * 1_000_000 / 2  # no jump is in any
    assert service.stop() == 0
    assert recorded(service.database) == set(ids)
