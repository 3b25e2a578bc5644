"""Starts a contestant on its core and drives it with wrk from another. Knows no statistics."""

from __future__ import annotations

import functools
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.contestants import MODEL, RUNS, SEQUENCE, Contestant
from service.inference.engine import Engine
from service.inference.repository import Repository

LOAD_CORE = "1"
_START_SECONDS, _STOP_SECONDS = 120.0, 30.0
_LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)$", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_BROKEN = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_CLOSE = 1e-5  # of an answer: processors and batch sizes round float32 differently


class NoAnswerError(RuntimeError):
    """Nothing was answered while wrk asked."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One timed stretch: answers per second, latency in seconds, answers that were no success.

    ``load_cores`` is how much of a core the load generator used.
    """

    rate: float
    p50: float
    p99: float
    failed: int
    load_cores: float = 0.0


def require_tools() -> None:
    """Leave with a word where wrk or taskset is missing."""
    missing = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"needed: {', '.join(missing)} (Debian packages wrk and util-linux)")


@contextmanager
def running(contestant: Contestant, folder: Path = RUNS) -> Iterator[int]:
    """The contestant's port, once it gives the right answer; all its processes are ended afterwards.

    It works, and keeps its record, in a folder of its own within ``folder``.

    Raises:
        RuntimeError: it does not start, or answers something else than the engine.
    """
    with started(contestant.command, contestant.environment, contestant.cores, folder) as server:
        _require_right(contestant, server)
        yield server.port


@dataclass(frozen=True, slots=True)
class Server:
    """A process that was started, the port that it was told to listen on, and what it wrote on its terminal."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path


@contextmanager
def started(command: tuple[str, ...], environment: dict[str, str], cores: str, within: Path = RUNS) -> Iterator[Server]:
    """A process pinned to ``cores`` in a folder of its own; it and all its descendants are ended afterwards."""
    within.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=within, ignore_cleanup_errors=True) as folder:
        ports = _free_ports(3)
        names = dict(zip(("port", "second", "third"), ports, strict=True))
        output = Path(folder) / "output.txt"
        with output.open("wb") as terminal:
            process = subprocess.Popen(
                ["taskset", "-c", cores, *(_filled(part, names) for part in command)],
                cwd=folder,
                env={**os.environ, **{name: _filled(value, names) for name, value in environment.items()}},
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Server(process, ports[0], output)
        finally:
            _end(process)


def drive(
    contestant: Contestant, port: int, connections: int, seconds: int, cores: str = LOAD_CORE, threads: int = 1
) -> Measured:
    """Load from ``cores`` for ``seconds``, whole ones, as wrk wants them, by so many ``threads``.

    Where nothing was answered in that time the rate is 0 and the latencies, which were longer, are all of it.
    """
    _ask(contestant, port)  # answered after whatever an earlier load left waiting
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[{contestant.body}]]\n'
        )
        script.flush()
        load = [
            "wrk",
            f"-t{threads}",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "30s",
            "--latency",
            "-s",
            script.name,
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            ["taskset", "-c", cores, *load, f"http://127.0.0.1:{port}{contestant.path}"],
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    try:
        return parse(done.stdout, used / seconds)
    except NoAnswerError:
        return Measured(0.0, seconds, seconds, 0, used / seconds)


def parse(output: str, load_cores: float) -> Measured:
    """What wrk printed. Raises NoAnswerError where it tells of none."""
    latency = {found[1]: float(found[2]) * _SECONDS[found[3]] for found in _LATENCY.finditer(output)}
    rate, refused, broken = _RATE.search(output), _REFUSED.search(output), _BROKEN.search(output)
    if rate is None or latency.keys() != {"50", "99"} or float(rate[1]) == 0.0:
        raise NoAnswerError(f"wrk saw no rate or no latency:\n{output}")
    failed = (int(refused[1]) if refused else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Measured(float(rate[1]), latency["50"], latency["99"], failed, load_cores)


@functools.cache
def engines_answer() -> float:
    """The next value of the posted sequence, as the engine says it without any server."""
    engine = Engine(Repository(MODEL.parents[1]).catalog)
    return engine.predict([list(SEQUENCE)], MODEL.parent.name)[0].value


def _require_right(contestant: Contestant, server: Server) -> None:
    end, said = time.monotonic() + _START_SECONDS, ""
    while time.monotonic() < end and server.process.poll() is None:
        try:
            answer = _ask(contestant, server.port)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.is_success:
            if contestant.answer:
                _compare(contestant, answer.content)
            return
        said = answer.text  # some listen before their model is loaded
        time.sleep(0.05)
    raise RuntimeError(f"{contestant.name} did not start:\n{server.output.read_text()}\n{said}")


def _ask(contestant: Contestant, port: int) -> httpx.Response:
    url = f"http://127.0.0.1:{port}{contestant.path}"
    return httpx.post(url, content=contestant.body, headers={"Content-Type": "application/json"}, timeout=60)


def _compare(contestant: Contestant, content: bytes) -> None:
    found = json.loads(content)
    for part in contestant.answer:
        found = found[part]
    if abs(found - engines_answer()) > _CLOSE * abs(engines_answer()):
        raise RuntimeError(f"{contestant.name} answers {found}, the engine {engines_answer()}")


def _filled(text: str, names: dict[str, int]) -> str:
    for name, port in names.items():
        text = text.replace("{" + name + "}", str(port))
    return text


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and kill what it leaves behind: some servers outlive the program that started them."""
    family = descendants(process.pid)
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid, began in family.items():
        if runs(pid, began):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + _STOP_SECONDS
    while any(runs(pid, began) for pid, began in family.items()) and time.monotonic() < end:
        time.sleep(0.01)


def runs(pid: int, began: str) -> bool:
    """Whether the process that began then is there and no zombie."""
    fields = _stat(pid)
    return bool(fields) and fields[19] == began and fields[0] != "Z"


def descendants(pid: int) -> dict[int, str]:
    """Every process below ``pid`` with the time that it began, which tells it from a later one of the same number."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: dict[int, str] = {}
    below = list(children.get(pid, []))
    while below:
        child = below.pop()
        found[child] = _began(child)
        below.extend(children.get(child, []))
    return found


def _began(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if fields else ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent ...; none for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
