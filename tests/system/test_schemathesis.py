"""Every route, asked by schemathesis whatever its OpenAPI entry allows and much that it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import Process

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"


@pytest.mark.system
def test_every_route_keeps_to_its_openapi_entry_under_all_checks(tmp_path: Path) -> None:
    (models := tmp_path / "models").mkdir()  # where it may make some
    with Process(tmp_path, "--models-dir", str(models), "--log-durability", "process") as service:
        service.wait_until_ready()
        document = service.client.get("/openapi.json").json()
        operations = sum(len(item) for item in document["paths"].values())
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
        done = subprocess.run(
            [*command, f"{service.client.base_url}/openapi.json", "--checks", "all"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        assert f"Tested: {operations}" in done.stdout
        generated, passed = map(int, re.findall(r"(\d+) generated, (\d+) passed", done.stdout)[0])
        assert passed == generated > 1000
        assert service.process.poll() is None
