"""`python -m training benchmark`: runs what is not yet on record, and writes the table of all that is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from training import jobs
from training.classic import report
from training.classic.published import TASKS
from training.classic.settings import Addition, Ran, Setting
from training.jobs import Job
from training.markdown import replaced
from training.terminal import written

BLOCK = "classic"


def run(options: argparse.Namespace, console: Console) -> int:
    """Each run is on record as soon as it is done, so that whoever stops this loses one run at the most."""
    record, document = Path(options.record), Path(options.document)
    known = {(ran.label, ran.cell, ran.units, ran.seed) for ran in recorded(record)}
    missing = [
        (row.label, setting, seed)
        for row in TASKS[options.benchmark]
        if options.only is None or options.only in row.label
        for seed in range(options.seeds)
        for setting in row.settings
        if (row.label, setting.cell, setting.units, seed) not in known
    ]
    waiting = [
        Job(f"{label}, {setting.cell}, seed {seed}", run_and_record, (label, setting, seed, record))
        for label, setting, seed in missing
    ]
    jobs.run(waiting, options.jobs, console)
    text = replaced(document.read_text(), BLOCK, report.rendered(recorded(record)))
    if text is not None:
        document.write_text(text)
        written(console, document)
    return 0


def recorded(record: Path) -> list[Ran]:
    """All runs on record."""
    lines = record.read_text().splitlines() if record.exists() else []
    return [Ran(**json.loads(line)) for line in lines]


def run_and_record(
    label: str, setting: Setting | Addition, seed: int, record: Path, tell: Callable[[Any], None]
) -> None:
    """In a worker: run ``setting`` and put what came of it on record."""
    from training.classic import running

    ran = running.run(label, setting, seed, tell)
    with record.open("a") as file:
        file.write(json.dumps(asdict(ran)) + "\n")
