"""The real service under load, killed with SIGKILL at random moments; then every acknowledged answer is looked for.

``python -m tests.system.torture --rounds 200``. Each round starts the service on the log that the last one left,
posts to it over many connections, kills it without warning and checks the file:

* every 2xx answer that arrived has exactly one row, with the same bytes (by digest where the body is long); where the
  log's files were moved, removed or replaced meanwhile, every one that was asked for after that,
* a row that nobody got an answer for was under way when a kill came: at most one for each connection and kill (a
  worker that is killed alone leaves clients that ask the others again), or when somebody took the files,
* no request has two rows, and SQLite finds its file sound.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from service.request_log.database import sqlite_module
from tests.serving import children_of, free_port
from tests.system import mishaps

CONNECTIONS = 32
WORKERS = (1, 2, 4)
ROUNDS_ON_ONE_FILE = 10  # then a fresh one: the check reads all of it
_BODY_LIMIT = 4096  # bytes; some answers are longer, so that both forms of a row are met
_READY_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


@dataclass
class Tally:
    """What came of the rounds so far."""

    rounds: int = 0
    acknowledged: int = 0
    unanswered: int = 0  # rows whose answer the kill cut off
    refused: int = 0
    workers_killed: int = 0
    mishaps: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.acknowledged} acknowledged, {self.unanswered} cut off, "
            f"{self.refused} refused, {self.workers_killed} single workers killed, "
            f"{self.mishaps} times the files, {len(self.faults)} faults"
        )


@dataclass
class Load:
    """What one round's clients saw: digests of the 2xx answers by request id."""

    answers: dict[str, str] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)  # when, by request id
    lost_before: float = 0.0  # what was asked for before this time may be gone, by somebody's hand
    refused: int = 0
    kills: int = 0  # and mishaps: times at which rows may be left without an answer
    faults: list[str] = field(default_factory=list)


def run(rounds: int, seed: int, folder: Path, seconds: float = 2.0) -> Tally:
    """So many rounds of some ``seconds`` of load, 1, 2 and 4 workers in turn; stops at the first with a fault."""
    dice = random.Random(seed)  # noqa: S311  (repeatable)
    tally = Tally()
    numbers = count()
    seen: set[str] = set()
    for number in range(rounds):
        database = folder / f"log{number // ROUNDS_ON_ONE_FILE}.db"
        if number % ROUNDS_ON_ONE_FILE == 0:
            for file in folder.glob("log*"):
                file.unlink()
            seen = set()
        load = _round(database, WORKERS[number % len(WORKERS)], seconds, dice, numbers, tally)
        if load.lost_before:
            seen = set()
        unanswered = _check(database, load, seen)
        if unanswered > CONNECTIONS * load.kills:
            load.faults.append(f"{unanswered} rows without an answer, of {CONNECTIONS} connections, {load.kills} kills")
        tally.rounds += 1
        tally.acknowledged += len(load.answers)
        tally.unanswered += unanswered
        tally.refused += load.refused
        tally.faults += load.faults
        print(f"{tally}", flush=True)
        if tally.faults:
            break
    return tally


def _round(
    database: Path, workers: int, seconds: float, dice: random.Random, numbers: Iterator[int], tally: Tally
) -> Load:
    load = Load()
    with service_on(f"sqlite:///{database}", database.parent, workers) as (parent, port):
        if dice.random() < 0.1:  # while it starts
            time.sleep(dice.uniform(0.1, 1.5))
            return load
        wait_until_ready(parent, port)
        victim = dice.random() < 0.3 and workers > 1
        deed = dice.choice(mishaps.HARMLESS + mishaps.COSTLY) if dice.random() < 0.5 else None
        asyncio.run(_post_until_killed(parent, port, seconds, dice, numbers, load, victim, database, deed))
        tally.workers_killed += victim
        tally.mishaps += deed is not None
    return load


