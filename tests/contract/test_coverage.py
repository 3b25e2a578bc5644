"""What the process that measures coverage must not hold."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from coverage import Coverage

from tests.serving import unmeasured

ROOT = Path(__file__).parents[2]


def test_the_process_that_measures_coverage_holds_no_greenlet() -> None:
    """By now every test is collected, so whatever imports greenlet has done so."""
    assert Coverage.current() is None or "greenlet" not in sys.modules
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
    assert configured["concurrency"] == ["thread"]


@pytest.mark.slow
def test_without_coverage_the_page_s_tests_are_there() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/page"],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tests/page/test_page.py::test_every_view_is_accessible_in_light_and_dark" in done.stdout
