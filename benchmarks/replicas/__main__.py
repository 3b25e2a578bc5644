"""``python -m benchmarks.replicas``: 1, 2, 4 and 8 workers beside one, and how long the log's writers were at it.

A number of workers for which there are too few cores is skipped, and it is said.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx

from benchmarks.contestants import EMPTY, OURS, RUNS, Contestant
from benchmarks.drive import Measured, drive, require_tools, running
from benchmarks.machine import described
from benchmarks.replicas.room import Needed, Room, room_of
from benchmarks.results import write

COUNTS = (1, 2, 4, 8)
# For each worker, so that all gather as many requests as they can use.
_CONNECTIONS = 64
_WARM_SECONDS = 2
_COUNTER = r"^unroll_log_{}_total (\S+)$"


class Written(NamedTuple):
    """What the writers of all workers did meanwhile: rows, transactions, and seconds within them."""

    rows: float
    commits: float
    seconds: float


def main(arguments: list[str] | None = None) -> None:
    """Measure, store as JSON and print as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replicas", description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="of workers (default: 1 2 4 8)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="length of one timed stretch")
    parser.add_argument("--postgresql", metavar="URL", help="a database for the log, emptied by whoever owns it")
    parser.add_argument("--out", type=Path, default=RUNS / "replicas.json")
    options = parser.parse_args(arguments)
    require_tools()
    cores = sorted(os.sched_getaffinity(0))
    kinds = contestants(options.postgresql)
    if options.postgresql is None:
        print("replicas: PostgreSQL SKIPPED: name a database with --postgresql URL", file=sys.stderr)
    measured: dict[str, dict[int, list[tuple[Measured, Written | None]]]] = {name: defaultdict(list) for name in kinds}
    for _ in range(options.rounds):
        for name, (contestant, database) in kinds.items():
            for count in options.counts:
                room = room_of(count, cores, database=database)
                if room is not None:
                    measured[name][count].append(_one(contestant, count, room, options.seconds))
    for name, (_, database) in kinds.items():
        for count in options.counts:
            if (needed := Needed.by(count, database=database)).all > len(cores):
                print(
                    f"replicas: {name}, {count} workers SKIPPED: {needed.all} cores are needed, {len(cores)} are here",
                    file=sys.stderr,
                )
    if not any(measured.values()):
        sys.exit("nothing could be measured on so few cores")
    content = {
        "contestants": {name: _summed(found) for name, found in measured.items() if found},
        "machine": described("bench-replicas", "benchmarks.replicas", arguments),
    }
    options.out.parent.mkdir(exist_ok=True)
    write(options.out, content)
    print(table(content))


def contestants(postgresql: str | None) -> dict[str, tuple[Contestant, bool]]:
    """Who is measured, by name, and whether it has a database of its own to give cores to."""
    found = {"FastAPI, empty endpoint": (EMPTY, False), "Unroll, SQLite": (OURS, False)}
    if postgresql is not None:
        environment = {**OURS.environment, "UNROLL_DATABASE_URL": postgresql}
        found["Unroll, PostgreSQL"] = (replace(OURS, environment=environment), True)
    return found


def _one(contestant: Contestant, count: int, room: Room, seconds: int) -> tuple[Measured, Written | None]:
    """A timed stretch of ``count`` workers, and what their logs' writers did in it."""
    command = (*contestant.command, "--workers", str(count))
    logged = contestant.name != EMPTY.name
    with running(replace(contestant, command=command, cores=room.server)) as port:
        connections = _CONNECTIONS * count
        drive(contestant, port, connections, _WARM_SECONDS, room.load, room.threads)
        before = _written(port) if logged else None
        found = drive(contestant, port, connections, seconds, room.load, room.threads)
        after = _written(port) if logged else None
    if before is None or after is None:
        return found, None
    return found, Written(*(late - early for late, early in zip(after, before, strict=True)))


def _written(port: int) -> Written:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    names = ("rows_committed", "commits", "commit_seconds")
    found = [re.search(_COUNTER.format(name), text, re.MULTILINE) for name in names]
    return Written(*(float(each[1]) for each in found if each is not None))


def _summed(found: dict[int, list[tuple[Measured, Written | None]]]) -> dict[str, Any]:
    """By number of workers: the rate, beside that of the fewest, latency, load, and the writers' share."""
    least = min(found)
    return {
        str(count): {
            "rate": median(each.rate for each, _ in stretches),
            "beside": [each.rate / one.rate for (each, _), (one, _) in zip(stretches, found[least], strict=True)],
            "p99": median(each.p99 for each, _ in stretches),
            "failed": sum(each.failed for each, _ in stretches),
            "load_cores": median(each.load_cores for each, _ in stretches),
            **_writing([(each, written) for each, written in stretches if written is not None], count),
        }
        for count, stretches in found.items()
    }


def _writing(stretches: Sequence[tuple[Measured, Written]], count: int) -> dict[str, float]:
    """Rows to a transaction, and for which share of the time a worker's writer was in one, or waited for it."""
    if not stretches:
        return {}
    return {
        "rows_a_commit": median(written.rows / max(written.commits, 1.0) for _, written in stretches),
        "writing": median(written.seconds * each.rate / max(written.rows, 1.0) / count for each, written in stretches),
    }


def table(content: dict[str, Any]) -> str:
    """The measurement as a table of Markdown."""
    rows = [
        "| who | workers | answers/s | beside the fewest (range) | p99, ms | rows a commit | time in commits |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in content["contestants"].items():
        for count, each in found.items():
            beside = each["beside"]
            writing = f"{each['rows_a_commit']:.1f} | {each['writing']:.0%}" if "writing" in each else " | "
            rows.append(
                f"| {name} | {count} | {each['rate']:,.0f} | {median(beside):.2f} ({min(beside):.2f}, "
                f"{max(beside):.2f}) | {1e3 * each['p99']:.1f} | {writing} |"
            )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
