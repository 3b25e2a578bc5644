"""Streams under load while their services are killed with SIGKILL; then every acknowledged value is looked for.

``python -m tests.system.stream_torture --rounds 200``. Several clients send the values of each stream, and send them
again where no answer came; half of the rounds with two replicas on one PostgreSQL, one of which is killed at a time,
half with two workers on one SQLite file, of which one or both are. At the end of each round, from a service that was
started anew:

* every value that was answered is on record once, under its number, and is the one that was sent: none is lost, none
  doubled,
* every client was answered the same, byte for byte, as was put on record,
* and at the very end all answers, flags and drift included, are those of a stream that took the values undisturbed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.serving import children_of
from tests.system.postgresql import running_server
from tests.system.torture import header, service_on, wait_until_ready

STREAMS, CLIENTS, WINDOW = 6, 3, 64
_MOST_VALUES = 5
_PAUSE_SECONDS = 0.02
_ANSWER_SECONDS = 10.0


@dataclass
class Tally:
    """What came of the rounds so far."""

    rounds: int = 0
    kills: int = 0
    answers: int = 0  # values whose answer some client got
    again: int = 0  # requests that were sent again after a cut connection or a 503
    replayed: int = 0  # answers of 200 that were on record before
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.kills} kills, {self.answers} answers, {self.again} sent again, "
            f"{self.replayed} replayed, {len(self.faults)} faults"
        )


class Load:
    """All streams of one database: what was answered to each value, as bytes, by stream and number."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.answers: dict[str, dict[int, bytes]] = {name: {} for name in names()}

    def take(self, stream: str, seq: int, answer: bytes) -> None:
        """Some client was answered so."""
        before = self.answers[stream].setdefault(seq, answer)
        if before != answer:
            self.tally.faults.append(f"value {seq} of {stream} was answered {before[:200]!r} and {answer[:200]!r}")


def names() -> list[str]:
    """The streams that are sent to."""
    return [f"meter-{number}" for number in range(STREAMS)]


def value_of(stream: str, seq: int) -> float:
    """What is sent as that value: the same whoever sends it."""
    dice = random.Random(f"{stream} {seq}")  # noqa: S311  (repeatable)
    return round(dice.gauss(0.0, 1.0) + (50.0 if dice.random() < 0.02 else 0.0), 6)


def run(rounds: int, seed: int, folder: Path, seconds: float = 2.0) -> Tally:
    """So many rounds of some ``seconds`` of load, PostgreSQL and SQLite in turn; stops at the first with a fault."""
    dice = random.Random(seed)  # noqa: S311  (repeatable)
    tally = Tally()
    with running_server() as server:
        settings = [(server.create("streams"), 2, 1), (f"sqlite:///{folder}/unroll.db", 1, 2)]
        loads = [Load(tally) for _ in settings]
        for number in range(rounds):
            (url, replicas, workers), load = settings[number % 2], loads[number % 2]
            _round(url, replicas, workers, folder, seconds, dice, load)
            tally.rounds += 1
            tally.answers = sum(len(each) for its in loads for each in its.answers.values())
            print(f"{tally}", flush=True)
            if tally.faults:
                return tally
        for (url, _, _), load in zip(settings, loads, strict=True):
            _compare_with_undisturbed(url, folder, load)
    return tally


def _round(
    url: str, replicas: int, workers: int, folder: Path, seconds: float, dice: random.Random, load: Load
) -> None:
    with ExitStack() as running:
        services = [running.enter_context(service_on(url, folder, workers)) for _ in range(replicas)]
        for process, port in services:
            wait_until_ready(process, port)
        for name in names():
            answer = httpx.put(f"http://127.0.0.1:{services[0][1]}/streams/{name}", json=_SETTINGS, timeout=60)
            answer.raise_for_status()
        asyncio.run(_send_and_kill(services, workers, seconds, dice, load))
    with _service(url, folder) as client:
        for name in names():
            _check(client, name, load)


async def _send_and_kill(
    services: list[tuple[Any, int]], workers: int, seconds: float, dice: random.Random, load: Load
) -> None:
    ports = [port for _, port in services]
    until = time.monotonic() + 2 * seconds + 1.0
    seeds = [dice.random() for _ in range(CLIENTS)]
    clients = [
        asyncio.create_task(_client(ports, name, random.Random(f"{seed} {name}"), until, load))  # noqa: S311
        for name in names()
        for seed in seeds
    ]
    dice.shuffle(services)
    for process, _ in services:
        await asyncio.sleep(dice.uniform(0.2, seconds))
        if workers > 1 and dice.random() < 0.5:
            os.kill(dice.choice(children_of(process.pid)), signal.SIGKILL)
            load.tally.kills += 1
            await asyncio.sleep(dice.uniform(0.2, seconds))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        load.tally.kills += 1
    await asyncio.gather(*clients)


