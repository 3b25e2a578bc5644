"""Large batches leave the event loop to the others."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.serving import Process

pytestmark = [pytest.mark.system, pytest.mark.alone]

# How many times longer the others may wait at the 99th percentile while a batch of 100,000 values is computed: 5 are
# measured on a quiet machine.
LONGER = 20
SMALL = {"model": "sine-gru", "sequence": [0.1, 0.9, 0.3, 0.7, 0.2, 1.4, 0.3, 0.9]}


@pytest.mark.parametrize("values", [100_000, 250_000])
def test_small_requests_hardly_wait_while_a_large_batch_is_computed(tmp_path: Path, values: int) -> None:
    # Encoded beforehand, so that it is not this process that keeps the small requests waiting.
    wave = np.sin(0.3 * np.arange(values)).reshape(-1, 50).tolist()
    body = json.dumps({"model": "sine-gru", "sequences": wave}).encode()
    with Process(tmp_path, "--log-durability", "process") as server:
        server.wait_until_ready()
        server.client.post("/predict", json=SMALL).raise_for_status()
        quiet = _p99(server, lambda count: count < 300)
        batch = threading.Thread(target=_post_batch, args=(server, body))
        batch.start()
        busy = _p99(server, lambda _: batch.is_alive())
        batch.join()
    print(f"{values} values: p99 {quiet * 1e3:.1f} ms alone, {busy * 1e3:.1f} ms beside the batch")
    if values == 100_000:  # the figure for 250,000 is published, not promised
        assert busy <= LONGER * quiet


def test_small_requests_hardly_wait_while_a_long_series_is_judged(tmp_path: Path) -> None:
    walk = np.random.default_rng(0).normal(size=100_000).cumsum().tolist()
    body = json.dumps({"sequence": walk, "horizon": 500}).encode()
    with Process(tmp_path, "--log-durability", "process") as server:
        server.wait_until_ready()
        server.client.post("/predict", json=SMALL).raise_for_status()
        quiet = _p99(server, lambda count: count < 300)
        batch = threading.Thread(target=_post_batch, args=(server, body, "/backtest", 1))
        batch.start()
        busy = _p99(server, lambda _: batch.is_alive())
        batch.join()
    print(f"100,000 values judged: p99 {quiet * 1e3:.1f} ms alone, {busy * 1e3:.1f} ms beside it")
    assert busy <= LONGER * quiet


def _post_batch(server: Process, body: bytes, path: str = "/predict", times: int = 5) -> None:
    for _ in range(times):
        server.client.post(path, content=body).raise_for_status()


def _p99(server: Process, more: Callable[[int], bool]) -> float:
    times: list[float] = []
    while more(len(times)):
        start = time.perf_counter()
        server.client.post("/predict", json=SMALL).raise_for_status()
        times.append(time.perf_counter() - start)
    return float(np.percentile(times, 99))
