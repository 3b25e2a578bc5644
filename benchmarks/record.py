"""``python -m benchmarks.record``: what its record costs `/predict`, beside the same service that keeps none.

All servers are up together and asked in turns of a second, so that what slows the machine for a while slows all of
them; and every round starts them anew, since two processes of one program differ by some percent. Beside each other
the two take out most of what moves a race, in which a minute passes from one contestant to another.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.contestants import OURS, RUNS, UNRECORDED, UNSYNCED, Contestant
from benchmarks.drive import Measured, drive, require_tools, running
from benchmarks.machine import described
from benchmarks.race import Runs
from benchmarks.report import record_cost
from benchmarks.results import stored, write


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the sentence and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="times that the servers are started")
    parser.add_argument("--seconds", type=int, default=5, help="turns of a second that each has in a round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--out", type=Path, default=RUNS / "record.json")
    options = parser.parse_args(arguments)
    require_tools()
    machine = described("bench-record", "benchmarks.record", arguments)
    runs = in_turns(
        (UNRECORDED, OURS, UNSYNCED), rounds=options.rounds, turns=options.seconds, connections=options.connections
    )
    content = {"machine": machine, "rounds": options.rounds, "seconds": options.seconds, "runs": stored(runs)}
    print(record_cost(content))
    write(options.out, content)


def in_turns(contestants: Sequence[Contestant], *, rounds: int, turns: int, connections: int) -> Runs:
    """For each round the medians of the ``turns`` seconds that each contestant had, one after another."""
    runs: Runs = defaultdict(list)
    for number in range(rounds):
        with ExitStack() as stack:
            ports = [stack.enter_context(running(each)) for each in contestants]
            servers = list(zip(contestants, ports, strict=True))
            for each, port in servers:
                drive(each, port, connections, 1)
            measured = [[drive(each, port, connections, 1) for each, port in servers] for _ in range(turns)]
        for each, found in zip(contestants, zip(*measured, strict=True), strict=True):
            runs[each.name, connections].append(_middle(found))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return runs


def _middle(turns: Sequence[Measured]) -> Measured:
    return Measured(
        median(turn.rate for turn in turns),
        median(turn.p50 for turn in turns),
        median(turn.p99 for turn in turns),
        sum(turn.failed for turn in turns),
        median(turn.load_cores for turn in turns),
    )


if __name__ == "__main__":
    main()
