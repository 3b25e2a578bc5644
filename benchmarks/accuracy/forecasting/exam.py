"""Runs forecasters over sets and keeps their scores: what is stored is not run again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.forecasting import peers, store
from benchmarks.accuracy.forecasting.forecasters import Forecaster, SeasonalNaive, Service
from benchmarks.accuracy.forecasting.scores import Score, score
from benchmarks.accuracy.forecasting.sets import SeriesSet
from service.inference.engine import Engine
from training.terminal import say

# What documents show; a row is renewed whenever its forecasts are.
SCORES = Path(__file__).parents[2] / "results" / "forecasting.json"
NAIVE = SeasonalNaive.name


def forecasters(names: Sequence[str], engine: Engine) -> list[Forecaster]:
    """Those called so: a peer, "service" for the answer with no model named, else a served model."""

    def one(name: str) -> Forecaster:
        if name in peers.PRICES:
            return peers.Peer(name)
        return Service(engine, None if name == "service" else name)

    return [one(name) for name in names]


def rows_of(forecaster: Forecaster, given: SeriesSet, seconds: float) -> range:
    """The series that are forecast: all, but every k-th for a peer that would take more than ``seconds``."""
    step = peers.every(forecaster.name, given, seconds) if forecaster.name in peers.PRICES else 1
    return range(0, len(given.known), step)


def run(
    sets: Iterable[SeriesSet],
    asked: Sequence[Forecaster],
    folder: Path,
    console: Console,
    *,
    seconds: float,
    until: float | None = None,
) -> Iterator[Score]:
    """The scores of ``asked`` on each of ``sets``, and seasonal naive's.

    ``folder`` keeps forecasts; ``seconds`` of a core is what a peer may take for a set, and ``until`` the moment of
    ``time.monotonic`` at which to stop, with the rest left for another run.
    """
    for given in sets:
        whole = range(len(given.known))
        points = SeasonalNaive().forecast(given.known, given.horizon, given.season)
        yield score(NAIVE, given, store.Forecasts(store.places(whole), points, 0.0, 0.0, 0))
        for forecaster in asked:
            rows = rows_of(forecaster, given, seconds)
            portions = []
            for portion in store.made(folder, forecaster, given, rows):
                portions.append(portion)
                if until is not None and time.monotonic() > until:
                    break
            done = store.joined(portions)
            found = score(forecaster.name, given, done, getattr(forecaster, "parameters", None))
            say(console, "done", "green", f"{given.name}: {forecaster.name} on {len(done.rows)} of {len(rows)} series")
            yield found
            if until is not None and time.monotonic() > until:
                return


def keep(file: Path, found: Iterable[Score]) -> None:
    """Put each score of ``found`` into ``file`` as it comes, in the place of the one of that set and forecaster."""
    for each in found:
        kept = {(row.dataset, row.forecaster): row for row in scores(file)} | {(each.dataset, each.forecaster): each}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([asdict(row) for row in kept.values()], indent=1) + "\n")


def scores(file: Path) -> list[Score]:
    """Those that are kept in ``file``."""
    return [Score(**row) for row in json.loads(file.read_text())] if file.is_file() else []
