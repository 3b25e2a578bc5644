"""Mutated requests over raw connections: no 5xx, small refusals, flat memory, and a process that stays alive.

``python -m tests.hardening.fuzz --requests 1000000`` (``make fuzz``) starts the service and sends it good requests of
every protocol, bent in every way that is known to have broken a server: bytes flipped, cut, doubled and moved, numbers
replaced, headers mangled; and among them requests that ask for as much as one may. The same seed sends the same bytes.
A process of its own watches ``/health/live`` meanwhile.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import MODELS
from tests.hardening.asking import BESIDE, FORECASTING, MOST_BYTES, PATHS, READING
from tests.hardening.dear import dear, dear_for_their_bytes
from tests.hardening.live import Seen, watched
from tests.raw import connected, http, read_reply, send_all
from tests.serving import Process

SEQUENCES = ("[1,2,3,4]", "[[0,1.5],[1,2.5],[2,3.5]]", "[1e300,-1e300,5e-324,0]", "[0.1,0.1,0.1,0.1,0.1]", "[7]")
READ = (
    *("/models", "/requests?limit=2", "/health/ready", "/metrics", "/v2", "/quality", "/page/main.js", "/docs"),
    *("/requests/export?format=csv&since=2026-01-01T00:00:00+02:00", "/models/sine-gru/plots/loss.svg"),
)
NASTY = (
    b"NaN", b"Infinity", b"1e400", b"-0", b"9" * 400, b"null", b"true", b"{}", b"[]", b"[[", b'"', b"\\ud800", b"\x00",
    b"\xff\xfe", b"\xef\xbb\xbf", b"../", b"%2e%2e", b"\r\n", b"\r\n\r\n", b"0\r\n\r\n", b"," * 50, b"[" * 300,
    b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Expect: 100-continue",
    b"Connection: upgrade\r\nUpgrade: h2c", b"X: " + b"a" * 17_000, b"Transfer-Encoding: gzip, chunked", b"HTTP/1.0",
    b"CONNECT ", b"HEAD ", b"?", b"&limit=1", b"Accept: application/openmetrics-text; version=abc",
    b"Accept-Encoding: gzip;q=", b"a" * 260,
)  # fmt: skip
READ_TIMEOUT = 1.0
_NUMBER = re.compile(rb"-?[0-9]+(\.[0-9]+)?")
_WARM = 0.4  # of the samples, while caches fill
# One request of so many is dear, and so dear.
_DEAR, _DEAREST = 100, 1000
# What /health/live may take, in seconds; on a machine that wakes up the watcher late, so many times that.
_LIVE_SECONDS, _LATER = 0.25, 10


@dataclass
class Found:
    """What came back. ``samples`` are (requests so far, resident kB)."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    samples: list[tuple[int, int]] = field(default_factory=list)

    def slope(self) -> float:
        """Resident bytes that a request leaves behind: least squares over the samples after warming up."""
        points = self.samples[int(len(self.samples) * _WARM) :]
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        rise = sum((x - mean_x) * (y - mean_y) for x, y in points)
        return 1024 * rise / sum((x - mean_x) ** 2 for x, _ in points)


def good(chance: random.Random) -> bytes:
    """A request that has an answer, or wants what no published model takes."""
    kind = chance.randrange(10)
    if kind == 0:
        return http(chance.choice(["GET", "GET", "HEAD"]), chance.choice(READ))
    if kind == 1:
        path = chance.choice([each for each in READING if each.endswith(("outcome", "index"))])  # loading takes seconds
        return http("POST", path, b'{"value":5.0}' if path.endswith("outcome") else b'{"parameters":{}}')
    if kind == 2:
        path, text = chance.choice(list(BESIDE.items()))
        return http("POST", path, text.replace("%s", chance.choice(SEQUENCES)).encode())
    path, text = chance.choice(list((PATHS | FORECASTING).items()))
    return http("POST", path, text.replace("%s", chance.choice(SEQUENCES)).encode())


