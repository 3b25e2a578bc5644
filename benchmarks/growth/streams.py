"""What a value of a stream costs: of 64 streams in a request, four at a time, of one alone, rebuilt; idle streams."""

from __future__ import annotations

import http.client
import json
import math
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import count, cycle
from typing import Any

import numpy as np
from sqlalchemy import text

from benchmarks.contestants import OURS, RUNS
from benchmarks.drive import started
from benchmarks.growth.latency import pinned
from benchmarks.growth.start import settled_size, wait_until_ready
from service.request_log.database import open_writer, parse_url
from service.request_log.migrate import migrate
from service.request_log.tables import streams

LIVE, IDLE, TOGETHER, SENDERS = 10_000, 1_000_000, 64, 4
ROOM = 512 << 20  # bytes for all live streams
WINDOWS = (64, 256)
_MODEL = "sine-gru"
_TURNS = 3
_PAGES = 50
# A stream of which nobody has sent a value; names are in the order of the numbers.
_IDLE = f"""
INSERT INTO {streams.name} (id, client, name, created, asked, model, version, next, judged)
WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :last)
SELECT n, '', printf('idle-%09d', n), 0, :asked, 'sine-gru', '1', 0, 0 FROM counted
"""  # noqa: S608  (our own names)
_ASKED = json.dumps(
    {
        "model": _MODEL,
        "version": None,
        "season": [],
        "window": 256,
        "levels": [90.0],
        "flag_rate": 0.01,
        "drift": 0.01,
    }
)

Ask = Callable[[str, str, object], Any]


def measure(seconds: float, *, live: int = LIVE, idle: int = IDLE) -> dict[str, Any]:
    """For each window values a second of ``live`` streams, and what one costs; ``idle`` streams at last. JSON-ready."""
    return {
        "live": live,
        "windows": {window: _of_window(window, live, seconds) for window in WINDOWS},
        "idle": _idle(idle),
    }


