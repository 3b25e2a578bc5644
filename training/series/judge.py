"""The intervals of one trained network, and its rolling-origin backtest on the hold-out; trains nothing.

The network answers as the service would: from the last values before each origin, as many as it was trained on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.cards import Evaluation, Judged, JudgedEntry, Level, widest_of
from service.inference.batch import Batch
from service.inference.intervals import given
from service.inference.readings.reading import Loaded, Reading
from service.levels import NAMES
from training.answers import error_scales, forecasts, spread
from training.calibration import NONE, Calibrated, calibrated, quantiles_of
from training.evaluation import score
from training.series.covariates import beside
from training.series.measures import Forecasts, entries, origin_errors, overall, scales
from training.series.panel import Panel
from training.series.rivals import rivals
from training.series.splits import Origins, Split, origins
from training.tasks.base import digest

# Origins that calibrate and judge: of one series, of all together, and how many series are judged at the most.
EACH, MOST, MOST_SERIES = 200, 2_000, 100

Entries = tuple[JudgedEntry, ...]


def holdout(panel: Panel, split: Split) -> Origins:
    """The origins that judge everything, the same for the network and its rivals."""
    return origins(panel, split, "holdout", min(MOST, EACH * len(panel.series)), MOST_SERIES)


class Record(NamedTuple):
    """What one competitor did on the hold-out: its ``entries``, and what each origin adds to its error [origins]."""

    entries: Entries
    errors: Floats


Records = dict[str, Record]


def record(name: str, made: Forecasts, panel: Panel, split: Split, season: int | None) -> Record:
    """The record of what was ``made`` from the origins of the hold-out."""
    held, scale = holdout(panel, split), scales(panel, split, season)
    return Record(entries(name, made, held, scale), origin_errors(made.values, held, scale))


def judge_rival(name: str, panel: Panel, split: Split, season: int | None) -> Record:
    """One rival's record."""
    made = rivals(season)[name](panel, split, holdout(panel, split), season)
    return record(name, made, panel, split, season)


class Served(NamedTuple):
    """A network as it is served: what reads for it, and how many of the last values it is given."""

    reading: Reading
    network: Loaded
    length: int

    def forecasts(self, panel: Panel, split: Split, chosen: Origins) -> Forecasts:
        """Its forecasts from ``chosen``; with intervals if those are its own."""
        contexts = chosen.contexts(panel, self.length)
        if not self.reading.spreads:
            return Forecasts(forecasts(self.reading, self.network, *contexts, split.horizon))
        stands = beside(panel, chosen, self.length, split.horizon) if self.reading.covariates else None
        found = spread(self.reading, self.network, *contexts, split.horizon, [float(level) for level in NAMES], stands)
        return Forecasts(found.values, dict(zip(NAMES, zip(found.lower, found.upper, strict=True), strict=True)))

    def scales(self, panel: Panel, chosen: Origins) -> Floats:
        """What intervals that are calibrated are measured in, after each of ``chosen``."""
        return error_scales(self.reading, self.network, *chosen.contexts(panel, self.length))


class Outcome(NamedTuple):
    """What one network did on the hold-out: its forecasts, with bounds where it has intervals, and its record."""

    made: Forecasts
    record: Record
    calibrated: Calibrated


def outcome(name: str, served: Served, panel: Panel, split: Split, season: int | None) -> Outcome:
    """The network's hold-out, with the intervals that the calibration part gives it, or why there are none."""
    held = holdout(panel, split)
    plain, rest = served.forecasts(panel, split, held), (panel, split, season)
    if served.reading.spreads:
        return Outcome(plain, record(name, plain, *rest), NONE)
    quantiles, reason = calibrate(served, panel, split)
    if reason is not None:
        return Outcome(plain, record(name, plain, *rest), Calibrated(None, reason))
    made = bounded(plain, served, panel, held, quantiles)
    own = record(name, made, *rest)
    return Outcome(made, own, intervals_of(quantiles, own.entries, panel, split))


def calibrate(served: Served, panel: Panel, split: Split) -> tuple[dict[Level, Floats], str | None]:
    """Split-conformal quantiles [horizon] of each level from the calibration part, or why there are none."""
    chosen = origins(panel, split, "calibration", MOST)
    made = served.forecasts(panel, split, chosen)
    return quantiles_of(np.abs(made.values - chosen.truth) / served.scales(panel, chosen)[:, None])


def bounded(
    made: Forecasts, served: Served, panel: Panel, chosen: Origins, quantiles: dict[Level, Floats]
) -> Forecasts:
    """The same forecasts with the intervals that the service would give."""
    values, lengths = chosen.contexts(panel, served.length)
    scale = served.scales(panel, chosen)
    widest = widest_of({level: wide.tolist() for level, wide in quantiles.items()})
    unit = Batch(values, None, lengths, np.arange(len(lengths))).unit
    width = np.where(given(widest, scale, unit), scale, np.nan)[:, None]
    bounds = {level: (made.values - width * wide, made.values + width * wide) for level, wide in quantiles.items()}
    return Forecasts(made.values, bounds)


def intervals_of(quantiles: dict[Level, Floats], own: Entries, panel: Panel, split: Split) -> Calibrated:
    """The card's intervals, with the coverage that ``own`` measured on the hold-out."""
    chosen = origins(panel, split, "calibration", MOST)
    described = f"{len(chosen.at)} rolling origins in the calibration part; coverage on the hold-out"
    coverage = {level: [(entry.coverage or {}).get(level, np.nan) for entry in own] for level in quantiles}
    return calibrated(described, digest((chosen.truth,)), quantiles, coverage)


def judged(own: Entries, others: Records, panel: Panel, split: Split, season: int | None) -> Judged:
    """The verdict on one network from its own errors and its rivals'."""
    mine = overall(own)
    totals = {name: overall(each.entries) for name, each in others.items()}
    ruled = {name: total for name, total in totals.items() if name.startswith("rule:")}
    strongest = min(ruled, key=ruled.__getitem__)
    best = min(totals, key=totals.__getitem__)
    return Judged(
        origins=len(holdout(panel, split).at),
        horizon=split.horizon,
        season=season,
        entries=(*own, *(entry for each in others.values() for entry in each.entries)),
        best=best if totals[best] < mine else own[0].name,
        beaten_by=strongest if ruled[strongest] < mine else None,
    )


def evaluation(made: Forecasts, panel: Panel, split: Split, season: int | None) -> Evaluation:
    """The next value on the hold-out beside the service's rules, in the unit of MASE."""
    chosen = holdout(panel, split)
    unit = scales(panel, split, season)[chosen.series]
    known = ~np.isnan(chosen.truth[:, 0]) & ~np.isnan(unit)
    truth = chosen.truth[:, 0]

    def scored(values: Floats) -> Floats:
        errors: Floats = ((values[:, 0] - truth) / unit)[known]
        return errors

    ruled = {name: rival for name, rival in rivals(season).items() if name.startswith("rule:")}
    return Evaluation(
        name="hold-out",
        data=f"the last {split.holdout:.0%} of each series, one step ahead from rolling origins",
        unit="mean seasonal difference" if season else "mean difference",
        sequences=int(known.sum()),
        data_sha256=digest((chosen.truth, chosen.at)),
        model=score(scored(made.values)),
        rules={
            name.removeprefix("rule:"): score(scored(rival(panel, split, chosen, season).values))
            for name, rival in ruled.items()
        },
    )
