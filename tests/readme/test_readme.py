"""The README promises only what really happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.readme.examples import README, Example, examples, run, settings_table
from tests.readme.tree import tree
from tests.serving import Process

# What no two runs share.
_CHANGING = {"request_id", "id", "time", "duration_us", "next"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a service that was started as the README says and asked the README's questions in order."""
    with Process(tmp_path_factory.mktemp("readme")) as process:
        process.wait_until_ready()
        yield str(process.client.base_url)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.command[:60])
def test_an_example_answers_what_the_readme_shows(example: Example, server: str) -> None:
    shown, answered = json.loads(example.output), json.loads(run(example.command, server))
    _assert_alike(shown, answered, "answer")


def test_the_readme_has_an_example_for_each_computing_endpoint() -> None:
    commands = " ".join(example.command for example in examples())
    assert all(f"/{name}" in commands for name in ("predict", "compare", "forecast", "backtest", "inspect"))


def test_the_settings_table_is_that_of_the_settings() -> None:
    assert settings_table() in README.read_text(), "run `make readme`"


def test_the_tree_names_every_file_by_its_first_line() -> None:
    assert tree() in README.read_text(), "run `make readme`"


def _assert_alike(shown: Any, answered: Any, where: str) -> None:
    """Equal but for what changes with each run; numbers to 1e-4 of their size, since processors round differently."""
    if isinstance(shown, dict):
        assert shown.keys() == answered.keys(), where
        for key in shown.keys() - _CHANGING:
            _assert_alike(shown[key], answered[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert len(shown) == len(answered), where
        for index, (one, other) in enumerate(zip(shown, answered, strict=True)):
            _assert_alike(one, other, f"{where}.{index}")
    elif isinstance(shown, float):
        assert answered == pytest.approx(shown, rel=1e-4, abs=1e-5), where
    else:
        assert shown == answered, where
