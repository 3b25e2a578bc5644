"""One process of several that write the same log: how long each row waited for its commit, in seconds, as JSON.

``python -m tests.system.commit_waits URL SECONDS`` says ``ready`` and begins when it is sent a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from service.request_log.rows import Row, identify
from service.request_log.writer import LogWriter

CONNECTIONS = 16


async def _waits(url: str, seconds: float) -> list[float]:
    log = LogWriter(
        url,
        durability="power",
        bodies="full",
        body_limit=65536,
        queue_rows=1000,
        queue_bytes=1 << 24,
        on_failure="refuse",
        commit_timeout=10.0,
    )
    waits: list[float] = []

    async def client() -> None:
        while time.perf_counter() < end:
            identity, now = identify()
            row = Row(
                identity, now, "/predict", None, ("a/1",), 200, None, None, None, 1, 16, 90, b"x" * 200, b"y" * 600
            )
            began = time.perf_counter()
            await log.record(row)
            waits.append(time.perf_counter() - began)

    await log.start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    end = time.perf_counter() + seconds
    await asyncio.gather(*[client() for _ in range(CONNECTIONS)])
    await log.close()
    return waits


if __name__ == "__main__":
    json.dump(asyncio.run(_waits(sys.argv[1], float(sys.argv[2]))), sys.stdout)
