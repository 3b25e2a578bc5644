"""``python -m benchmarks.growth``: every part of it into one JSON file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contestants import RUNS
from benchmarks.drive import require_tools
from benchmarks.growth import forecasts, latency, log, start, streams, workers
from benchmarks.machine import described
from benchmarks.results import read, write


def main(arguments: list[str] | None = None) -> None:
    """Measure the parts that are asked for; parts measured before stay in the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument(
        "--parts", nargs="+", choices=("start", "latency", "forecasts", "streams", "workers", "log"), metavar="PART"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="length of one timed stretch")
    parser.add_argument("--rows", type=int, default=log.MANY, help="of the large log: about 0.9 GB a million")
    parser.add_argument(
        "--streams", type=int, default=streams.LIVE, help="that are live, and a hundred times as many idle"
    )
    parser.add_argument("--out", type=Path, default=RUNS / "growth.json")
    options = parser.parse_args(arguments)
    require_tools()
    rounds, seconds = options.rounds, options.seconds
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "start": lambda: start.measure(rounds=rounds),
        "latency": lambda: latency.measure(seconds / 4),
        "forecasts": lambda: forecasts.measure(seconds / 4),
        "streams": lambda: streams.measure(seconds, live=options.streams, idle=100 * options.streams),
        "workers": lambda: workers.measure(rounds=rounds, seconds=seconds),
        "log": lambda: log.measure(rows=options.rows, rounds=rounds, seconds=seconds),
    }
    content = read(options.out) if options.out.exists() else {}
    for name in options.parts or parts:
        print(f"growth: {name}", file=sys.stderr)
        content[name] = parts[name]()
        content["machine"] = described("bench-growth", "benchmarks.growth", arguments)
        write(options.out, content)


if __name__ == "__main__":
    main()
