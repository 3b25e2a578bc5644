"""Who is measured: how each is started and what it is asked. Starts nothing itself."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

MODEL = Path(__file__).parents[1] / "models" / "sine-gru" / "1"
SEQUENCE = [3.05, 3.53, 4.18, 4.51, 4.93, 4.99, 4.9, 4.77, 4.31, 3.84, 3.34, 2.62, 2.18, 1.56, 1.27, 1.01]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server on ``{port}``, started in a folder of its own, and the request that it is timed with."""

    name: str
    command: tuple[str, ...]
    path: str
    body: str
    environment: dict[str, str] = field(default_factory=dict)


def _body(**more: object) -> str:
    return json.dumps({"model": "sine-gru", "sequence": SEQUENCE, **more})


def _ours(name: str, path: str, body: str, *flags: str) -> Contestant:
    command = (sys.executable, "-m", "service", "--port", "{port}", "--models-dir", str(MODEL.parents[1]), *flags)
    return Contestant(name, command, path, body)


def _fastapi(name: str, module: str) -> Contestant:
    command = (sys.executable, "-m", "uvicorn", f"benchmarks.apps.{module}:app", "--port", "{port}", "--no-access-log")
    root = str(Path(__file__).parents[1])
    return Contestant(name, command, "/predict", _body(), {"MODEL": str(MODEL), "PYTHONPATH": root})


EMPTY = _fastapi("FastAPI, empty", "fastapi_empty")

CONTESTANTS: tuple[Contestant, ...] = (
    EMPTY,
    _ours("Unroll, log power", "/predict", _body()),
    _ours("Unroll, log process", "/predict", _body(), "--log-durability", "process"),
    _ours("Unroll, compare 3 models", "/compare", json.dumps({"task": "sine", "sequence": SEQUENCE})),
    _ours("Unroll, forecast 100", "/forecast", _body(horizon=100)),
    _fastapi("FastAPI + ONNX, no check, no log", "fastapi_onnx"),
    _fastapi("FastAPI + keras predict", "fastapi_keras"),
)
