"""The intervals of one trained network, and its rolling-origin backtest on the hold-out; trains nothing.

The network answers as the service would: from the last values before each origin, as many as it was trained on, and
free-running after that.
"""

from __future__ import annotations

import numpy as np

from service.cards import Evaluation, Intervals, Judged, JudgedEntry, Level
from service.inference.network import OnnxNetwork
from training.calibration import LEVELS, conformal, error_scale
from training.evaluation import score
from training.forecast import free_run_all
from training.series.measures import Forecasts, entries, overall, scales
from training.series.panel import Panel
from training.series.rivals import rivals
from training.series.splits import Origins, Split, origins
from training.tasks.base import Floats, digest

# Origins that calibrate and judge: of one series, of all together, and how many series are judged at the most.
EACH, MOST, MOST_SERIES = 200, 2_000, 100

Entries = tuple[JudgedEntry, ...]


def holdout(panel: Panel, split: Split) -> Origins:
    """The origins that judge everything, the same for the network and its rivals."""
    return origins(panel, split, "holdout", min(MOST, EACH * len(panel.series)), MOST_SERIES)


def judge_rival(name: str, panel: Panel, split: Split, season: int | None) -> Entries:
    """One rival's errors on the hold-out."""
    chosen = holdout(panel, split)
    made = rivals(season)[name](panel, split, chosen, season)
    return entries(name, made, chosen, scales(panel, split, season))


def network_forecasts(network: OnnxNetwork, length: int, panel: Panel, split: Split, chosen: Origins) -> Forecasts:
    """The network's forecasts from ``chosen``, without intervals."""
    return Forecasts(free_run_all(network, *chosen.contexts(panel, length), split.horizon))


def calibrate(network: OnnxNetwork, length: int, panel: Panel, split: Split) -> dict[Level, Floats]:
    """Split-conformal quantiles [horizon] of each level from the calibration part."""
    chosen = origins(panel, split, "calibration", MOST)
    made = network_forecasts(network, length, panel, split, chosen)
    scale = error_scale(network, *chosen.contexts(panel, length))
    found = np.abs(made.values - chosen.truth) / np.maximum(scale, np.finfo(float).tiny)[:, None]
    return {
        level: np.concatenate([conformal(column[~np.isnan(column), None], int(level) / 100) for column in found.T])
        for level in LEVELS
    }


def bounded(
    made: Forecasts, network: OnnxNetwork, length: int, panel: Panel, chosen: Origins, quantiles: dict[Level, Floats]
) -> Forecasts:
    """The same forecasts with the intervals that the service would give."""
    scale = error_scale(network, *chosen.contexts(panel, length))[:, None]
    bounds = {level: (made.values - scale * wide, made.values + scale * wide) for level, wide in quantiles.items()}
    return Forecasts(made.values, bounds)


def intervals_of(quantiles: dict[Level, Floats], own: Entries, panel: Panel, split: Split) -> Intervals:
    """The card's intervals, with the coverage that ``own`` measured on the hold-out."""
    chosen = origins(panel, split, "calibration", MOST)
    return Intervals(
        calibration=f"{len(chosen.at)} rolling origins in the calibration part; coverage on the hold-out",
        data_sha256=digest((chosen.truth,)),
        quantiles={level: quantile.tolist() for level, quantile in quantiles.items()},
        coverage={level: [(entry.coverage or {})[level] for entry in own] for level in quantiles},
    )


def judged(own: Entries, others: dict[str, Entries], panel: Panel, split: Split, season: int | None) -> Judged:
    """The verdict on one network from its own errors and its rivals'."""
    mine = overall(own)
    totals = {name: overall(each) for name, each in others.items()}
    ruled = {name: total for name, total in totals.items() if name.startswith("rule:")}
    strongest = min(ruled, key=ruled.__getitem__)
    best = min(totals, key=totals.__getitem__)
    return Judged(
        origins=len(holdout(panel, split).at),
        horizon=split.horizon,
        season=season,
        entries=(*own, *(entry for each in others.values() for entry in each)),
        best=best if totals[best] < mine else own[0].name,
        beaten_by=strongest if ruled[strongest] < mine else None,
    )


def evaluation(made: Forecasts, panel: Panel, split: Split, season: int | None) -> Evaluation:
    """The next value on the hold-out beside the service's rules, in the unit of MASE."""
    chosen = holdout(panel, split)
    known = ~np.isnan(chosen.truth[:, 0])
    unit = scales(panel, split, season)[chosen.series]
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