def _of_window(window: int, live: int, seconds: float) -> dict[str, float]:
    RUNS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RUNS) as folder:
        log = ("--database-url", f"sqlite:///{folder}/unroll.db")
        names = [f"live-{number}" for number in range(live)]
        with _service(*log, "--stream-memory", str(ROOM)) as (ask, _):
            for name in names:
                ask("PUT", f"/streams/{name}", {"model": _MODEL, "window": window})
            parts = [names[start : start + TOGETHER] for start in range(0, live, TOGETHER)]
            first = 3 * window // 2  # values that each has before it is timed: as many as an answer reads in the mean
            most = max(1, 10_000 // TOGETHER)
            for start in range(0, first, most):
                for part in parts:
                    _take(ask, _posted(part, start, min(most, first - start)), len(part))
            took, sent, seq = 0.0, 0, first
            with ThreadPoolExecutor(SENDERS) as pool:
                while took < seconds:
                    bodies = [_posted(part, seq, 1) for part in parts]
                    began = time.perf_counter()
                    deque(pool.map(partial(_take, ask), bodies, map(len, parts)), 0)
                    took += time.perf_counter() - began
                    sent, seq = sent + live, seq + 1
            one, predicted = _alone(ask, names[0], seq, window, seconds)
        # A stream that is not held is rebuilt from the record for each value.
        with _service(*log, "--stream-memory", "1024") as (ask, _):
            rebuilt = _rebuilt(ask, names[1:], seq, seconds)
    return {"values": sent / took, "one": one, "predict": predicted, **rebuilt}


def _alone(ask: Ask, name: str, seq: int, window: int, seconds: float) -> tuple[float, float]:
    """Values a second of one stream, and questions a second to /predict, in turns."""
    context = [_value(name, number) for number in range(3 * window // 2)]
    asked = {"model": _MODEL, "sequence": context, "levels": [90]}
    ones: list[float] = []
    predicted: list[float] = []
    numbers = count(seq)
    for _ in range(_TURNS):
        ones += _repeated(seconds / _TURNS, lambda: _append(ask, name, next(numbers)))
        predicted += _repeated(seconds / _TURNS, lambda: ask("POST", "/predict", asked))
    return len(ones) / sum(ones), len(predicted) / sum(predicted)


def _rebuilt(ask: Ask, names: list[str], seq: int, seconds: float) -> dict[str, float]:
    """Seconds of a value of a stream that was not held."""
    rotating = cycle(names)
    at = dict.fromkeys(names, seq)

    def after_rebuild() -> None:
        name = next(rotating)
        _append(ask, name, at[name])
        at[name] += 1

    took = np.array(_repeated(seconds, after_rebuild))
    half, last = (float(np.percentile(took, each)) for each in (50, 99))
    return {"rebuilt_p50": half, "rebuilt_p99": last}


def _idle(idle: int) -> dict[str, float]:
    """Bytes of a service with a new log, and of one with ``idle`` streams in it; seconds of a page of those, p99."""
    with _service() as (ask, size):
        ask("GET", "/streams", None)
        empty = size()
    with tempfile.TemporaryDirectory(dir=RUNS) as folder:
        url = f"sqlite:///{folder}/unroll.db"
        migrate(url)
        engine = open_writer(parse_url(url), "process", 60)
        with engine.begin() as connection:
            connection.execute(text(_IDLE), {"last": idle, "asked": _ASKED})
        engine.dispose()
        with _service("--database-url", url) as (ask, size):
            starts = np.linspace(1, idle, _PAGES, dtype=int).tolist()
            pages = [partial(ask, "GET", f"/streams?limit=100&cursor=idle-{start:09}", None) for start in starts]
            took = [_timed(page) for page in pages]
            return {"streams": idle, "empty": empty, "bytes": size(), "page_p99": float(np.percentile(took, 99))}


@contextmanager
def _service(*flags: str) -> Iterator[tuple[Ask, Callable[[], int]]]:
    """A service on its core: how to ask it, and how many bytes it has."""
    RUNS.mkdir(exist_ok=True)
    with (
        pinned(),
        started((*OURS.command, *flags), OURS.environment, OURS.cores, RUNS) as server,
        ExitStack() as opened,
    ):
        wait_until_ready(server)
        connections = threading.local()

        def ask(method: str, path: str, body: object) -> Any:
            content = None if body is None else json.dumps(body)
            connection: http.client.HTTPConnection | None = getattr(connections, "own", None)
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                connections.own = opened.enter_context(closing(connection))
            connection.request(method, path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = answer.read()
            if answer.status >= http.client.BAD_REQUEST:
                raise RuntimeError(f"{path} answered {answer.status}: {found[:500]!r}")
            return found

        yield ask, partial(settled_size, server)


def _posted(names: list[str], seq: int, values: int) -> dict[str, Any]:
    """So many values of each of ``names``."""
    return {
        "streams": [
            {"stream": name, "seq": seq, "values": [_value(name, number) for number in range(seq, seq + values)]}
            for name in names
        ]
    }


def _take(ask: Ask, posted: dict[str, Any], streams: int) -> None:
    """Have values of so many ``streams`` answered."""
    found = ask("POST", "/streams/values", posted)
    if found.count(b'"problem":null') != streams:
        raise RuntimeError(f"a value was refused: {found[:500]!r}")


def _append(ask: Ask, name: str, seq: int) -> None:
    ask("POST", f"/streams/{name}/values", {"seq": seq, "values": [_value(name, seq)]})


def _value(name: str, seq: int) -> float:
    return round(math.sin(seq / 5 + int(name.rpartition("-")[2]) % 7) + 0.05 * math.sin(seq * seq), 4)


def _repeated(seconds: float, action: Callable[[], object]) -> list[float]:
    """The times of as many of ``action`` as fit into ``seconds``, three at least."""
    took: list[float] = []
    while len(took) < _TURNS or sum(took) < seconds:
        took.append(_timed(action))
    return took


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
