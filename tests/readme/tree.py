"""The README's file tree, half a line a file, from the files' own first lines."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What is no Python module of its own, or has nothing to add to its folder.
_SKIPPED = {"__init__.py"}
_OTHERS = {
    "service/page": "The playground's files",
    "models": "<name>/<version>/: model.keras, model.onnx, card.json, golden.json, two plots; runs/",
    "tests": "Mirrors the tree; contract/, end_to_end/, hardening/, readme/ and system/ beside it",
    "benchmarks": "What a prediction costs, beside others",
    "requirements": "Locked versions with hashes, written by `make lock`",
    "docker": "Image, compose files and Kubernetes manifests",
}


def tree() -> str:
    """The tree as a fenced block."""
    lines: list[str] = []
    for top in ("service", "training"):
        _folder(ROOT / top, 0, lines)
    lines += [_line(f"{name}/", text, 0) for name, text in _OTHERS.items() if "/" not in name]
    return "```\n" + "\n".join(lines) + "\n```\n"


def _folder(folder: Path, depth: int, lines: list[str]) -> None:
    lines.append(_line(f"{folder.name}/", _first_clause(folder / "__init__.py"), depth))
    files = [path for path in sorted(folder.glob("*.py")) if path.name not in _SKIPPED]
    lines += [_line(path.name, _first_clause(path), depth + 1) for path in files]
    for path in sorted(each for each in folder.iterdir() if each.is_dir()):
        name = path.relative_to(ROOT).as_posix()
        if name in _OTHERS:
            lines.append(_line(f"{path.name}/", _OTHERS[name], depth + 1))
        elif (path / "__init__.py").exists() and path.name != "migrations":
            _folder(path, depth + 1, lines)


def _line(name: str, text: str, depth: int) -> str:
    return f"{'  ' * depth}{name}".ljust(26) + text


def _first_clause(path: Path) -> str:
    text = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
    found = re.search(r"^.{10,}?(?=[.;](\s|$))", text)
    return (found.group() if found else text).replace("``", "`")
