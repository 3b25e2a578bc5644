"""One run of ``python -m service batch`` under the watch: seconds, share of the cores, memory of all its processes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.batch.windows import HORIZON
from benchmarks.drive import descendants

_LOOK_SECONDS = 0.5
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Timed:
    """``seconds`` by the clock; ``core_seconds`` and the largest resident ``bytes`` of it and all its descendants.

    Memory that several processes share counts once. ``digest`` is that of the output.
    """

    seconds: float = 0.0
    core_seconds: float = 0.0
    bytes: int = 0
    digest: str = ""

    def __add__(self, other: Timed) -> Timed:
        return Timed(
            self.seconds + other.seconds,
            self.core_seconds + other.core_seconds,
            max(self.bytes, other.bytes),
            other.digest,
        )


def timed(source: Path, out: Path, *more: str, kill_at: int | None = None) -> Timed:
    """A run over ``source`` into ``out``; killed once ``kill_at`` parts are done, where that is given.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "service", "batch", str(source), "--output", str(out), "--id", "id"]
    began, found = time.monotonic(), Timed()
    spent: dict[int, float] = {}
    with subprocess.Popen([*command, "--time", "month", "--horizon", str(HORIZON), *more]) as process:
        while process.poll() is None:
            time.sleep(_LOOK_SECONDS)
            family = [process.pid, *descendants(process.pid)]
            spent.update({pid: seconds for pid in family if (seconds := _core_seconds(pid)) is not None})
            found.bytes = max(found.bytes, sum(map(_bytes, family)))
            if kill_at is not None and len(list(out.glob("series/part-*"))) >= kill_at:
                process.kill()
    found.seconds, found.core_seconds = time.monotonic() - began, sum(spent.values())
    if kill_at is None:
        if process.returncode != 0:
            raise RuntimeError(f"the run ended with status {process.returncode}")
        found.digest = _digest(out)
    return found


def _digest(out: Path) -> str:
    """Of every file's name and content."""
    total = hashlib.sha256()
    for each in sorted(out.rglob("*")):
        if each.is_file():
            total.update(f"{each.relative_to(out)} {hashlib.sha256(each.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _core_seconds(pid: int) -> float | None:
    """Of a process and those of its children that it has seen end; None where it has ended itself."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / _TICK
    return None


def _bytes(pid: int) -> int:
    """The resident memory of a process, its share of what it shares; 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
