"""One process of several that write the same log: how long each row waited for its commit, in seconds, as JSON.

``python -m tests.system.commit_waits URL START SECONDS``; all begin at START, a time of the system's clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from service.request_log.rows import Row, identify
from service.request_log.writer import LogWriter

CONNECTIONS = 8


async def _waits(url: str, start: float, seconds: float) -> list[float]:
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
        while time.time() < start + seconds:
            identity, now = identify()
            row = Row(
                identity, now, "/predict", None, ("a/1",), 200, None, None, None, 1, 16, 90, b"x" * 200, b"y" * 600
            )
            began = time.perf_counter()
            await log.record(row)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.002)  # what else a worker does for a request

    await log.start()
    await asyncio.sleep(start - time.time())
    await asyncio.gather(*[client() for _ in range(CONNECTIONS)])
    await log.close()
    return waits


if __name__ == "__main__":
    json.dump(asyncio.run(_waits(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))), sys.stdout)
