"""``python -m tests.system.ray_jobs ADDRESS FOLDER [bad]``: six jobs of a second and a half, spread over a cluster.

A job leaves a file of its name, and within a folder of its own one for each time it was begun: its raylet.
With ``bad`` a run goes before them in which a job fails, and which has that for its status.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

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


def without_tensorflow(*task: Any) -> Any:
    """A task in its worker, where to begin TensorFlow would take several times longer than these jobs do."""
    from training import on_ray

    on_ray._prepare_once = lambda: None
    return on_ray._work(*task)


def main() -> int:
    """0 when all jobs are done and gave what they should."""
    from service.cluster import joined
    from training import on_ray

    address, folder, failing = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    names = [f"job-{place}" for place in range(COUNT)]

    def run(names: list[str], console: Console) -> int:
        work = [jobs.Job(name, slowly, (name, folder)) for name in names]
        found = jobs.run(work, jobs.Cluster(address, None), console)
        assert sorted(found) == names
        assert all(found[name].startswith(name) for name in names)
        return 0

    with mock.patch.object(on_ray, "_work", without_tensorflow), joined(address, None):
        if failing:
            assert command_line.ended(partial(run, [*failing, "other-0", "other-1"])) == 1
        return command_line.ended(partial(run, names))


if __name__ == "__main__":
    from tests.system import ray_jobs

    sys.exit(ray_jobs.main())
