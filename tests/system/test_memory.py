"""Resident memory does not grow with the number of requests; and a leak, put in on purpose, is noticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import MODELS
from tests.hardening.fuzz import Found, fuzz
from tests.raw import connected, http, read_reply
from tests.serving import Process

pytestmark = pytest.mark.system

FLAGS = ("--models-dir", str(MODELS), "--log-durability", "process", "--log-bodies", "shape")
ROUNDS, REQUESTS = 20, 400
FEWER = 200  # a leak shows in these already
_BYTES = 1024  # a request may leave behind: far below the canary's, far above noise
LEAK = 4096
CANARY = (
    "from service.http import pipeline as computing\n"
    "kept, original = [], computing.identify\n"
    f"def leaking(): kept.append(bytearray(b'x' * {LEAK})); return original()\n"
    "computing.identify = leaking\n"
    "from service.__main__ import main; main()\n"
)
SEQUENCES = [str(list(range(length))).encode() for length in (3, 10, 30, 100)]
POSTS = [http("POST", "/predict", b'{"sequence":' + sequence + b"}") for sequence in SEQUENCES]
POSTS.append(http("POST", "/forecast", b'{"horizon":20,"sequence":[1,2,3,4]}'))
POSTS.append(http("POST", "/predict", b'{"sequence":[NaN]}'))


def anonymous_kb(service: Process) -> int:
    """Resident memory that no file backs: the database's mapped pages are the system's to take back."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


def send(port: int, number: int) -> None:
    with connected(port) as connection:
        for each in range(number):
            connection.sendall(POSTS[each % len(POSTS)])
            read_reply(connection)


def slope(service: Process, requests: int = REQUESTS) -> float:
    found = Found()
    service.wait_until_ready()
    with ThreadPoolExecutor(4) as threads:
        for done in range(ROUNDS):
            list(threads.map(lambda _: send(service.port, requests // 4), range(4)))
            found.samples.append((done * requests, anonymous_kb(service)))
    return found.slope()


def test_memory_stays_flat(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS) as service:
        grown = slope(service)
    print(f"{grown:.0f} bytes a request")
    assert grown < _BYTES


def test_a_leak_of_four_kilobytes_a_request_is_noticed(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS, program=("-c", CANARY)) as service:
        grown = slope(service, FEWER)
    print(f"{grown:.0f} bytes a request")
    assert grown > 0.5 * LEAK


def test_bent_requests_give_no_5xx_and_no_growth(tmp_path: Path) -> None:
    flags = (*FLAGS, "--read-timeout", "1")
    with Process(tmp_path, *flags) as service:
        service.wait_until_ready()
        found = fuzz(service, 8_000, seed=7)
        assert service.client.get("/health/ready").status_code == 200
    print(found.statuses, f"{found.slope():.0f} bytes a request")
    assert found.faults == []
    assert found.statuses["200"] > 500
    assert "hangs" not in found.statuses


# Compose gives the service 512 MB.
MOST_KB = 480 * 1024
LARGEST = {
    "one series, everybody": ("/predict", [250_000], ""),
    "one series judged": ("/backtest", [100_000], '"horizon":1000,'),
    "rows as long as a batch": ("/predict", [16_384] * 15, ""),
    "many short ones": ("/predict", [25] * 9000, ""),
    "continued": ("/forecast", [250] * 200, '"horizon":1000,'),
}


def test_the_largest_requests_fit_in_the_memory_that_compose_gives(tmp_path: Path) -> None:
    value = "0.%07d"
    with Process(tmp_path, *FLAGS) as service:
        service.wait_until_ready()
        for name, (path, lengths, fields) in LARGEST.items():
            rows = ["[" + ",".join(value % (7919 * k % 10**7) for k in range(length)) + "]" for length in lengths]
            sequences = f'"sequence":{rows[0]}' if len(rows) == 1 else f'"sequences":[{",".join(rows)}]'
            answer = service.client.post(path, content=f"{{{fields}{sequences}}}".encode())
            assert answer.status_code == 200, answer.text
            status = Path(f"/proc/{service.process.pid}/status").read_text()
            most = int(status.partition("VmHWM:")[2].split()[0])
            print(f"{name}: at most {most // 1024} MB resident so far")
            assert most < MOST_KB, name
