"""The lecture's notebooks run from nothing to their end, and say the same in both languages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = ("lecture.ipynb", "lecture.ko.ipynb")


def cells(name: str, kind: str) -> list[str]:
    notebook: dict[str, Any] = json.loads((DOCS / name).read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_both_languages_run_the_same() -> None:
    english, korean = (cells(name, "code") for name in NOTEBOOKS)
    assert english == korean
    assert [text.count("\n## ") for text in cells(NOTEBOOKS[0], "markdown")] == [
        text.count("\n## ") for text in cells(NOTEBOOKS[1], "markdown")
    ]


@pytest.mark.system
@pytest.mark.tensorflow
def test_the_notebook_runs_from_nothing_to_its_end(tmp_path: Path) -> None:
    """As a kernel runs it: cell after cell, in a process that has the package and a folder of its own."""
    script = tmp_path / "lecture.py"
    script.write_text("\n\n".join(cells(NOTEBOOKS[0], "code")))
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": str(DOCS.parent)}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout
    for count in ("461", "66,305", "8,297", "131", "491", "401"):
        assert f"{count} parameters (slide: {count})" in " ".join(said.split())
    assert "the slide's GRU: 371" in said
    assert "2026년 11월 3일 -> 2026-11-03" in said
    assert said.count("english") >= 10  # LSTM and GRU, at five distances