async def _client(ports: list[int], stream: str, dice: random.Random, until: float, load: Load) -> None:
    """Send values, and again until they are answered; another service where one cannot be reached; none left: stop."""
    seq = max(load.answers[stream], default=-1) + 1
    refused_by: set[int] = set()
    while time.monotonic() < until and len(refused_by) < len(ports):
        port = dice.choice(ports)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        except OSError:
            refused_by.add(port)
            continue
        refused_by.discard(port)
        try:
            while time.monotonic() < until:
                count = dice.randint(1, _MOST_VALUES)
                seq = await asyncio.wait_for(_send(reader, writer, stream, seq, count, load), _ANSWER_SECONDS)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            load.tally.again += 1
        finally:
            writer.close()


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: str, seq: int, count: int, load: Load
) -> int:
    """Send so many values from the number ``seq`` on; the number to send next."""
    body = json.dumps({"seq": seq, "values": [value_of(stream, n) for n in range(seq, seq + count)]}).encode()
    writer.write(
        b"POST /streams/%s/values HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%s" % (stream.encode(), len(body), body)
    )
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    answer = await reader.readexactly(int(header(head, b"content-length")))
    status = int(head[9:12])
    if status == 200:
        found = json.loads(answer)
        load.tally.replayed += found["replayed"]
        for place, each in enumerate(_answers(answer)):
            load.take(stream, seq + place, each)
        return seq + count
    code = json.loads(answer)["code"]
    if status == 503:
        load.tally.again += 1
        await asyncio.sleep(_PAUSE_SECONDS)
        return seq
    if code == "seq_forgotten":  # the others are far ahead
        return int(json.loads(answer)["errors"][0]["expected"])
    load.tally.faults.append(f"values from {seq} of {stream} were answered {status}: {answer[:300]!r}")
    raise OSError


def _answers(body: bytes) -> list[bytes]:
    """Each answer of a body, byte for byte."""
    start = body.index(b'"answers":[') + len(b'"answers":[')
    parts = body[start:-2].split(b',{"seq":')
    return [parts[0], *[b'{"seq":' + part for part in parts[1:]]]


def _check(client: httpx.Client, stream: str, load: Load) -> None:
    """Hold what is on record of ``stream`` against what was answered."""
    state, faults, known = client.get(f"/streams/{stream}").json(), load.tally.faults, load.answers[stream]
    end = max(known, default=-1) + 1
    if state["next"] < end:
        faults.append(f"value {end - 1} of {stream} was answered and is lost: the next one is {state['next']}")
    first = max(0, state["next"] - 2 * WINDOW)
    page = client.get(f"/streams/{stream}/values", params={"from": first, "limit": 1000}).json()["values"]
    if [each["seq"] for each in page] != list(range(first, state["next"])):
        faults.append(f"{stream} has not each of its last values once")
    for each in page:
        if each["value"] != value_of(stream, each["seq"]):
            faults.append(f"value {each['seq']} of {stream} is {each['value']}, which nobody sent")
        if (answered := known.get(each["seq"])) is not None:
            told = json.loads(answered)
            if {key: each[key] for key in told} != told:
                faults.append(f"value {each['seq']} of {stream} was answered otherwise than is on record")


def _compare_with_undisturbed(url: str, folder: Path, load: Load) -> None:
    """All answers are those of streams that take the same values in one piece after the other."""
    with _service(url, folder) as client:
        for stream in names():
            end = client.get(f"/streams/{stream}").json()["next"]
            client.put(f"/streams/{stream}-undisturbed", json=_SETTINGS).raise_for_status()
            for start in range(0, end, 500):
                values = [value_of(stream, seq) for seq in range(start, min(start + 500, end))]
                answer = client.post(f"/streams/{stream}-undisturbed/values", json={"seq": start, "values": values})
                for place, each in enumerate(_answers(answer.raise_for_status().content)):
                    if load.answers[stream].get(start + place, each) != each:
                        load.tally.faults.append(f"value {start + place} of {stream} is answered otherwise undisturbed")


@contextmanager
def _service(url: str, folder: Path) -> Iterator[httpx.Client]:
    with service_on(url, folder, 1) as (process, port):
        wait_until_ready(process, port)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client


_SETTINGS = {"model": "sine-gru", "window": WINDOW, "flag_rate": 0.02}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill services that follow streams, and look for every value.")
    parser.add_argument("--rounds", type=int, default=200, help="starts and kills (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default 1)")
    parser.add_argument("--seconds", type=float, default=2.0, help="mean length of a round's load (default 2)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unroll-torture-") as folder:
        tally = run(arguments.rounds, arguments.seed, Path(folder), arguments.seconds)
    for fault in tally.faults:
        print(fault, file=sys.stderr)
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
