"""Each setting says its default and consequence in one place, and everything that shows settings shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import Settings

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
FIELDS = Settings.model_fields


@pytest.fixture(scope="module")
def help_text() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service", "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    )
    return done.stdout


@pytest.fixture(scope="module")
def table() -> str:
    found = re.search(r"<!-- settings:begin -->(.*)<!-- settings:end -->", OPERATING.read_text(), re.DOTALL)
    assert found, "docs/operating.md has no settings table"
    return found[1]


@pytest.mark.parametrize("name", FIELDS)
def test_each_setting_has_a_default_and_says_what_it_does(name: str) -> None:
    field = FIELDS[name]
    assert not field.is_required()
    assert field.description
    assert len(field.description) >= 20
    assert field.description.endswith(".")


@pytest.mark.parametrize("name", FIELDS)
def test_the_help_names_each_flag_and_its_variable(help_text: str, name: str) -> None:
    assert f"--{name.replace('_', '-')} " in help_text
    assert f"UNROLL_{name.upper()}" in help_text


@pytest.mark.parametrize("name", FIELDS)
def test_the_document_has_each_setting(table: str, name: str) -> None:
    assert f"UNROLL_{name.upper()}`" in table


def test_the_document_has_no_setting_that_is_not_there(table: str) -> None:
    documented = set(re.findall(r"UNROLL_([A-Z_]+)`", table))
    assert documented <= {name.upper() for name in FIELDS}


def test_importing_the_service_reads_no_setting() -> None:
    script = "import sys, service.app, service.__main__; print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"UNROLL_PORT": "not a port"}
    )
    assert done.stdout == "False\n"