def bent(chance: random.Random, request: bytes) -> bytes:
    """``request`` with one to four things wrong with it."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(request) + 1)
        to = min(len(request), at + chance.randint(1, 40))
        match chance.randrange(7):
            case 0:
                request = request[:at] + bytes([chance.randrange(256)]) + request[at + 1 :]
            case 1:
                request = request[:at] + request[to:]
            case 2:
                request = request[:to] + request[at:to] * chance.randint(1, 20) + request[to:]
            case 3:
                request = request[:at] + chance.choice(NASTY) + request[at:]
            case 4:
                nasty = chance.choice(NASTY)
                request = _NUMBER.sub(lambda _, nasty=nasty: nasty, request, count=chance.randint(1, 5))  # type: ignore[misc]
            case 5:
                request = request[:at]
            case _:
                head, _, body = request.partition(b"\r\n\r\n")
                head = re.sub(rb"Content-Length: [0-9]+", b"Content-Length: %d" % len(body), head)
                request = head + b"\r\n\r\n" + body
        if not request:
            request = b"G"
    return request


def costly(chance: random.Random) -> bytes | None:
    """Now and then a request that asks for much."""
    if chance.randrange(_DEAREST) == 0:
        return chance.choice(list(dear().values()))
    if chance.randrange(_DEAR) == 0:
        return chance.choice(list(dear_for_their_bytes().values()))
    return None


def fuzz(
    service: Process,
    requests: int,
    seed: int = 0,
    threads: int = 4,
    *,
    progress: bool = False,
    costs: bool = False,
    seconds: float = math.inf,
) -> Found:
    """Send that many requests, two thirds of them bent, with ``costs`` some dear ones, and look at every answer.

    After so many ``seconds`` no more are sent.
    """
    until = time.perf_counter() + seconds
    found, left, lock = Found(), iter(range(requests)), threading.Lock()
    step = max(1, requests // 100)

    def send(number: int) -> None:
        chance = random.Random((seed << 32) + number)  # noqa: S311  (the same bytes at every run are wanted)
        request = (costly(chance) if costs else None) or good(chance)
        if chance.random() < 2 / 3:
            request = bent(chance, request)
        status = _status(service.port, request, number, found)
        with lock:
            found.statuses[status] += 1
            if number % step == 0:
                found.samples.append((number, _resident_kb(service)))
                if progress:
                    print(f"{number} sent, {found.samples[-1][1]} kB resident, {len(found.faults)} faults", flush=True)

    def run() -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None or time.perf_counter() > until:
                return
            send(number)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if service.process.poll() is not None:
        found.faults.append(
            f"the service ended with {service.process.returncode}: {service.output.read_text()[-2000:]}"
        )
    return found


def _status(port: int, request: bytes, number: int, found: Found) -> str:
    try:
        with connected(port, timeout=20) as connection:
            send_all(connection, request)
            with suppress(OSError):
                connection.shutdown(1)  # what was cut short is over: the service need not wait for the rest
            reply = read_reply(connection)
    except TimeoutError:
        found.faults.append(f"request {number}: no answer in 20 s")
        return "hangs"
    except OSError:
        return "closed"
    except (ValueError, IndexError):
        return "no body"  # an answer to HEAD, or to several requests at once
    if reply.status >= 500 and reply.status != 503:
        found.faults.append(f"request {number}: {reply.status} {reply.body[:300]!r} to {request[:300]!r}")
    if reply.status == 503 and "retry-after" not in reply.headers:
        found.faults.append(f"request {number}: 503 that does not say when to try again")
    if 400 <= reply.status < 500 and len(reply.body) > MOST_BYTES:
        found.faults.append(f"request {number}: a refusal of {len(reply.body)} bytes")
    return str(reply.status)


def _resident_kb(service: Process) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def not_alive(live: Seen) -> list[str]:
    """What was wrong with the answers of /health/live."""
    most = max(_LIVE_SECONDS, _LATER * live.late)
    slow = [f"/health/live took {seconds:.3f} s" for seconds in live.seconds if seconds > most]
    return [*(f"/health/live: {failure}" for failure in live.failures), *slow]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=math.inf, help="send no more after so many")
    options = parser.parse_args()
    flags = ("--models-dir", str(MODELS), "--log-durability", "process", "--read-timeout", str(READ_TIMEOUT))
    with tempfile.TemporaryDirectory() as folder, Process(Path(folder), *flags) as service:
        service.wait_until_ready()
        began = time.perf_counter()
        with watched(service.port) as live:
            found = fuzz(service, options.requests, options.seed, progress=True, costs=True, seconds=options.seconds)
        found.faults += not_alive(live)
        print(f"seed {options.seed}: {found.statuses.total()} requests in {time.perf_counter() - began:.0f} s")
        print(f"answers {dict(found.statuses.most_common())}")
        print(f"resident {found.samples[0][1]} -> {found.samples[-1][1]} kB, {found.slope():.1f} bytes a request")
        print(live)
        print("\n".join(found.faults[:20]) or "no faults")
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
