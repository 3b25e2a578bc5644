"""What the process that measures coverage must not hold."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Collects all tests, as `coverage run -m pytest` does, and tells how that ended and whether greenlets came with it.
COLLECT = """
import sys, coverage, pytest
measured = coverage.Coverage(data_file=None, config_file=False)
measured.start()
code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests"])
measured.stop()
print("collected", int(code), "greenlet" in sys.modules)
"""


@pytest.mark.slow
def test_the_page_s_tests_bring_no_greenlet_into_the_process_that_measures_coverage() -> None:
    done = subprocess.run([sys.executable, "-c", COLLECT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"collected {int(pytest.ExitCode.OK)} False", done.stdout[-2000:]
    assert "tests/page/" not in done.stdout
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
    assert configured["concurrency"] == ["thread"]


@pytest.mark.slow
def test_without_coverage_the_page_s_tests_are_there() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/page"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tests/page/test_page.py::test_every_view_is_accessible_in_light_and_dark" in done.stdout
