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
# Each of several workers gathers fewer requests than one alone; with many clients all gather as many as they can use.
CONNECTIONS = (64, 256)
_CORES = "0,1"


def measure(*, rounds: int, seconds: int) -> dict[str, Any]:
    """1, 2 and 4 workers in turns, by number of connections, JSON-ready; nothing is pinned to a core of its own."""
    runs: Runs = defaultdict(list)
    for _ in range(rounds):
        for count in COUNTS:
            command = (*OURS.command, "--workers", str(count))
            with running(replace(OURS, name=str(count), command=command, cores=_CORES)) as port:
                for connections in CONNECTIONS:
                    drive(OURS, port, connections, 2, _CORES)
                    runs[str(count), connections].append(drive(OURS, port, connections, seconds, _CORES))
    return {str(connections): _beside_one(runs, connections) for connections in CONNECTIONS} | {"runs": stored(runs)}


def _beside_one(runs: Runs, connections: int) -> dict[str, Any]:
    part = {name: measured for (name, asked), measured in runs.items() if asked == connections}
    found = standings({(name, connections): measured for name, measured in part.items()}, "1")
    return {
        "ratios": {each.name: [each.ratio, each.least, each.most] for each in found},
        "tails": {name: median(run.p99 / run.p50 for run in measured) for name, measured in part.items()},
        "load_cores": {name: median(run.load_cores for run in measured) for name, measured in part.items()},
    }
