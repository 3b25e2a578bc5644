"""nginx with the configuration of docker/nginx, on a free port, before whatever replicas a test has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.serving import free_port

CONFIGURATION = Path(__file__).parents[1] / "docker" / "nginx" / "nginx.conf"


@contextmanager
def gateway(folder: Path, *replicas: int) -> Iterator[httpx.Client]:
    """A client of nginx before the replicas at those ports; it writes into ``folder`` only.

    Skips where there is no nginx, and fails where UNROLL_REQUIRE_TOOLS is set.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        message = "no nginx: install Debian's package nginx-light"
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)
    port = free_port()
    (folder / "replicas.conf").write_text("".join(f"server 127.0.0.1:{each} max_fails=0;\n" for each in replicas))
    (folder / "body").mkdir()
    text = CONFIGURATION.read_text()
    for theirs, ours in (
        ("listen 8080 reuseport", f"listen 127.0.0.1:{port}"),
        ("/tmp/", f"{folder}/"),  # noqa: S108
        ("/var/body", f"{folder}/body"),
        ("worker_processes auto", "worker_processes 1"),
        ("/dev/stderr", f"{folder}/error.log"),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)
    if os.geteuid() == 0:
        text = "user root;\n" + text  # else its worker is nobody, who may not enter the folder
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    process = subprocess.Popen(
        [program, "-e", str(folder / "error.log"), "-c", str(configuration), "-g", "daemon off;"]
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            _wait(client, process, folder / "error.log")
            yield client
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1000):
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/gateway/live").is_success:
                return
        except httpx.TransportError:
            pass  # nobody listens yet
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"nginx does not listen: {log.read_text()}")
