"""Fixed measurements, as the benchmarks would have written them."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import OURS, UNRECORDED, UNSYNCED
from benchmarks.drive import Measured
from benchmarks.race import Runs
from benchmarks.results import stored

MACHINE = {
    "date": "2026-01-02",
    "cores": 2,
    "processor": "Some CPU",
    "versions": {"Python": "3.11.7", "unroll": "0.1.0"},
    "commit": "abc1234",
    "command": "make bench",
}


def runs() -> Runs:
    """Three rounds of two contestants at 16 and 64 connections; in the second round the machine was half as fast."""
    found: Runs = {}
    for connections, ours in ((16, (8000.0, 4500.0, 7000.0)), (64, (10000.0, 5000.0, 10500.0))):
        found["empty", connections] = [Measured(rate, 0.0015, 0.003, 0) for rate in (10000.0, 5000.0, 10000.0)]
        found["ours", connections] = [Measured(rate, 0.002, 0.0041, 0) for rate in ours]
    return found


def race(measured: Runs | None = None) -> dict[str, Any]:
    """What ``python -m benchmarks`` writes."""
    return {
        "machine": MACHINE,
        "rounds": 3,
        "seconds": 4,
        "baseline": "empty",
        "runs": stored(measured or runs()),
    }


def record() -> dict[str, Any]:
    """What ``python -m benchmarks.record`` writes."""
    rates = ((UNRECORDED, (100.0, 50.0, 100.0)), (OURS, (70.0, 40.0, 90.0)), (UNSYNCED, (85.0, 42.5, 85.0)))
    found = {(each.name, 64): [Measured(rate, 0.001, 0.002, 0) for rate in reached] for each, reached in rates}
    machine = {**MACHINE, "command": "make bench-record"}
    return {"machine": machine, "rounds": 3, "seconds": 5, "runs": stored(found)}


def growth() -> dict[str, Any]:
    """What ``python -m benchmarks.growth`` writes."""
    return {
        "machine": {**MACHINE, "command": "make bench-growth"},
        "latency": {
            "lengths": {"16": 0.0005, "1000": 0.001, "10000": 0.01, "100000": 0.1},
            "batches": {"1": 0.0005, "100": 0.002, "1000": 0.02, "10000": 0.2},
            "endpoints": {"`/predict`": 0.0004, "`/forecast`": 0.0025},
            "empty": 0.0002,
            "bulk": {"json": 40000.4, "v2 binary": 120000.0, "engine": 200000.0},
        },
        "forecasts": {
            "date": "2026-10-30",
            "rows": [
                {"values": 36, "horizon": 12, "series": 1, "named": 0.003, "unnamed": 0.0041},
                {"values": 36, "horizon": 12, "series": 100, "named": 0.001, "unnamed": 0.0012},
            ],
        },
        "streams": {
            "live": 10_000,
            "windows": {
                "64": {"values": 5000.4, "one": 900.0, "predict": 1000.0, "rebuilt_p50": 0.002, "rebuilt_p99": 0.0041}
            },
            "idle": {"streams": 1_000_000, "empty": 100_000_000, "bytes": 101_000_000, "page_p99": 0.0012},
        },
        "log": {"rows": 10_000_000, "bytes": 8_800_000_000, "ratios": {"16": [0.99, 0.95, 1.02]}, "runs": []},
        "workers": {
            "64": {
                "ratios": {"1": [1.0, 1.0, 1.0], "2": [1.52, 1.4, 1.6]},
                "tails": {"1": 2.0, "2": 3.5},
                "load_cores": {"1": 0.2, "2": 0.35},
            },
            "runs": [],
        },
        "start": {
            "seconds": {"new": 0.951, "kept": 0.75, "empty": 0.5},
            "resident": 128_000_000,
            "empty": 61_000_000,
            "totals": {"1": 95e6, "2": 270e6, "4": 448e6},
            "further": 89_000_000.0,
        },
    }
