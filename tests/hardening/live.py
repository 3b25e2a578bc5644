"""Watches /health/live from a process of its own: how long it takes while others ask for much.

``python -m tests.hardening.live PORT`` asks, on a new connection each time, until its standard input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.raw import exchange, http

_PAUSE = 0.02
_LIVE = http("GET", "/health/live")


@dataclass
class Seen:
    """Seconds of each answer; ``late`` is by how much the watching process itself was waked up late, at the most."""

    seconds: list[float] = field(default_factory=list)
    late: float = 0.0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ordered = sorted(self.seconds) or [0.0]
        p99 = ordered[int(0.99 * (len(ordered) - 1))]
        return (
            f"live asked {len(self.seconds)} times: p99 {p99 * 1e3:.0f} ms, at most {ordered[-1] * 1e3:.0f} ms "
            f"(the watcher itself was late by at most {self.late * 1e3:.0f} ms)"
        )


@contextmanager
def watched(port: int) -> Iterator[Seen]:
    """What was seen of /health/live meanwhile, filled in at the end."""
    seen = Seen()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.hardening.live", str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as watcher:  # fmt: skip
        try:
            yield seen
        finally:
            output, _ = watcher.communicate("")
            found = json.loads(output)
            seen.seconds, seen.late, seen.failures = found["seconds"], found["late"], found["failures"]


def main(port: int) -> None:
    seen, ended = Seen(), threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    while not ended.is_set():
        began = time.perf_counter()
        try:
            reply = exchange(port, _LIVE)
            seen.seconds.append(time.perf_counter() - began)
            if reply.status != 200:
                seen.failures.append(f"status {reply.status}")
        except OSError as error:
            seen.failures.append(repr(error))
        slept = time.perf_counter()
        time.sleep(_PAUSE)
        seen.late = max(seen.late, time.perf_counter() - slept - _PAUSE)
    print(json.dumps({"seconds": seen.seconds, "late": seen.late, "failures": seen.failures[:10]}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
