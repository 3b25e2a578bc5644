"""``python -m tests.system.ray_cluster``: a Ray cluster on this machine, a node of one core for each line of its input.

It says first where the cluster is, and of each node which process is its raylet; it ends with its input.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.serving import children_of, unmeasured

# Ray would begin workers before there is work, whose imports take seconds each, and count what nobody looks at.
FRUGAL = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
}
_OBJECTS = 100 * 2**20  # bytes of a node's store
_END_SECONDS = 120


class Cluster:
    """One that runs in a process of its own, since Ray's warnings are not for our tests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = self._line()

    def add(self) -> int:
        """One more node; the process of its raylet, with which the node dies."""
        assert self._process.stdin is not None
        print("node", file=self._process.stdin, flush=True)
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def one_node() -> Iterator[Cluster]:
    """A cluster of one node, to which those are added that are to be lost."""
    command = [sys.executable, "-m", "tests.system.ray_cluster"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=unmeasured()) as process:
        yield Cluster(process)
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        finally:
            process.kill()


def busy(raylet: int, what: str) -> bool:
    """Whether a process of that node does ``what``, by the title that Ray gives it."""
    titles = []
    for child in children_of(raylet):
        with suppress(OSError):
            titles.append(Path(f"/proc/{child}/cmdline").read_text())
    return any(what in each for each in titles)


def kill(raylet: int) -> None:
    """End a node at once, with all that works there, as when its machine loses its power."""
    for each in (raylet, *children_of(raylet)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def wait_until(process: subprocess.Popen[str], true: Callable[[], object]) -> None:
    """Returns once something is ``true``; the ``process`` must not have ended before."""
    while not true():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.02)


def main() -> None:
    """Runs until nobody writes to it any more."""
    os.environ |= FRUGAL
    from ray.cluster_utils import Cluster as Nodes

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    size = {"num_cpus": 1, "object_store_memory": _OBJECTS}
    # Nobody looks at its page or its logs, or has it grow.
    bare = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
    nodes = Nodes(initialize_head=True, head_node_args={**size, **bare})
    print(nodes.address, file=answers, flush=True)
    for _ in sys.stdin:
        added = nodes.add_node(**size)
        print(added.all_processes["raylet"][0].process.pid, file=answers, flush=True)
    nodes.shutdown()


if __name__ == "__main__":
    main()
