"""The table of what must not break the service names a test for each row, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("README.md")
TESTS = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.read_text().partition("## Measured")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| row ")
]


def test_no_row_of_the_table_was_lost() -> None:
    assert len(ROWS) >= 35


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_names_tests_that_exist(row: list[str]) -> None:
    assert len(row) == 3
    assert all(row)
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row[2])
    assert named
    for file, name in named:
        assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(), re.MULTILINE), f"{file}::{name}"
