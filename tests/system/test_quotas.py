"""One quota over several workers, counted in Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.__main__ import main
from tests.conftest import MODELS
from tests.raw import exchange, http
from tests.serving import Process, free_port

pytestmark = pytest.mark.system
PREDICT = http("POST", "/predict", b'{"model": "linear-gru", "sequence": [1, 2, 3, 4]}')


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail("redis-server is missing")
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    port = free_port()
    arguments = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with (tmp_path / "redis.txt").open("wb") as output, subprocess.Popen(arguments, stdout=output) as process:
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


def test_a_quota_in_redis_is_exact_over_several_workers(tmp_path: Path, redis: str) -> None:
    flags = ("--models-dir", str(MODELS), "--workers", "2", "--quota", "100/hour", "--quota-url", redis)
    with Process(tmp_path, *flags) as service:
        service.wait_until_ready()
        with ThreadPoolExecutor(16) as threads:
            statuses = list(threads.map(lambda _: exchange(service.port, PREDICT).status, range(300)))
    assert (statuses.count(200), statuses.count(429)) == (100, 200)


def test_several_workers_with_a_quota_each_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--workers", "2", "--quota", "1/minute"])
    assert "--quota-url" in capsys.readouterr().err
