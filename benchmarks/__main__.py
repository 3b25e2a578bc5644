"""``python -m benchmarks``: every contestant in turn, round after round, as ratios to FastAPI's empty endpoint."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.contestants import CONTESTANTS, EMPTY, Contestant
from benchmarks.drive import Measured, drive, running


def main() -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="times that each contestant has its turn")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one timed stretch")
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="contestants whose names have a WORD")
    parser.add_argument("--out", type=Path, default=Path("runs/bench.json"))
    options = parser.parse_args()
    missing = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"needed: {', '.join(missing)} (Debian packages wrk and util-linux)")
    chosen = [each for each in CONTESTANTS if each is EMPTY or _is_chosen(each, options.only)]
    results: dict[tuple[str, int], list[Measured]] = defaultdict(list)
    for turn in range(options.rounds):
        for contestant in chosen:
            with running(contestant) as port:
                drive(contestant, port, max(options.connections), 1.0)  # warm up
                for connections in options.connections:
                    measured = drive(contestant, port, connections, options.seconds)
                    results[contestant.name, connections].append(measured)
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
    print(table(results, options.connections))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"name": n, "connections": c, "runs": [asdict(m) for m in runs]} for (n, c), runs in results.items()]
    options.out.write_text(json.dumps(rows, indent=1) + "\n")


def table(results: dict[tuple[str, int], list[Measured]], connections: list[int]) -> str:
    """Markdown: rate as a ratio to the empty endpoint of the same round, and latency."""
    rows = [
        "| contestant | connections | answers/s | ratio to empty: median (min-max) | p50 ms | p99 ms | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    for count in connections:
        for name in dict.fromkeys(name for name, _ in results):
            runs, empty = results[name, count], results[EMPTY.name, count]
            ratios = [one.rate / other.rate for one, other in zip(runs, empty, strict=True)]
            rows.append(
                f"| {name} | {count} | {median(run.rate for run in runs):,.0f} "
                f"| {median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) "
                f"| {median(run.p50 for run in runs) * 1e3:.2f} | {median(run.p99 for run in runs) * 1e3:.2f} "
                f"| {sum(run.failed for run in runs)} |"
            )
    return "\n".join(rows)


def _is_chosen(contestant: Contestant, words: list[str]) -> bool:
    return not words or any(word in contestant.name for word in words)


if __name__ == "__main__":
    main()
