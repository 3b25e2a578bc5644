"""Requests that ask for as much as one may, on every computing endpoint."""

from __future__ import annotations

import json
import math
import struct
from functools import cache
from typing import Any

from tests.raw import http

LARGE = "textbook-linear-simplernn-256"
CELLS = [f"linear-{cell}" for cell in ("gru", "lstm", "simplernn")]
LINEAR = [*CELLS, "textbook-compare-lstm", "textbook-linear-simplernn-4x34", LARGE]


def _wave(length: int, shift: float = 0.0) -> list[float]:
    return [round(math.sin(0.3 * step + shift), 3) for step in range(length)]


def _post(path: str, body: dict[str, Any]) -> bytes:
    return http("POST", path, json.dumps(body, separators=(",", ":")).encode())


@cache
def dear() -> dict[str, bytes]:
    """The dearest of each kind that is admitted, as bytes, by a name."""
    many = [_wave(25, 0.1 * row) for row in range(10_000)]
    pairs = [[[step % 4, 0.5] for step in range(25)]] * 10_000
    size = {"binary_data_size": 2_000_000}
    tensor = {"name": "sequence", "datatype": "FP64", "shape": [10_000, 25], "parameters": size}
    head = json.dumps({"inputs": [tensor]}).encode()
    tensors = head + b"".join(struct.pack("<25d", *row) for row in many)
    return {
        "predict, one long": _post("/predict", {"model": LARGE, "sequence": _wave(250_000)}),
        "predict, many": _post("/predict", {"sequences": many[:9000]}),
        "predict, pairs": _post("/predict", {"model": "memory-gru", "sequences": pairs}),
        "compare, many": _post("/compare", {"task": "linear", "models": LINEAR, "sequences": many[:6000]}),
        "compare, one long": _post("/compare", {"task": "linear", "models": LINEAR, "sequence": _wave(200_000)}),
        "forecast, many": _post("/forecast", {"model": "sine-gru", "sequences": many[:250], "horizon": 1000}),
        "forecast, one": _post("/forecast", {"sequence": _wave(500), "horizon": 1000}),
        "backtest": _post("/backtest", {"sequence": _wave(100_000), "horizon": 1000}),
        "inspect": _post("/inspect", {"model": "linear-lstm", "sequence": _wave(1024)}),
        "generate": _post("/generate", {"model": "translate-date-gru", "input": "1" * 40, "beams": 10}),
        "v1": _post("/v1/models/sine-lstm:predict", {"instances": many}),
        "v2": http("POST", f"/v2/models/{LARGE}/infer", tensors, Inference_Header_Content_Length=str(len(head))),
    }


@cache
def dear_for_their_bytes() -> dict[str, bytes]:
    """Bodies of at most 4 kB that ask for much."""
    digits = [step % 10 for step in range(1060)]
    return {
        "compare, again and again": _post("/compare", {"task": "linear", "models": [LARGE] * 60, "sequence": digits}),
        "compare, all": _post("/compare", {"task": "linear", "models": LINEAR, "sequence": digits}),
        "predict, large": _post("/predict", {"model": LARGE, "sequence": digits * 1}),
        "predict, anybody": _post("/predict", {"sequence": digits}),
        "forecast": _post("/forecast", {"sequence": digits[:100], "horizon": 40}),
        "backtest": _post("/backtest", {"sequence": digits[:100], "horizon": 10}),
        "inspect": _post("/inspect", {"model": LARGE, "sequence": digits[:20]}),
        "small": _post("/predict", {"model": "sine-gru", "sequence": digits[:16]}),
    }
