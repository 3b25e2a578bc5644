"""What is generated in the README and in docs/: examples, the table of settings, the map of folders.

``python -m tests.docs.documents`` (``make docs``) asks a real server and writes what it answers.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from service.cards import Score
from service.folders import read_folder
from service.settings import Settings
from tests.serving import Process
from training.drawing import recipes as drawing
from training.markdown import table
from training.text import recipes as writing

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "README.ko.md", *sorted((ROOT / "docs").glob("*.md"))]
_CONSOLE = re.compile(r"```console\n\$ (?P<command>.+)\n(?P<output>(?:.*\n)*?)```\n")
_OTHER_ROOMS = {
    "service/page": "The playground's files, sent as they lie",
    "service/request_log/migrations": "The log's schema, from each version to the next",
    "models": "One folder a model and version: model.keras, model.onnx, card.json, golden.json, plots",
    "docker": "Image, compose files, nginx, Kubernetes manifests",
    "docs": "What a reader wants to know after the README",
    "requirements": "Locked versions with hashes, written by `make lock`",
    "tests": "Mirrors the rooms; besides: contract, end_to_end, hardening, system, containers, page, docs",
}


class Example(NamedTuple):
    """A command as a document shows it, and the output shown beneath."""

    command: str
    output: str


def examples(document: Path) -> list[Example]:
    """Every console example of ``document``, in order."""
    return [Example(*found.groups()) for found in _CONSOLE.finditer(document.read_text())]


def run(command: str, base_url: str) -> str:
    """What ``command`` prints when its localhost:8000 is the server at ``base_url``."""
    here = command.replace("http://localhost:8000", base_url).replace("localhost:8000", base_url)
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.rstrip("\n") + "\n"


def settings_table() -> str:
    """A Markdown table of every setting."""
    rows = ["| variable | flag | default | what it does |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else f"`{field.default}`"
        flag = "--" + name.replace("_", "-")
        rows.append(f"| `UNROLL_{name.upper()}` | `{flag}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def rooms() -> str:
    """The folders, half a line each, from their packages' own first lines."""
    packages = [
        file.parent for top in ("service", "training", "benchmarks") for file in (ROOT / top).rglob("__init__.py")
    ]
    told = {folder.relative_to(ROOT).as_posix(): first_clause(folder / "__init__.py") for folder in packages}
    told |= _OTHER_ROOMS
    rows = [f"| `{name}/` | {text} |" for name, text in sorted(told.items()) if "/versions" not in name]
    return "\n".join(["| folder | what it is for |", "|---|---|", *rows]) + "\n"


def first_clause(path: Path) -> str:
    """What a module says it is for, up to its first full stop or semicolon."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
    found = re.search(r"^.{10,}?(?=[.;](\s|$))", text)
    return (found.group() if found else text).replace("``", "`")


def miniatures() -> str:
    """The published models that write or draw: their errors beside those of the rules, and what training them took."""
    cards = [read_folder(ROOT / "models" / name / "1").card for name in sorted({**writing.RECIPES, **drawing.RECIPES})]
    rows = []
    for card in cards:
        about = (f"`{card.name}`", f"{card.parameters:,}", f"{card.training.seconds:.0f}")
        for test in card.evaluations:
            rules = ", ".join(f"{name} {_error(rule, test.unit)}" for name, rule in test.rules.items())
            rows.append((*about, test.name, _error(test.model, test.unit), rules))
            about = ("", "", "")
    rows.append(("together", "", f"{sum(card.training.seconds for card in cards):,.0f}", "", "", ""))
    return table(("model", "weights", "trained in, seconds", "test", "error", "of the rules"), rows) + "\n"


def _error(score: Score, unit: str) -> str:
    """A share of wrong answers, or the mean squared error of a pixel."""
    return f"{100 * score.mse:.3g} %" if "wrong" in unit else f"MSE {score.mse:.4f}"


BLOCKS = {"settings": settings_table, "rooms": rooms, "miniatures": miniatures}


def block(document: Path, name: str) -> str | None:
    """What stands between the marks of that name."""
    found = re.search(f"<!-- {name}:begin -->\n(.*?)<!-- {name}:end -->", document.read_text(), re.DOTALL)
    return None if found is None else found[1]


def rewrite(document: Path, base_url: str) -> None:
    """Write what the server at ``base_url`` answers under each example of ``document``, and its generated blocks."""
    text = _CONSOLE.sub(lambda found: f"```console\n$ {found[1]}\n{run(found[1], base_url)}```\n", document.read_text())
    for name, made in BLOCKS.items():
        text = re.sub(
            f"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)",
            lambda found, made=made: found[1] + made() + found[2],
            text,
            flags=re.DOTALL,
        )
    document.write_text(text)


if __name__ == "__main__":
    for each in DOCUMENTS:
        with tempfile.TemporaryDirectory() as folder, Process(Path(folder)) as server:
            server.wait_until_ready()
            rewrite(each, str(server.client.base_url))
