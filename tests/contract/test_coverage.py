"""What the process that measures coverage must not hold."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[2]


def test_the_process_that_measures_coverage_holds_no_greenlet() -> None:
    """By now every test is collected, so whatever imports greenlet has done so."""
    assert Coverage.current() is None or "greenlet" not in sys.modules
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
    assert configured["concurrency"] == ["thread"]
