"""What a forecast of the general model costs a core, its record over the horizon included, without HTTP and log.

Noisy monthly series with a trend, the season found; median seconds for one series, alone and among others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contestants import MODEL
from benchmarks.growth.latency import median_of, pinned
from service.inference.engine import Engine
from service.inference.repository import Repository
from service.inference.sequences import Sequence
from service.server import spare_collections

GENERAL = "series-gru"
# Values, horizon, and how many series are answered in one call.
SIZES = ((36, 12, 1), (36, 12, 100), (512, 48, 1), (512, 48, 16))


def measure(seconds: float) -> dict[str, Any]:
    """``seconds`` for each size and way of asking; JSON-ready."""
    engine = Engine(Repository(MODEL.parents[1]).catalog)
    spare_collections()  # as in the process of a service
    found = []
    with pinned():
        for steps, horizon, several in SIZES:
            posted = monthly(several, steps)
            row: dict[str, Any] = {"values": steps, "horizon": horizon, "series": several}
            for way, model in (("named", GENERAL), ("unnamed", None)):
                row[way] = median_of(seconds, partial(engine.forecast, posted, horizon, model)) / several
            found.append(row)
    return {"date": datetime.now(UTC).date().isoformat(), "rows": found}


def monthly(several: int, steps: int) -> list[Sequence]:
    """Series [several, steps] with a season of 12, a trend and noise."""
    random, step = np.random.default_rng(12), np.arange(steps)
    phase, rise = random.uniform(0.0, 6.3, (several, 1)), random.normal(0.0, 0.3, (several, 1))
    noise = random.normal(0.0, 2.0, (several, steps))
    values: list[Sequence] = (100.0 + 10.0 * np.sin(phase + 6.2832 * step / 12) + rise * step + noise).tolist()
    return values
