"""Throughput with a new request log and with millions of rows in it, in turns."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from benchmarks.contestants import OURS, RUNS
from benchmarks.race import race, standings
from benchmarks.results import stored
from service.request_log.database import open_writer, parse_url
from service.request_log.migrate import migrate
from service.request_log.tables import requests

MANY = 10_000_000
CONNECTIONS = (16, 64)
_PROBES, _SETTLE_SECONDS = 100, 300.0
_TURN = 1_000_000  # rows of one transaction
_START = 1_790_000_000_000_000  # microseconds since the epoch; the rows are milliseconds apart
_BODIES = 150, 350  # bytes of request and answer, as sixteen values are

# Ids are those that the service gives, a UUIDv7 each: they grow with the time.
_ROWS = f"""
INSERT INTO {requests.name} (
  id, time, endpoint, task, models, status, sequences, "values", duration_us,
  request_bytes, response_bytes, request, response)
WITH RECURSIVE counted(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < :last)
SELECT printf('%08x-%04x-7000-8000-%012x', (:start / 1000 + n) >> 16, (:start / 1000 + n) & 65535, n),
  :start + 1000 * n, '/predict', 'sine', 'sine-gru/1', 200, 1, 16, 200 + n % 300,
  {_BODIES[0]}, {_BODIES[1]}, randomblob({_BODIES[0]}), randomblob({_BODIES[1]})
FROM counted
"""  # noqa: S608  (our own names)


def measure(*, rows: int, rounds: int, seconds: int) -> dict[str, Any]:
    """The two logs in turns, JSON-ready; the file is removed afterwards."""
    RUNS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="log-", dir=RUNS))
    try:
        file = folder / "unroll.db"
        url = f"sqlite:///{file}"
        usual = sync_seconds(folder)
        fill(url, rows)
        _wait_for_the_disk(folder, usual)
        size = file.stat().st_size
        name = f"{rows:,} rows"
        many = replace(OURS, name=name, command=(*OURS.command, "--database-url", url))
        runs = race([OURS, many], rounds=rounds, seconds=seconds, connections=CONNECTIONS)
    finally:
        shutil.rmtree(folder)
    beside = [each for each in standings(runs, OURS.name) if each.name == name]
    return {
        "rows": rows,
        "bytes": size,
        "ratios": {each.connections: [each.ratio, each.least, each.most] for each in beside},
        "runs": stored(runs),
    }


def sync_seconds(folder: Path) -> float:
    """The median time that a small write to a file in ``folder`` takes until it is on the disk."""
    took = []
    with (folder / "probe").open("wb", buffering=0) as probe:
        for _ in range(_PROBES):
            began = time.perf_counter()
            probe.write(b"x" * 4096)
            os.fsync(probe.fileno())
            took.append(time.perf_counter() - began)
    return median(took)


def _wait_for_the_disk(folder: Path, usual: float) -> None:
    """Return when the disk is as quick as it was: gigabytes that are on their way would slow whoever is timed next."""
    os.sync()
    end = time.monotonic() + _SETTLE_SECONDS
    while (now := sync_seconds(folder)) > 1.5 * usual and time.monotonic() < end:
        print(f"a sync takes {now * 1e3:.1f} ms, before {usual * 1e3:.1f} ms: waiting", file=sys.stderr)
        time.sleep(5)


def fill(url: str, rows: int) -> None:
    """A request log with ``rows`` rows at ``url``, made by the database itself."""
    began = time.perf_counter()
    migrate(url)
    engine = open_writer(parse_url(url), "process", 60)
    with engine.connect() as connection:
        for first in range(0, rows, _TURN):
            last = min(first + _TURN, rows) - 1
            with connection.begin():
                connection.execute(text(_ROWS), {"first": first, "last": last, "start": _START})
    engine.dispose()
    print(f"{rows:,} rows in {time.perf_counter() - began:.0f} s", file=sys.stderr)
