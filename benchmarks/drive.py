"""Starts a contestant on one core and drives it with wrk from another. Knows no statistics."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.contestants import Contestant

SERVER_CORE, LOAD_CORE = "0", "1"
_START_SECONDS = 60
_LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)", re.MULTILINE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Measured:
    """One timed stretch: answers per second, latency in seconds, answers that were no success."""

    rate: float
    p50: float
    p99: float
    failed: int


@contextmanager
def running(contestant: Contestant) -> Iterator[int]:
    """The contestant's port, once it answers; its process is ended afterwards."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [part.replace("{port}", str(port)) for part in contestant.command]
        output = Path(folder) / "output.txt"
        with output.open("wb") as terminal:
            process = subprocess.Popen(
                ["taskset", "-c", SERVER_CORE, *command],
                cwd=folder,
                env={**os.environ, **contestant.environment},
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(contestant, port, process, output)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def drive(contestant: Contestant, port: int, connections: int, seconds: float) -> Measured:
    """Load from the other core for ``seconds``."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[{contestant.body}]]\n'
        )
        script.flush()
        load = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", script.name]
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, *load, f"http://127.0.0.1:{port}{contestant.path}"],
            capture_output=True,
            text=True,
            check=True,
        )
    latency = {found[1]: float(found[2]) * _SECONDS[found[3]] for found in _LATENCY.finditer(done.stdout)}
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if rate is None:
        raise RuntimeError(f"wrk printed no rate:\n{done.stdout}")
    return Measured(float(rate[1]), latency["50"], latency["99"], int(failed[1]) if failed else 0)


def _wait(contestant: Contestant, port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    end, url = time.monotonic() + _START_SECONDS, f"http://127.0.0.1:{port}{contestant.path}"
    while time.monotonic() < end and process.poll() is None:
        try:
            answer = httpx.post(url, content=contestant.body, headers={"Content-Type": "application/json"}, timeout=30)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            answer.raise_for_status()
            return
    raise RuntimeError(f"{contestant.name} did not start:\n{output.read_text()}")
