"""MASE, sMAPE and coverage of one competitor at each horizon, over all origins. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.arrays import Floats
from service.cards import JudgedEntry, Level
from service.inference.measures import coverage, naive_error, relative_errors
from training.series.panel import Panel
from training.series.splits import Origins, Split

Bounds = Mapping[Level, tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One competitor's forecasts: ``values`` float64 [origins, horizon] and lower and upper bounds of that shape.

    Bounds are NaN where no interval is given.
    """

    values: Floats
    bounds: Bounds | None = None


def scales(panel: Panel, split: Split, season: int | None) -> Floats:
    """The denominators of MASE [series]: the (seasonal) naive rule's mean absolute error before the hold-out.

    NaN where nothing moves before the hold-out: such a series does not count.
    """
    return np.array([naive_error(each.values[: split.ends(len(each.values))[2]], season or 1) for each in panel.series])


def entries(name: str, made: Forecasts, origins: Origins, scale: Floats) -> tuple[JudgedEntry, ...]:
    """The errors of ``made`` at each horizon; ``scale`` [series] are the denominators."""
    truth, values = origins.truth, made.values
    absolute = np.abs(values - truth)
    scaled = absolute / scale[origins.series][:, None]
    relative = relative_errors(truth, values)
    return tuple(
        JudgedEntry(
            name=name,
            horizon=ahead + 1,
            mase=float(np.nanmean(scaled[:, ahead])),
            smape=float(np.nanmean(relative[:, ahead])),
            coverage=None if made.bounds is None else _coverage(made.bounds, truth[:, ahead], ahead),
        )
        for ahead in range(truth.shape[1])
    )


def overall(found: tuple[JudgedEntry, ...]) -> float:
    """The mean MASE over all horizons, by which competitors are ordered."""
    return float(np.mean([each.mase for each in found]))


def origin_errors(values: Floats, origins: Origins, scale: Floats) -> Floats:
    """What the forecast from each origin [origins] adds to the error: their mean is :func:`mase`.

    Truths that do not count add nothing.
    """
    scaled = np.abs(values - origins.truth) / scale[origins.series][:, None]
    known = ~np.isnan(scaled)
    found: Floats = len(scaled) * (np.where(known, scaled, 0.0) / known.sum(axis=0)).mean(axis=1)
    return found


def mase(values: Floats, origins: Origins, scale: Floats) -> float:
    """The same number straight from forecasts."""
    scaled = np.abs(values - origins.truth) / scale[origins.series][:, None]
    return float(np.mean(np.nanmean(scaled, axis=0)))


def _coverage(bounds: Bounds, truth: Floats, ahead: int) -> dict[Level, float] | None:
    found = {level: coverage(truth, lower[:, ahead], upper[:, ahead]) for level, (lower, upper) in bounds.items()}
    shares = {level: share for level, share in found.items() if share is not None}
    return shares if len(shares) == len(found) else None
