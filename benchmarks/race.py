"""Contestants in turn, round after round, and what each reached beside the first of them. Writes no file."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.contestants import RUNS, Contestant
from benchmarks.drive import Measured, drive, running

Runs = dict[tuple[str, int], list[Measured]]  # by contestant and number of connections, one entry a round
_WARM_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """One contestant at one number of connections, all rounds together.

    ``ratio`` is the median of its rates over the baseline's of the same round, between ``least`` and ``most``; rates
    are answers per second, latencies seconds, ``failed`` the answers of all rounds that were no success.
    """

    name: str
    connections: int
    ratio: float
    least: float
    most: float
    rate: float
    p50: float
    p99: float
    failed: int


def race(
    contestants: Sequence[Contestant], *, rounds: int, seconds: int, connections: Sequence[int], folder: Path = RUNS
) -> Runs:
    """Every contestant in every round, so that what slows the machine for a while slows all of them.

    Each works in a folder of its own within ``folder``.
    """
    runs: Runs = defaultdict(list)
    for turn in range(rounds):
        for contestant in contestants:
            with running(contestant, folder) as port:
                drive(contestant, port, max(connections), _WARM_SECONDS)
                for count in connections:
                    runs[contestant.name, count].append(drive(contestant, port, count, seconds))
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    return runs


def standings(runs: Runs, baseline: str) -> list[Standing]:
    """Everybody beside ``baseline``, in the order of ``runs``."""
    found = []
    for (name, connections), measured in runs.items():
        beside = runs[baseline, connections]
        ratios = [one.rate / other.rate for one, other in zip(measured, beside, strict=True)]
        found.append(
            Standing(
                name,
                connections,
                median(ratios),
                min(ratios),
                max(ratios),
                median(run.rate for run in measured),
                median(run.p50 for run in measured),
                median(run.p99 for run in measured),
                sum(run.failed for run in measured),
            )
        )
    return found
