"""Measurements as JSON files: what `report` reads is what was measured. Knows no Markdown."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.drive import Measured
from benchmarks.race import Runs

PUBLISHED = Path(__file__).parent / "results"  # what the documents show


def write(file: Path, content: dict[str, Any]) -> None:
    """``content`` as JSON, its folder made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n")


def read(file: Path) -> dict[str, Any]:
    """What :func:`write` wrote."""
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def stored(runs: Runs) -> list[dict[str, Any]]:
    """``runs`` as JSON can hold them."""
    return [
        {"name": name, "connections": connections, "rounds": [asdict(each) for each in measured]}
        for (name, connections), measured in runs.items()
    ]


def runs(rows: list[dict[str, Any]]) -> Runs:
    """What :func:`stored` was given."""
    found: Runs = defaultdict(list)
    for row in rows:
        found[row["name"], row["connections"]] = [Measured(**each) for each in row["rounds"]]
    return found
