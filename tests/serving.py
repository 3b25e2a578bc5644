"""Services to test against: one in a thread of this process, or a real one in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.request_log.migrate import migrate
from service.settings import Settings

# Until a test gives up on a process: far more than it takes, on a machine that is busy with other things too.
_READY_SECONDS = 180


@contextmanager
def in_thread(app: FastAPI | None = None, **settings: Any) -> Iterator[httpx.Client]:
    """A client of ``app``, or of the application with ``settings``; its requests wait until it is up."""
    configured = Settings(**settings)
    migrate(configured.database_url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app or create_app(configured), http="httptools", lifespan="on", log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=120) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


class Process:
    """``python -m service`` on a free port, its terminal output in a file."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        environment: dict[str, str] | None = None,
        program: tuple[str, ...] = ("-m", "service"),
        measured: bool = True,
    ) -> None:
        """``program`` is what Python runs, for tests that need a service with a fault.

        ``measured`` tells whether its coverage is, which makes its start half as long again.
        """
        self.port = free_port()
        self.database = folder / "unroll.db"
        self.output = folder / "output.txt"
        self._started = time.perf_counter()
        arguments = ["--port", str(self.port), "--database-url", f"sqlite:///{self.database}", *flags]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *program, *arguments],
                cwd=folder,
                env={**(os.environ if measured else unmeasured()), **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=120)

    def wait_until_ready(self) -> float:
        """Seconds from the start of the process to the first ready answer."""
        while (passed := time.perf_counter() - self._started) < _READY_SECONDS:
            assert self.process.poll() is None, self.output.read_text()
            try:
                if self.client.get("/health/ready").status_code == httpx.codes.OK:
                    return time.perf_counter() - self._started
            except httpx.TransportError:
                time.sleep(0.01)  # between two looks at a port where nobody listens yet
        raise AssertionError(f"not ready after {passed:.0f} s: {self.output.read_text()}")

    def stop(self) -> int:
        """Exit code after SIGTERM."""
        self.client.close()
        self.process.terminate()
        return self.process.wait(timeout=120)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=120)


def unmeasured() -> dict[str, str]:
    """The environment of a program whose coverage is not measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def apart(service: Process) -> httpx.Client:
    """A client of ``service`` that opens a connection for each request, so that several workers take turns."""
    return httpx.Client(base_url=service.client.base_url, headers={"Connection": "close"}, timeout=120)


def children_of(pid: int) -> list[int]:
    """Processes that any thread of that one started and that are still there."""
    lists = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for child in " ".join(lists).split()]


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
