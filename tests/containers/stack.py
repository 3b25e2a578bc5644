"""A compose project of its own: start it, ask it, break it, throw it away. Knows no test."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from tests.serving import free_port

ROOT = Path(__file__).parents[2]
BASE = ROOT / "docker" / "compose.yaml"
SCALE = ROOT / "docker" / "compose.scale.yaml"

ENGINE = shlex.split(os.environ.get("ENGINE", "docker"))
COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker compose"))

_BUILD_SECONDS = 1800
_READY_SECONDS = 90


def engine(*arguments: str) -> str:
    """What the engine prints; its complaint as an assertion when it fails."""
    return _output([*ENGINE, *arguments], None)


def inspect(kind: str, name: str) -> dict[str, Any]:
    """What the engine knows of an image or a container."""
    found: dict[str, Any] = json.loads(engine(kind, "inspect", name))[0]
    return found


def has_image(name: str) -> bool:
    """Whether an image is here, fetched where it was not."""
    return any(
        subprocess.run([*ENGINE, *command, name], capture_output=True, timeout=_BUILD_SECONDS, check=False).returncode
        == 0
        for command in (("image", "inspect"), ("pull", "--quiet"))
    )


class Stack:
    """One project; its volumes, password and port are its own, so it disturbs no stack of the machine's owner."""

    def __init__(self, name: str, *files: Path) -> None:
        self.project = f"unroll-test-{name}"
        self.port = free_port()
        self.passwords = {name: secrets.token_hex(16) for name in ("POSTGRES_PASSWORD", "UNROLL_DATABASE_PASSWORD")}
        self.key = ""
        self.environment: dict[str, str] = {}  # what the compose files take besides
        self._files = [argument for file in files for argument in ("-f", str(file))]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def compose(self, *arguments: str, **environment: str) -> str:
        own = {"UNROLL_PORT": str(self.port), **self.passwords, **self.environment, **environment}
        return _output([*COMPOSE, "-p", self.project, *self._files, *arguments], {**os.environ, **own})

    def tool(self, name: str, *arguments: str, **environment: str) -> str:
        """What a one-shot service prints. Docker would activate its profile by itself, others want it named."""
        return self.compose("--profile", "tools", "run", "--rm", "-T", name, *arguments, **environment)

    def up(self) -> None:
        """Make a key where there is none, start everything and wait until it answers."""
        if not self.key:
            self.key = self.tool("key").split()[-1]
            self.client.headers["X-API-Key"] = self.key
        self.compose("up", "--detach")
        for database in self.containers("database"):
            self.make_role(database)
        self.wait_until_ready()

    def make_role(self, database: str) -> None:
        """What PostgreSQL's image does by itself on a new volume, for engines whose stand-in of it does not."""
        script = (
            "export PGPASSWORD=$POSTGRES_PASSWORD; until pg_isready -qh localhost; do sleep 0.2; done; "
            "psql -qh localhost -U postgres -f /docker-entrypoint-initdb.d/role.sql"
        )
        engine("exec", database, "sh", "-c", script)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        status: object = None
        while time.monotonic() < deadline:
            try:
                status = self.client.get("/health/ready").status_code
            except httpx.TransportError as error:
                status = error
            if status == httpx.codes.OK:
                return
            time.sleep(0.2)  # between two looks at what starts by itself
        raise AssertionError(f"{self.project} is not ready: {status}\n" + "\n".join(self._logs()))

    def containers(self, service: str) -> list[str]:
        """The names of a service's containers, running or not, in their order."""
        mine = [f"--filter=label=com.docker.compose.{key}" for key in (f"project={self.project}", f"service={service}")]
        return sorted(engine("ps", "--all", "--format={{.Names}}", *mine).split())

    def recorded(self) -> dict[str, dict[str, Any]]:
        """Every row of the request log by its id."""
        with self.client.stream("GET", "/requests/export", params={"format": "jsonl"}) as answer:
            assert answer.status_code == httpx.codes.OK, answer.read()
            rows = [json.loads(line) for line in answer.iter_lines() if line]
        assert len({row["id"] for row in rows}) == len(rows)
        return {row["id"]: row for row in rows}

    def _logs(self) -> list[str]:
        names = [name for service in ("gateway", "service", "database") for name in self.containers(service)]
        return [f"--- {name}\n{engine('logs', '--tail=30', name)}" for name in names]

    def remove(self) -> None:
        """Containers, networks and volumes."""
        self.compose("--profile", "tools", "--profile", "monitoring", "down", "--volumes")

    def __enter__(self) -> Stack:
        self.remove()  # what a run that was broken off may have left
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.remove()


def _output(command: list[str], environment: dict[str, str] | None) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False, cwd=ROOT
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout
