"""``python -m benchmarks.guard``: that no change made the service much slower or larger, by ratios of the same minute.

Absolute times say nothing on a machine that others share; the ratio to FastAPI's empty endpoint, in turns, does. It
must reach a share of the published one: low enough for noise, high enough that half the speed is seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants import COMPARE, EMPTY, FORECAST, GENERAL, OURS, RUNS, UNNAMED, UNRECORDED
from benchmarks.drive import require_tools
from benchmarks.growth.start import start
from benchmarks.race import Standing, race, standings
from benchmarks.results import PUBLISHED, read, runs

SHARE = 0.6  # of the published ratio
TAIL_SHARE = 0.25  # of how even answers came: one stall of the machine within a second makes them far less so
ATTEMPTS = 3
WATCHED = (OURS, UNRECORDED, UNNAMED, COMPARE, FORECAST, GENERAL)
_CONNECTIONS = (16, 64)
# Where the record costs no disk: how fast that syncs is the machine's affair and no change's.
_MEMORY = Path("/dev/shm")  # noqa: S108

_TAIL = "p50 of p99"
# By what they are of; the more the better.
Ratios = Mapping[str, float]


class Verdict(NamedTuple):
    """The best ratio of the attempts so far beside the least that it must reach."""

    name: str
    ratio: float
    least: float

    @property
    def holds(self) -> bool:
        return self.ratio >= self.least


def judge(measured: Ratios, published: Ratios) -> list[Verdict]:
    """Everything that was measured and is published, beside the share that must be reached."""
    return [
        Verdict(name, ratio, (TAIL_SHARE if name.startswith(_TAIL) else SHARE) * published[name])
        for name, ratio in measured.items()
        if name in published
    ]


def guard(measure: Callable[[Collection[str]], Ratios], published: Ratios) -> list[Verdict]:
    """The verdicts: the best of the attempts counts, since a neighbour can only slow an attempt down.

    ``measure`` is told what fell short until then, nothing at first, and need not measure the rest.

    Raises:
        RuntimeError: nothing that was measured is published.
    """
    best: dict[str, Verdict] = {}
    short: list[str] = []
    for _ in range(ATTEMPTS):
        for verdict in judge(measure(short), published):
            if verdict.name not in best or verdict.ratio > best[verdict.name].ratio:
                best[verdict.name] = verdict
        if not best:
            raise RuntimeError("none of the contestants that are watched is among the published results")
        short = [name for name, verdict in best.items() if not verdict.holds]
        if not short:
            break
    return list(best.values())


def ratios(found: Iterable[Standing]) -> Ratios:
    """What is watched of a race: rates beside the empty endpoint's, the record's cost, and how even answers come."""
    by_place = {(each.name, each.connections): each for each in found if each.name != EMPTY.name}
    watched = {f"{name}, {connections} connections": each.ratio for (name, connections), each in by_place.items()}
    for connections in sorted({each.connections for each in by_place.values()}):
        ours, bare = (by_place.get((each.name, connections)) for each in (OURS, UNRECORDED))
        if ours is not None and bare is not None:
            watched[f"with the record, of the rate without, {connections} connections"] = ours.ratio / bare.ratio
        if ours is not None:
            watched[f"{_TAIL}, {connections} connections"] = ours.p50 / ours.p99
    return watched


def started(seconds: float, resident: float, empty_seconds: float, empty_resident: float) -> Ratios:
    """How soon a service is there, and how large it is, beside the empty endpoint."""
    return {"seconds to ready": empty_seconds / seconds, "memory": empty_resident / resident}


def main() -> None:
    """Print what was seen; exit 1 where a ratio is too low."""
    require_tools()
    bench, growth = read(PUBLISHED / "bench.json"), read(PUBLISHED / "growth.json")
    part = growth["start"]
    published = {
        **ratios(standings(runs(bench["runs"]), bench["baseline"])),
        **started(part["seconds"]["kept"], part["resident"], part["seconds"]["empty"], part["empty"]),
    }
    verdicts = guard(_measure, published)
    for verdict in verdicts:
        word = "holds" if verdict.holds else "TOO SLOW"
        print(f"{word}: {verdict.name}: {verdict.ratio:.2f}, at least {verdict.least:.2f}")
    if not all(verdict.holds for verdict in verdicts):
        sys.exit(1)


def _measure(short: Collection[str]) -> Ratios:
    folder = _MEMORY if _MEMORY.is_dir() else RUNS
    # What the record costs and how even answers come are of the first two.
    again = [each for each in WATCHED[2:] if not short or any(name.startswith(each.name) for name in short)]
    contestants = [EMPTY, *WATCHED[:2], *again]
    measured = race(contestants, rounds=1, seconds=1, connections=_CONNECTIONS, folder=folder)
    return {**ratios(standings(measured, EMPTY.name)), **started(*start(OURS), *start(EMPTY))}


if __name__ == "__main__":
    main()
