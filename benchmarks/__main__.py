"""``python -m benchmarks``: every contestant in turn, round after round, as ratios to FastAPI's empty endpoint.

Beside it: ``python -m benchmarks.record``, ``.growth``, ``.guard`` and ``.report``; of answers, not of time, speaks
``python -m benchmarks.accuracy``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.contestants import CONTESTANTS, EMPTY, OURS, RUNS
from benchmarks.drive import require_tools
from benchmarks.machine import described
from benchmarks.peers import contestants as peers
from benchmarks.race import race
from benchmarks.report import race_table
from benchmarks.results import stored, write


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="other frameworks, each in an environment of its own")
    parser.add_argument("--rounds", type=int, default=5, help="times that each contestant has its turn")
    parser.add_argument("--seconds", type=int, default=4, help="length of one timed stretch")
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="contestants whose names have a WORD")
    parser.add_argument("--out", type=Path, help="default: runs/bench.json, with --peers runs/peers.json")
    options = parser.parse_args(arguments)
    require_tools()
    others, left_out = peers.contestants() if options.peers else ([], {})
    everybody = (EMPTY, OURS, *others) if options.peers else CONTESTANTS
    chosen = [each for each in everybody if each is EMPTY or _is_chosen(each.name, options.only)]
    machine = described("bench-peers" if options.peers else "bench", "benchmarks", arguments)
    if options.peers:
        machine["versions"] |= peers.versions()
    runs = race(chosen, rounds=options.rounds, seconds=options.seconds, connections=options.connections)
    content = {
        "machine": machine,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "baseline": EMPTY.name,
        "left_out": left_out,
        "runs": stored(runs),
    }
    print(race_table(content))
    write(options.out or RUNS / ("peers.json" if options.peers else "bench.json"), content)


def _is_chosen(name: str, words: list[str]) -> bool:
    return not words or any(word in name for word in words)


if __name__ == "__main__":
    main()
