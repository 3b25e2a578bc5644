"""Who is measured: how each is started and what it is asked. Starts nothing itself."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "runs"  # on the disk that the project is on: a log in memory would be synced for nothing
MODEL = ROOT / "models" / "sine-gru" / "1"
SEQUENCE = [3.05, 3.53, 4.18, 4.51, 4.93, 4.99, 4.9, 4.77, 4.31, 3.84, 3.34, 2.62, 2.18, 1.56, 1.27, 1.01]
SHARED = {"MODEL": str(MODEL), "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server, started in a folder of its own, and the request that it is timed with.

    ``{port}``, ``{second}`` and ``{third}`` in ``command`` and ``environment`` are free ports; it is asked on the
    first. ``answer`` is where its JSON answer has the next value of ``SEQUENCE`` that ``MODEL`` says, empty where it
    has none.
    """

    name: str
    command: tuple[str, ...]
    path: str
    body: str
    answer: tuple[str | int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    cores: str = "0"


def body(**more: object) -> str:
    """The question that everybody is asked, in the form that most take."""
    return json.dumps({"model": "sine-gru", "sequence": SEQUENCE, **more})


def ours(
    name: str, path: str, body: str, answer: tuple[str | int, ...], *flags: str, module: str = "service"
) -> Contestant:
    """The service with ``flags``."""
    command = (sys.executable, "-m", module, "--port", "{port}", "--models-dir", str(MODEL.parents[1]), *flags)
    return Contestant(name, command, path, body, answer, SHARED)


def _predict(name: str, *flags: str, module: str = "service") -> Contestant:
    return ours(name, "/predict", body(), ("predictions", 0, "value"), *flags, module=module)


def _fastapi(name: str, module: str, answer: tuple[str, ...] = ("value",)) -> Contestant:
    command = (sys.executable, "-m", "uvicorn", f"benchmarks.apps.{module}:app", "--port", "{port}", "--no-access-log")
    return Contestant(name, command, "/predict", body(), answer, SHARED)


EMPTY = _fastapi("FastAPI, empty endpoint", "fastapi_empty", ())
OURS = _predict("Unroll `/predict`: validated, checked, on record (synced to disk)")
UNSYNCED = _predict("Unroll `/predict`, on record but not synced", "--log-durability", "process")
UNRECORDED = _predict("Unroll `/predict`, no record (not a setting)", module="benchmarks.apps.unroll_nolog")
COMPARE = ours(
    "Unroll `/compare` of three models, synced",
    "/compare",
    json.dumps({"task": "sine", "sequence": SEQUENCE, "models": ["sine-simplernn", "sine-lstm", "sine-gru"]}),
    ("results", 2, "predictions", 0),
)
FORECAST = ours(
    "Unroll `/forecast` of 100 steps, synced", "/forecast", body(horizon=100), ("forecasts", 0, "values", 0)
)
# With no model named others answer than the one that everybody is compared with.
_SERIES = [*SEQUENCE, *SEQUENCE, *SEQUENCE][:36]
UNNAMED = ours("Unroll `/predict`, no model named, synced", "/predict", json.dumps({"sequence": SEQUENCE}), ())
GENERAL = ours(
    "Unroll `/forecast` of 12 steps after 36 values, no model named, synced",
    "/forecast",
    json.dumps({"sequence": _SERIES, "horizon": 12}),
    (),
)
MANY = ours(
    "Unroll `/nixtla/v2/forecast` of 100 such series, synced",
    "/nixtla/v2/forecast",
    json.dumps(
        {"model": "timegpt-1", "freq": "MS", "h": 12, "series": {"y": _SERIES * 100, "sizes": [len(_SERIES)] * 100}}
    ),
    (),
)

CONTESTANTS: tuple[Contestant, ...] = (
    EMPTY,
    OURS,
    UNSYNCED,
    UNRECORDED,
    UNNAMED,
    COMPARE,
    FORECAST,
    GENERAL,
    _fastapi("FastAPI and ONNX Runtime, no check, no record", "fastapi_onnx"),
    _fastapi("FastAPI and `keras_model.predict`, no check, no record", "fastapi_keras"),
)
