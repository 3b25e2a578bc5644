"""``python -m benchmarks.stages``: where the microseconds of a `/predict` go, by leaving out one part after another.

Processor's time a request, the least of several rounds, of the application without a server where so many ask at once;
the first line is that of the whole service under wrk, so that what it has more is HTTP's. What is left out answers at
once with what it answered before.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.calls import application
from benchmarks.contestants import OURS
from benchmarks.drive import drive, require_tools, started
from benchmarks.growth.start import wait_until_ready
from service.http import computing, pipeline
from service.http.codec import Call
from service.inference.engine import Engine
from service.protocols.native.codecs import NativeCodec
from service.request_log.writer import LogWriter

_ROUNDS, _ASKED, _SECONDS = 15, 800, 4
_BODY = OURS.body.encode()


def measure(connections: int) -> dict[str, float]:
    """Microseconds a request of the whole, then of what is left without one part after another, by its name."""
    found = {"the service under wrk": _served(connections), "the application": asyncio.run(_asked(connections))}
    with ExitStack() as left_out:
        for name, without in PARTS.items():
            left_out.enter_context(without())
            found[f"without {name}"] = asyncio.run(_asked(connections))
    return found


async def _asked(connections: int) -> float:
    async with application() as ask:

        async def client(times: int) -> None:
            for _ in range(times):
                await ask(OURS.path, _BODY)

        async def all_at_once(times: int) -> None:
            await asyncio.gather(*(client(times) for _ in range(connections)))

        await all_at_once(5)
        times, took = _ASKED // connections, []
        for _ in range(_ROUNDS):
            began = time.process_time()
            await all_at_once(times)
            took.append((time.process_time() - began) / times / connections)
    return min(took) * 1e6


def _served(connections: int) -> float:
    took = []
    with started(OURS.command, OURS.environment, OURS.cores) as server:
        wait_until_ready(server)
        drive(OURS, server.port, connections, 1)
        for _ in range(3):
            before = _processor(server.process.pid)
            rate = drive(OURS, server.port, connections, _SECONDS).rate
            took.append((_processor(server.process.pid) - before) / rate / _SECONDS)
    return min(took) * 1e6


def _processor(pid: int) -> float:
    """Seconds of a processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _no_record() -> Iterator[None]:
    def enter(_: LogWriter, rows: Any) -> None:
        for _, waiter in rows:
            waiter.set_result(None)

    with patch.object(LogWriter, "enter", enter):
        yield


@contextmanager
def _no_engine() -> Iterator[None]:
    answer, kept = Engine.predict, list[Any]()

    def predict(engine: Engine, sequences: Any, *how: Any) -> list[Any]:
        if not kept:
            kept.extend(answer(engine, sequences[:1], *how))
        return kept * len(sequences)

    with patch.object(Engine, "predict", predict):
        yield


@contextmanager
def _no_writing() -> Iterator[None]:
    write, kept = NativeCodec.write, list[Any]()

    def written(codec: NativeCodec[Any], *what: Any) -> Any:
        if not kept:
            kept.append(write(codec, *what))
        return kept[0]

    with patch.object(NativeCodec, "write", written):
        yield


@contextmanager
def _no_counting() -> Iterator[None]:
    with patch.object(pipeline, "_count", lambda *_: None):
        yield


@contextmanager
def _no_reading() -> Iterator[None]:
    kept: list[Call] = []

    def ask(call: Call, *rest: Any) -> None:
        if not kept:
            computing.ask(call, *rest)
            kept.append(call)
        call.payload, call.question, call.price, call.validated = (
            *(kept[0].payload, kept[0].question),
            *(kept[0].price, kept[0].validated),
        )

    with patch.object(pipeline, "ask", ask):
        yield


PARTS: dict[str, Callable[[], Any]] = {
    "the record": _no_record,
    "inference and check": _no_engine,
    "the answer as JSON": _no_writing,
    "the metrics": _no_counting,
    "the body's parsing and the price": _no_reading,
}


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=(16, 64))
    options = parser.parse_args(arguments)
    require_tools()
    columns = [measure(connections) for connections in options.connections]
    print(f"{'':44}" + "".join(f"{connections:>8}" for connections in options.connections))
    for name in columns[0]:
        print(f"{name:44}" + "".join(f"{column[name]:8.1f}" for column in columns))


if __name__ == "__main__":
    main()
