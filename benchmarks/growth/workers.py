"""What further workers bring on two cores that they share with the load generator, and how fair their waits are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from statistics import median
from typing import Any

from benchmarks.contestants import OURS
from benchmarks.drive import drive, running
from benchmarks.race import Runs, standings
from benchmarks.results import stored

COUNTS = (1, 2, 4)
CONNECTIONS = 64
_CORES = "0,1"


def measure(*, rounds: int, seconds: int) -> dict[str, Any]:
    """1, 2 and 4 workers in turns, JSON-ready; nothing is pinned to a core of its own."""
    runs: Runs = defaultdict(list)
    for _ in range(rounds):
        for count in COUNTS:
            command = (*OURS.command, "--workers", str(count))
            with running(replace(OURS, name=str(count), command=command, cores=_CORES)) as port:
                drive(OURS, port, CONNECTIONS, 2, _CORES)
                runs[str(count), CONNECTIONS].append(drive(OURS, port, CONNECTIONS, seconds, _CORES))
    return {
        "ratios": {each.name: [each.ratio, each.least, each.most] for each in standings(runs, "1")},
        "tails": {name: median(run.p99 / run.p50 for run in measured) for (name, _), measured in runs.items()},
        "load_cores": {name: median(run.load_cores for run in measured) for (name, _), measured in runs.items()},
        "runs": stored(runs),
    }
