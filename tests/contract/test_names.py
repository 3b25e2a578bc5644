"""What the distribution is called: no text sends a reader to the index, where "unroll" is somebody else's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path

import pytest

from service import DISTRIBUTION
from service.errors import to_install

ROOT = Path(__file__).parents[2]
FOLDERS = ("service", "training", "tests", "benchmarks", "docker", "docs", "requirements", ".ci")
TEXTS = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".js", ".html", ".sh", ".ipynb", ""}
# By name, with or without extras, version and quotes, or the scheme of another installer.
FROM_THE_INDEX = re.compile(
    r"""(?:pip|pipx|uv|uvx|poetry)\b[^\n]*?\b(?:install|add|run|uvx)\b[^\n]*?[\s'"]unroll(?:-rnn)?(?=[\s'"\[=<>~!;)`,.]|$)"""
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def texts() -> Iterator[Path]:
    for place in (ROOT, *(ROOT / folder for folder in FOLDERS)):
        files = place.iterdir() if place == ROOT else place.rglob("*")
        yield from (
            file for file in files if file.is_file() and file.suffix in TEXTS and "__pycache__" not in file.parts
        )


@pytest.mark.parametrize(
    "text",
    [
        "pip install unroll",
        "pip install 'unroll[series]'",
        'python -m pip install --quiet "unroll[training,series]==1.0"',
        "uv pip install unroll-rnn",
        "pipx install unroll>=0.1",
        "(`pip install unroll`)",
    ],
)
def test_the_search_finds_a_way_to_a_strangers_package(text: str) -> None:
    assert FROM_THE_INDEX.search(text)


@pytest.mark.parametrize(
    "text",
    ["pip install .", "pip install '.[series]'", "pip install unroll_rnn-0.1.0-py3-none-any.whl", to_install("redis")],
)
def test_the_search_lets_the_clone_and_the_wheel_pass(text: str) -> None:
    assert not FROM_THE_INDEX.search(text)


def test_no_text_installs_a_strangers_package() -> None:
    here = Path(__file__)
    found = [
        f"{file.relative_to(ROOT)}: {hit[0]}"
        for file in texts()
        if file != here
        for hit in FROM_THE_INDEX.finditer(file.read_text(errors="ignore"))
    ]
    assert found == []


def test_the_distribution_is_unroll_rnn_and_its_command_unroll() -> None:
    assert PROJECT["name"] == DISTRIBUTION == metadata(DISTRIBUTION)["Name"] == "unroll-rnn"
    assert list(PROJECT["scripts"]) == ["unroll"]


def test_a_message_names_an_extra_that_exists() -> None:
    for extra in re.findall(
        r'to_install\("(\w+)"\)|to_install\(\'(\w+)\'\)',
        "\n".join(f.read_text() for f in (*(ROOT / "service").rglob("*.py"), *(ROOT / "training").rglob("*.py"))),
    ):
        assert "".join(extra) in PROJECT["optional-dependencies"]
