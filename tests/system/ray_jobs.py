"""``python -m tests.system.ray_jobs ADDRESS FOLDER``: six jobs of a second and a half, spread over a cluster.

A job leaves a file of its name, and within a folder of its own one for each time it was begun: its raylet.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from service.errors import InvalidInput
from training import command_line, jobs

COUNT = 6
_SECONDS = 1.5


class Progress(NamedTuple):
    """As a trainer's."""

    done: int
    total: int
    loss: float


def slowly(name: str, folder: Path, report: Callable[[Any], None]) -> str:
    """Write ``folder/name`` in one step, or leave nothing; raises where ``name`` is bad."""
    if name == "bad":
        raise InvalidInput("this job is bad")
    begun, half = folder / f"begun-{name}", folder / f"half-{name}"
    begun.mkdir(exist_ok=True)
    (begun / str(os.getppid())).touch()
    half.touch()
    try:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            report(Progress(1, 2, 0.5))
            time.sleep(0.05)
        half.rename(folder / name)
    except BaseException:
        half.unlink()
        raise
    return f"{name} in {os.getpid()}"


def main() -> int:
    """0 when all jobs are done and gave what they should."""
    address, folder = sys.argv[1], Path(sys.argv[2])
    names = [*(f"job-{place}" for place in range(COUNT)), *sys.argv[3:]]

    def run(console: Console) -> int:
        work = [jobs.Job(name, slowly, (name, folder)) for name in names]
        found = jobs.run(work, jobs.Cluster(address, None), console)
        assert sorted(found) == names
        assert all(found[name].startswith(name) for name in names)
        return 0

    return command_line.ended(run)


if __name__ == "__main__":
    from tests.system import ray_jobs

    sys.exit(ray_jobs.main())