@contextmanager
def service_on(url: str, folder: Path, workers: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A service on the log at ``url`` and its port, whose terminal output goes into ``folder``; killed at the end."""
    port = free_port()
    command = [sys.executable, "-m", "service", "--port", str(port), "--workers", str(workers)]
    command += ["--database-url", url, "--log-body-limit", str(_BODY_LIMIT)]
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process, port
    finally:
        with suppress(ProcessLookupError):  # killed by the round itself
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own: exactly our processes
        process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the service at ``port`` is ready; raises RuntimeError where it does not become so."""

    async def ready() -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.write(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        try:  # the socket is open before a worker is there to read from it
            return b" 200 " in await asyncio.wait_for(reader.readline(), _ANSWER_SECONDS)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    began = time.monotonic()
    while not asyncio.run(ready()):
        if process.poll() is not None or time.monotonic() - began > _READY_SECONDS:
            raise RuntimeError("the service did not become ready: see output.txt in the folder of the logs")
        time.sleep(0.02)


async def _post_until_killed(
    parent: subprocess.Popen[bytes],
    port: int,
    seconds: float,
    dice: random.Random,
    numbers: Iterator[int],
    load: Load,
    victim: bool,
    database: Path,
    deed: mishaps.Deed | None,
) -> None:
    seeds = [dice.random() for _ in range(CONNECTIONS)]
    clients = [asyncio.create_task(_client(port, random.Random(seed), numbers, load)) for seed in seeds]  # noqa: S311
    if victim:
        await asyncio.sleep(dice.uniform(0.1, seconds))
        os.kill(dice.choice(children_of(parent.pid)), signal.SIGKILL)
        load.kills += 1
    if deed is not None:
        await asyncio.sleep(dice.uniform(0.0, seconds))
        await deed(database, dice)
        load.kills += 2  # noticed when they go, and when they come back
        if deed in mishaps.COSTLY:
            load.lost_before = time.monotonic()
    await asyncio.sleep(dice.uniform(0.1, 2 * seconds))
    os.killpg(parent.pid, signal.SIGKILL)
    load.kills += 1
    await asyncio.gather(*clients)


async def _client(port: int, dice: random.Random, numbers: Iterator[int], load: Load) -> None:
    """Post, read, post again; a connection that breaks is opened anew, until nobody listens any more."""
    requests = [_request(dice) for _ in range(100)]
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        except OSError:
            return
        try:
            while True:
                path, body = dice.choice(requests)
                began = time.monotonic()
                writer.write(
                    b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-request-id: %d\r\n"
                    b"content-length: %d\r\n\r\n%s" % (path, next(numbers), len(body), body)
                )
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                answer = await reader.readexactly(int(header(head, b"content-length")))
                status = int(head[9:12])
                if status == 200:
                    request_id = header(head, b"x-request-id").decode()
                    if request_id in load.answers:
                        load.faults.append(f"two answers have the id {request_id}")
                    load.answers[request_id] = hashlib.sha256(answer).hexdigest()
                    load.asked[request_id] = began
                elif status in (422, 503):
                    load.refused += 1
                else:
                    load.faults.append(f"{path.decode()} was answered {status}: {answer[:300]!r}")
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


def _request(dice: random.Random) -> tuple[bytes, bytes]:
    sequence = [round(dice.uniform(-9, 9), 3) for _ in range(dice.randint(4, 24))]
    kind = dice.random()
    if kind < 0.85:
        return b"/predict", json.dumps({"model": "sine-gru", "sequence": sequence}).encode()
    if kind < 0.9:
        return b"/predict", json.dumps({"sequence": sequence}).encode()
    if kind < 0.94:
        return b"/compare", json.dumps({"task": "sine", "sequence": sequence}).encode()
    if kind < 0.97:  # longer than what the log keeps, and than what is computed on the event loop
        return b"/predict", json.dumps({"model": "sine-gru", "sequences": [sequence] * 40}).encode()
    return b"/predict", b'{"sequence": []}'


def header(head: bytes, name: bytes) -> bytes:
    """What an answer's ``head`` says under ``name``, in lower case."""
    return head.split(b"\r\n" + name + b": ", 1)[1].split(b"\r\n", 1)[0]


def _check(database: Path, load: Load, seen: set[str]) -> int:
    """Hold the file against what the clients saw and against the rounds before it; rows that nobody saw."""
    kept = {identity for identity in load.answers if load.asked[identity] >= load.lost_before}
    if not database.exists():
        load.faults += [f"{identity} was acknowledged without a file" for identity in sorted(kept)[:3]]
        return 0
    with closing(sqlite_module().connect(database)) as connection:
        soundness = connection.execute("PRAGMA integrity_check").fetchall()
        if soundness != [("ok",)]:
            load.faults.append(f"integrity_check: {soundness[:3]}")
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'requests'").fetchone()
        if tables == (0,):  # killed before the first migration was committed
            return 0
        doubled = connection.execute(
            "SELECT client_request_id FROM requests GROUP BY client_request_id HAVING count(*) > 1"
        ).fetchall()
        load.faults += [f"request {name} has several rows" for (name,) in doubled[:3]]
        rows = connection.execute("SELECT id, response, response_sha256 FROM requests WHERE status = 200")
        stored = {identity: digest or hashlib.sha256(body).hexdigest() for identity, body, digest in rows}
    lost = (kept | seen) - stored.keys()
    load.faults += [f"{identity} was acknowledged and is lost" for identity in sorted(lost)[:3]]
    changed = [identity for identity, digest in load.answers.items() if stored.get(identity, digest) != digest]
    load.faults += [f"{identity} has other bytes in the log than were sent" for identity in changed[:3]]
    unseen = stored.keys() - load.answers.keys() - seen
    seen.update(stored)
    return len(unseen)


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill the service again and again and look for lost answers.")
    parser.add_argument("--rounds", type=int, default=200, help="starts and kills (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments and requests (default 1)")
    parser.add_argument("--seconds", type=float, default=2.0, help="mean length of a round's load (default 2)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unroll-torture-") as folder:
        tally = run(arguments.rounds, arguments.seed, Path(folder), arguments.seconds)
    for fault in tally.faults:
        print(fault, file=sys.stderr)
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
