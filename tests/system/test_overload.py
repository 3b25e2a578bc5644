"""Ten times more clients than the service takes: the refused learn it at once, the accepted are answered soon."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import MODELS
from tests.raw import http
from tests.serving import Process

pytestmark = [pytest.mark.system, pytest.mark.alone]

SMALL = http("POST", "/predict", b'{"sequence": [1, 2, 3, 4, 5, 6, 7, 8]}')
FORECAST = http("POST", "/forecast", b'{"horizon": 50, "sequence": [1, 2, 3, 4, 5, 6, 7, 8]}')
LARGE = http("POST", "/predict", b'{"sequence": [' + b",".join([b"1.5,2.5"] * 100_000) + b"]}")
CONCURRENCY = 16
_PAUSE = 0.1


@dataclass
class Seen:
    """What clients saw: seconds of each answer by its status, and connections that broke."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    broken: int = 0

    def p99(self, status: int) -> float:
        return statistics.quantiles(self.seconds[status], n=100)[98]


async def client(port: int, request: bytes, until: float, seen: Seen) -> None:
    """Asks again and again on one connection; when refused after a pause, far shorter than it is asked for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            status = int(head.split()[1])
            seen.seconds.setdefault(status, []).append(time.perf_counter() - began)
            if status == 503:
                await asyncio.sleep(_PAUSE)
    except (ConnectionError, asyncio.IncompleteReadError):
        seen.broken += 1
    finally:
        writer.close()


def load(port: int, *crowds: tuple[int, bytes], seconds: float) -> list[Seen]:
    """What each crowd, a number of clients with one request, saw in that time."""

    async def run() -> list[Seen]:
        until = time.perf_counter() + seconds
        seen = [Seen() for _ in crowds]
        await asyncio.gather(
            *(client(port, request, until, each) for each, (number, request) in zip(seen, crowds, strict=True)
              for _ in range(number))
        )  # fmt: skip
        return seen

    return asyncio.run(run())


def resident_mb(service: Process) -> float:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Process]:
    flags = ("--models-dir", str(MODELS), "--concurrency", str(CONCURRENCY), "--log-durability", "process")
    with Process(tmp_path, *flags) as process:
        process.wait_until_ready()
        yield process
        assert process.client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("request_bytes", [SMALL, FORECAST], ids=["predict", "forecast"])
def test_ten_times_overload_is_refused_at_once_and_answers_stay_soon(service: Process, request_bytes: bytes) -> None:
    (within,) = load(service.port, (CONCURRENCY, request_bytes), seconds=2)
    assert within.seconds.keys() == {200}
    before = resident_mb(service)
    (over,) = load(service.port, (10 * CONCURRENCY, request_bytes), seconds=5)
    print(
        f"accepted {len(over.seconds[200])} p99 {over.p99(200) * 1e3:.0f} ms (alone {within.p99(200) * 1e3:.0f} ms); "
        f"refused {len(over.seconds.get(503, []))} p99 {over.p99(503) * 1e3:.0f} ms; "
        f"resident {before:.0f} -> {resident_mb(service):.0f} MB"
    )
    assert over.seconds.keys() == {200, 503}
    assert over.broken == 0
    # What is measured is in tests/hardening/README.md: about 1; here other programs and this client take their share.
    assert over.p99(503) < 10 * within.p99(200)
    assert over.p99(200) < 10 * within.p99(200)
    assert resident_mb(service) < before + 64


def test_large_batches_do_not_starve_small_requests(service: Process) -> None:
    (alone,) = load(service.port, (4, SMALL), seconds=2)
    beside, large = load(service.port, (4, SMALL), (4, LARGE), seconds=6)
    print(
        f"small alone p99 {alone.p99(200) * 1e3:.1f} ms, beside large batches {beside.p99(200) * 1e3:.1f} ms "
        f"({len(beside.seconds[200])} answered); large { ({k: len(v) for k, v in large.seconds.items()}) }"
    )
    assert beside.seconds.keys() == {200}
    assert beside.p99(200) < 50 * alone.p99(200)  # about 5 are measured
    assert len(beside.seconds[200]) > 3 * len(alone.seconds[200]) / 50  # in three times the time
