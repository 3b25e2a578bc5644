"""The documents promise only what really happens: examples, tables, links, commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.docs.documents import BLOCKS, DOCUMENTS, ROOT, Example, block, examples, first_clause, run
from tests.serving import Process

# What no two runs share.
_CHANGING = {"request_id", "id", "time", "created", "duration_us", "next"}
EXAMPLES = [(document, example) for document in DOCUMENTS for example in examples(document)]
LINKED = [*DOCUMENTS, *(ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
LINKED += sorted((ROOT / "docker").rglob("*.md"))
LINKS = [
    (document, target)
    for document in LINKED
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", document.read_text())
]
COMMANDS = sorted(
    {
        tuple(command.split())
        for document in LINKED
        for command in re.findall(
            r"(?m)(?:^|`)((?:make|python3? -m) [a-z][\w.-]*(?: [a-z][\w-]*)?)", document.read_text()
        )
    }
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, str]]:
    """A service for each document that shows one, which is asked its questions in order."""
    running: list[Process] = []
    found = {}
    for document in DOCUMENTS:
        if examples(document):
            running.append(Process(tmp_path_factory.mktemp(document.stem), measured=False))
            running[-1].wait_until_ready()
            found[document] = str(running[-1].client.base_url)
    yield found
    for process in running:
        process.stop()


@pytest.mark.parametrize(
    ("document", "example"),
    EXAMPLES,
    ids=[f"{document.name}: {example.command[:50]}" for document, example in EXAMPLES],
)
def test_an_example_answers_what_is_shown(document: Path, example: Example, servers: dict[Path, str]) -> None:
    shown, answered = json.loads(example.output), json.loads(run(example.command, servers[document]))
    _assert_alike(shown, answered, "answer")


def test_the_api_has_an_example_for_each_computing_endpoint() -> None:
    commands = " ".join(example.command for example in examples(ROOT / "docs" / "api.md"))
    assert all(f"/{name}" in commands for name in ("predict", "compare", "forecast", "backtest", "inspect"))


@pytest.mark.parametrize("name", BLOCKS)
def test_a_generated_block_is_what_would_be_written_now(name: str) -> None:
    written = [text for document in DOCUMENTS if (text := block(document, name)) is not None]
    assert written == [BLOCKS[name]()], "run `make docs`"


@pytest.mark.parametrize(("document", "target"), LINKS, ids=[f"{d.name}: {target}" for d, target in LINKS])
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    linked = document.parent / path if path else document
    assert linked.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_exists(command: tuple[str, ...]) -> None:
    if command[0] == "make":
        assert re.search(rf"^{command[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    module, *rest = command[2:]
    assert find_spec(module) is not None
    if rest and module in ("service", "training", "benchmarks.accuracy"):
        with pytest.raises(SystemExit, match=r"^0$"):
            import_module(f"{module}.__main__").main([*rest, "--help"])


def test_the_readme_is_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 10_000


@pytest.mark.parametrize("top", ["service", "training", "benchmarks"])
def test_every_module_says_in_half_a_line_what_it_is_for(top: str) -> None:
    files = [file for file in (ROOT / top).rglob("*.py") if "versions" not in file.parts]
    told = {file.relative_to(ROOT).as_posix(): first_clause(file) for file in files}
    assert [name for name, text in told.items() if not 10 <= len(text) <= 160] == []


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
