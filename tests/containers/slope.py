"""What a second replica adds: `python -m tests.containers.slope [--cpus SHARE]` prints a table for docs/scaling.md.

Each replica gets the same share of a core, so that on a small machine the replicas are what is short, not the cores
that they share with nginx, PostgreSQL and the load generator (wrk). One and two replicas take turns. A second table
tells the processor time and the bytes of log that a request costs, which hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from tests.containers.stack import BASE, SCALE, Stack, engine

_TICK_US = 10_000  # what Linux tells processor time in
BODY = {"model": "sine-gru", "sequence": [3 + number % 7 / 4 for number in range(16)]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.containers.slope", description=__doc__)
    parser.add_argument("--cpus", default="0.25", help="share of a core for each replica (default: 0.25)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of one and of two replicas (default: 3)")
    parser.add_argument("--seconds", type=int, default=10, help="length of each measurement (default: 10)")
    parser.add_argument("--connections", type=int, default=16, help="of the load generator (default: 16)")
    options = parser.parse_args()
    rates: dict[int, list[float]] = {1: [], 2: []}
    costs: list[dict[str, float]] = []
    Stack("build", BASE).compose("build", "service")  # else an image of earlier code is measured
    for _ in range(options.rounds):
        for replicas, found in rates.items():
            with Stack(f"slope-{replicas}", BASE, SCALE) as stack:
                stack.environment = {"UNROLL_CPUS": options.cpus, "UNROLL_REPLICAS": str(replicas)}
                stack.up()
                measure(stack, 2, options.connections)  # warm
                before = spent(stack)
                found.append(measure(stack, options.seconds, options.connections))
                requests = found[-1] * options.seconds
                after = spent(stack)
                costs.append({what: (after[what] - before[what]) / requests for what in after})
    print(f"| replicas of {options.cpus} core | requests/s: median (lowest, highest) | of one |\n|---|---|---|")
    for replicas, found in rates.items():
        middle = statistics.median(found)
        ratio = middle / statistics.median(rates[1])
        print(f"| {replicas} | {middle:,.0f} ({min(found):,.0f}, {max(found):,.0f}) | {ratio:.2f} |")
    print("\n| per request | median |\n|---|---|")
    for what in costs[0]:
        print(f"| {what} | {statistics.median(cost[what] for cost in costs):,.0f} |")


def spent(stack: Stack) -> dict[str, float]:
    """Processor time so far of each service, in microseconds, and what the log has written, in bytes."""
    ticks = "cat /proc/[0-9]*/stat | sed 's/.*) //' | awk '{t += $12 + $13 + $14 + $15} END {print t}'"
    found = {
        f"{service}, us of a core": sum(
            float(engine("exec", name, "sh", "-c", ticks)) for name in stack.containers(service)
        )
        * _TICK_US
        for service in ("gateway", "service", "database")
    }
    written = {
        "log, bytes of tables and indexes": "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
        " WHERE relname IN ('requests', 'uses')",
        "of these, bodies": "SELECT coalesce(sum(request_bytes + response_bytes), 0) FROM requests",
        "write-ahead log, bytes": "SELECT pg_current_wal_lsn() - '0/0'",
    }
    (database,) = stack.containers("database")
    for what, query in written.items():
        command = f'PGPASSWORD="$POSTGRES_PASSWORD" psql -U postgres -At -c "{query}" unroll'
        found[what] = float(engine("exec", database, "sh", "-c", command))
    return found


def measure(stack: Stack, seconds: int, connections: int) -> float:
    """Requests a second through the gateway; anything but a 2xx is an error."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        body = json.dumps(json.dumps(BODY))
        headers = f'wrk.headers["X-API-Key"] = "{stack.key}"\nwrk.headers["Content-Type"] = "application/json"\n'
        script.write_text(f'wrk.method = "POST"\nwrk.body = {body}\n{headers}')
        url = f"http://127.0.0.1:{stack.port}/predict"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert rate, told
    return float(rate[1])


if __name__ == "__main__":
    main()
