"""``python -m benchmarks.guard``: that no change made the service much slower, by ratios of the same minute.

Absolute times say nothing on a machine that others share; the ratio to FastAPI's empty endpoint, in turns, does. It
must reach a share of the published one: low enough for noise, high enough that half the speed is seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants import COMPARE, EMPTY, FORECAST, OURS, RUNS
from benchmarks.drive import require_tools
from benchmarks.race import Standing, race, standings
from benchmarks.results import PUBLISHED, read, runs

SHARE = 0.6  # of the published ratio
ATTEMPTS = 2
WATCHED = (OURS, COMPARE, FORECAST)
_CONNECTIONS = (16, 64)
# Where the record costs no disk: how fast that syncs is the machine's affair and no change's.
_MEMORY = Path("/dev/shm")  # noqa: S108

Measure = Callable[[], list[Standing]]


class Verdict(NamedTuple):
    """A contestant's best ratio of the attempts so far beside the least that it must reach."""

    name: str
    connections: int
    ratio: float
    least: float

    @property
    def holds(self) -> bool:
        return self.ratio >= self.least


def judge(measured: Iterable[Standing], published: Iterable[Standing]) -> list[Verdict]:
    """Everybody who was measured and is published, beside the share that must be reached."""
    bounds = {(each.name, each.connections): SHARE * each.ratio for each in published}
    return [
        Verdict(each.name, each.connections, each.ratio, bounds[each.name, each.connections])
        for each in measured
        if (each.name, each.connections) in bounds and each.name != EMPTY.name
    ]


def guard(measure: Measure, published: list[Standing]) -> list[Verdict]:
    """The verdicts: the best of the attempts counts, since a neighbour can only slow an attempt down.

    Raises:
        RuntimeError: nothing that was measured is published.
    """
    best: dict[tuple[str, int], Verdict] = {}
    for _ in range(ATTEMPTS):
        for verdict in judge(measure(), published):
            key = verdict.name, verdict.connections
            if key not in best or verdict.ratio > best[key].ratio:
                best[key] = verdict
        if not best:
            raise RuntimeError("none of the contestants that are watched is among the published results")
        if all(verdict.holds for verdict in best.values()):
            break
    return list(best.values())


def main() -> None:
    """Print what was seen; exit 1 where a ratio is too low."""
    require_tools()
    content = read(PUBLISHED / "bench.json")
    verdicts = guard(_measure, standings(runs(content["runs"]), content["baseline"]))
    for verdict in verdicts:
        word = "holds" if verdict.holds else "TOO SLOW"
        where = f"{verdict.name}, {verdict.connections} connections"
        print(f"{word}: {where}: {verdict.ratio:.2f}, at least {verdict.least:.2f}")
    if not all(verdict.holds for verdict in verdicts):
        sys.exit(1)


def _measure() -> list[Standing]:
    folder = _MEMORY if _MEMORY.is_dir() else RUNS
    measured = race([EMPTY, *WATCHED], rounds=1, seconds=1, connections=_CONNECTIONS, folder=folder)
    return standings(measured, EMPTY.name)


if __name__ == "__main__":
    main()
