"""How long one client waits, one question at a time: by length, by batch, by endpoint, and for 1,024 sequences at once.

Times are seconds, the median of as many questions as fit into the time for each (three at least, for the longest).
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.contestants import COMPARE, EMPTY, FORECAST, GENERAL, MANY, MODEL, OURS, UNNAMED
from benchmarks.drive import LOAD_CORE, running
from service.inference.engine import Engine
from service.inference.repository import Repository
from service.server import spare_collections

LENGTHS = (16, 64, 256, 1_000, 4_000, 16_000, 100_000)
BATCHES = (1, 4, 16, 64, 256, 1_000, 4_000, 10_000)
STEPS = 16  # values of each sequence of a batch
BULK = 1_024
_AT_LEAST = 3
_JSON = {"Content-Type": "application/json"}

# By what the document calls them.
_ENDPOINTS = {
    "`/predict`": OURS,
    "`/predict` with no model named": UNNAMED,
    "`/compare`": COMPARE,
    "`/forecast` of 100 steps": FORECAST,
    "of 12 steps after 36 values, no model named,": GENERAL,
    "of 100 such series by `/nixtla/v2/forecast`": MANY,
}

Ask = Callable[[str, bytes, dict[str, str]], bytes]


def measure(seconds: float) -> dict[str, Any]:
    """All of it, ``seconds`` for each point; JSON-ready."""
    with pinned(), running(OURS) as port, _client(port) as ask:
        posted = {length: _body(sequence=_series(1, length)[0]) for length in LENGTHS}
        batches = {rows: _body(sequences=_series(rows, STEPS)) for rows in BATCHES}
        return {
            "lengths": {n: median_of(seconds, partial(ask, "/predict", body, _JSON)) for n, body in posted.items()},
            "batches": {n: median_of(seconds, partial(ask, "/predict", body, _JSON)) for n, body in batches.items()},
            "endpoints": {
                name: median_of(seconds, partial(ask, each.path, each.body.encode(), _JSON))
                for name, each in _ENDPOINTS.items()
            },
            "empty": _empty(seconds),
            "bulk": _bulk(seconds, port),
        }


def slope(points: dict[int, float]) -> float:
    """The exponent of growth over the last three points: 1 is a straight line, 2 a parabola."""
    sizes = sorted(points)[-3:]
    return float(np.polyfit(np.log(sizes), np.log([points[size] for size in sizes]), 1)[0])


def binary(rows: list[list[float]]) -> tuple[bytes, dict[str, str]]:
    """``rows`` as a v2 request with a binary tensor, and its headers."""
    data = np.array(rows, "<f8")
    tensor = {"name": "sequence", "shape": [*data.shape, 1], "datatype": "FP64"}
    sized = {**tensor, "parameters": {"binary_data_size": data.nbytes}}
    wanted = [{"name": "prediction", "parameters": {"binary_data": True}}]
    header = json.dumps({"inputs": [sized], "outputs": wanted}).encode()
    return header + data.tobytes(), {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(header)),
    }


def _bulk(seconds: float, port: int) -> dict[str, float]:
    """Sequences per second of one request that holds 1,024 of 16 values."""
    rows = _series(BULK, STEPS)
    posted, (tensors, headers) = _body(sequences=rows), binary(rows)
    path = f"/v2/models/{MODEL.parent.name}/infer"
    engine = Engine(Repository(MODEL.parents[1]).catalog)
    spare_collections()  # as in the process of a service
    with _client(port) as ask:  # one that was idle meanwhile would be cut off
        took = {
            "json": median_of(seconds, partial(ask, "/predict", posted, _JSON)),
            "v2 binary": median_of(seconds, partial(ask, path, tensors, headers)),
        }
    took["engine"] = median_of(seconds, lambda: engine.predict([list(row) for row in rows], MODEL.parent.name))
    return {name: BULK / taken for name, taken in took.items()}


def _empty(seconds: float) -> float:
    with running(EMPTY) as port, _client(port) as ask:
        return median_of(seconds, partial(ask, EMPTY.path, EMPTY.body.encode(), _JSON))


def _series(rows: int, steps: int) -> list[list[float]]:
    """Noisy sines of many lengths of wave, four digits a value."""
    random = np.random.default_rng(9)
    phase, wave = random.uniform(0, 6.3, (rows, 1)), random.uniform(8, 40, (rows, 1))
    values = 3 + 2 * np.sin(phase + 6.2832 * np.arange(steps) / wave) + random.normal(0, 0.05, (rows, steps))
    rounded: list[list[float]] = values.round(4).tolist()
    return rounded


def _body(**more: object) -> bytes:
    return json.dumps({"model": MODEL.parent.name, **more}).encode()


def median_of(seconds: float, action: Callable[[], object]) -> float:
    """The median time of as many of ``action`` as fit into ``seconds``, three at least."""
    action()  # the first makes room
    took: list[float] = []
    while len(took) < _AT_LEAST or sum(took) < seconds:
        began = time.perf_counter()
        action()
        took.append(time.perf_counter() - began)
    return median(took)


@contextmanager
def _client(port: int) -> Iterator[Ask]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(path: str, body: bytes, headers: dict[str, str]) -> bytes:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}: {content[:500]!r}")
        return content

    try:
        yield ask
    finally:
        connection.close()


@contextmanager
def pinned() -> Iterator[None]:
    """Keeps the process on the core that no server is on."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
