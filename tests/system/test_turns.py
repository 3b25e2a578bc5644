"""Four processes that write one SQLite file get fair turns."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.request_log.migrate import migrate

pytestmark = pytest.mark.system

WRITERS = 4
ATTEMPTS = 5  # a machine that is busy with something else makes waits longer, never fairer


def test_with_four_writers_the_99th_percentile_of_the_wait_is_at_most_five_medians(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'unroll.db'}"
    migrate(url, writers=WRITERS)
    ratios = []
    for _ in range(ATTEMPTS):
        waits = _all_waits(url)
        median, late = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        ratios.append(late / median)
        print(f"{len(waits)} rows: median {median * 1e3:.2f}, p99 {late * 1e3:.2f}, worst {waits[-1] * 1e3:.0f} ms")
        if ratios[-1] <= 5:
            break
    assert min(ratios) <= 5


def _all_waits(url: str) -> list[float]:
    start = time.time() + 3
    command = [sys.executable, "-m", "tests.system.commit_waits", url, str(start), "2"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(WRITERS)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * WRITERS
    return sorted(wait for output in outputs for wait in json.loads(output))
