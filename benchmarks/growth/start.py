"""From the start of the process to the first ready answer, and the memory of one worker and of each further one."""

from __future__ import annotations

import http.client
import re
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.contestants import EMPTY, OURS, Contestant
from benchmarks.drive import Server, descendants, started

WORKERS = (1, 2, 4)
_READY_SECONDS = 60.0
_CORES = "0,1"
_SETTLED, _LOOK_SECONDS = 0.005, 1.0


class Start(NamedTuple):
    """Seconds from the start of a process to its first ready answer, and its resident bytes then."""

    seconds: float
    resident: int


def start(contestant: Contestant, *flags: str) -> Start:
    """Start ``contestant`` with ``flags`` once."""
    began = time.perf_counter()
    with started((*contestant.command, *flags), contestant.environment, _CORES) as server:
        wait_until_ready(server)
        return Start(time.perf_counter() - began, _bytes(server.process.pid, "status", "VmRSS"))


def measure(*, rounds: int) -> dict[str, Any]:
    """Seconds to ready with a log that is new and with one that is there; bytes by number of workers. JSON-ready.

    Beside them what FastAPI's empty endpoint takes, in turns.
    """
    new, kept, empty = [list[Start]() for _ in range(3)]
    sizes: dict[int, list[int]] = {count: [] for count in WORKERS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            url = ("--database-url", f"sqlite:///{folder}/unroll.db")
            new.append(start(OURS, *url))
            kept.append(start(OURS, *url))
            empty.append(start(EMPTY))
            for count in WORKERS:
                command = (*OURS.command, *url, "--workers", str(count))
                with started(command, OURS.environment, _CORES) as server:
                    wait_until_ready(server)
                    sizes[count].append(settled_size(server))
    totals = {count: median(found) for count, found in sizes.items()}
    further = (totals[WORKERS[-1]] - totals[WORKERS[1]]) / (WORKERS[-1] - WORKERS[1])
    return {
        "seconds": {
            log: median(each.seconds for each in found)
            for log, found in {"new": new, "kept": kept, "empty": empty}.items()
        },
        "resident": median(each.resident for each in kept),
        "empty": median(each.resident for each in empty),
        "totals": totals,
        "further": further,
    }


def wait_until_ready(server: Server) -> None:
    """Return at the first ready answer."""
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and server.process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            pass  # nobody listens yet
        finally:
            connection.close()
        time.sleep(0.005)
    raise RuntimeError(f"not ready in {_READY_SECONDS:.0f} s:\n{server.output.read_text()}")


def settled_size(server: Server) -> int:
    """Bytes of the process and all below it, shared pages shared out, once the last worker has loaded."""
    size = before = 0
    while size == 0 or abs(size - before) > _SETTLED * size:
        time.sleep(_LOOK_SECONDS)
        family = [server.process.pid, *descendants(server.process.pid)]
        size, before = sum(_bytes(pid, "smaps_rollup", "Pss") for pid in family), size
    return size


def _bytes(pid: int, file: str, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    except OSError:  # ended meanwhile
        return 0
    return int(found[1]) * 1024 if found else 0
