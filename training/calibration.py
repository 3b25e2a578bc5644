"""Split-conformal intervals of next-value networks, and what they really cover on fresh windows.

The score of a forecast is its absolute error in units of the sequence's own error scale: the network's one-step
error over the later half of the window, plus 1e-3 S. Quantiles of that score on calibration windows, one per
horizon, become half-widths. Calibration and coverage use generators of their own. A forecast from values that stand
still has no scale (see :mod:`service.inference.intervals`): it is served without an interval, and has no score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.cards import Intervals, Level, defect_of
from service.inference.network import OnnxNetwork
from service.inference.readings.reading import Reading
from service.levels import NAMES
from training.answers import error_scales, forecasts
from training.recipes import Recipe
from training.registry import task_of
from training.tasks.base import TEST_SEED, Calibration, Purpose, digest, generator

COUNT, HORIZON = 20_000, 20
# Scores that each horizon must have: fewer know nothing of the tails.
LEAST = 8
# What is calibrated; the usual levels among it are what reports show.
GRID = ("10", "20", "30", "40", "50", "60", "70", "80", "90", "95", "98", "99")


class Calibrated(NamedTuple):
    """Intervals, or in words why a network that could have them has none."""

    intervals: Intervals | None
    reason: str | None


# Of networks that have none by their nature.
NONE = Calibrated(None, None)


def calibrate(recipe: Recipe, network: OnnxNetwork, count: int = COUNT) -> Calibrated:
    """Quantiles from ``count`` calibration windows, and their coverage on as many fresh ones."""
    drawn, fresh = windows(recipe, "calibration", count), windows(recipe, "test", count)
    if drawn is None or fresh is None:
        return NONE
    quantiles, reason = quantiles_of(scores(recipe.reading, network, drawn))
    if reason is not None:
        return Calibrated(None, reason)
    fresh_scores = scores(recipe.reading, network, fresh)
    described = f"{count} {drawn.described}; coverage on {count} fresh windows"
    coverage = {level: held(fresh_scores, quantile).tolist() for level, quantile in quantiles.items()}
    return calibrated(described, digest((drawn.series.observed, drawn.lengths)), quantiles, coverage)


def calibrated(
    described: str, data_sha256: str, quantiles: dict[Level, Floats], coverage: dict[Level, list[float]]
) -> Calibrated:
    """The intervals of these ``quantiles``, unless ``coverage`` is NaN somewhere: then nothing shows what they hold."""
    if np.isnan(list(coverage.values())).any():
        return Calibrated(None, "nothing shows what they hold: on fresh data the values stand still before forecasts")
    numbers = {level: quantile.tolist() for level, quantile in quantiles.items()}
    return Calibrated(
        Intervals(calibration=described, data_sha256=data_sha256, quantiles=numbers, coverage=coverage), None
    )


def quantiles_of(scores: Floats) -> tuple[dict[Level, Floats], str | None]:
    """Quantiles [horizon] of each level, or why there are none; ``scores`` [forecasts, horizon] may be NaN."""
    known = (~np.isnan(scores)).sum(axis=0)
    if known.min() < LEAST:
        return {}, (
            f"of the forecasts {known.argmin() + 1} steps ahead that calibrate them only {known.min()} start where the "
            f"values have moved, and {LEAST} are needed"
        )
    quantiles = {level: conformal(scores, float(level) / 100) for level in GRID}
    defect = defect_of({level: quantile.tolist() for level, quantile in quantiles.items()})
    return ({}, defect) if defect is not None else (quantiles, None)


def held(scores: Floats, quantile: Floats) -> Floats:
    """Share of the known ``scores`` [forecasts, horizon] that are inside, [horizon]; NaN where none is known."""
    inside: Floats = np.where(np.isnan(scores), np.nan, scores <= quantile)
    known = (~np.isnan(scores)).sum(axis=0)
    shares: Floats = np.divide(np.nansum(inside, axis=0), known, out=np.full(len(known), np.nan), where=known > 0)
    return shares


def coverage_by_noise(
    recipe: Recipe, network: OnnxNetwork, intervals: Intervals, count: int = COUNT
) -> dict[Level, Floats]:
    """Share held by each level in the quiet, middle and loud third of fresh windows, over all horizons, [3]."""
    drawn = windows(recipe, "validation", count)
    assert drawn is not None  # noqa: S101  # it has intervals
    found = scores(recipe.reading, network, drawn)
    thirds = np.array_split(np.argsort(drawn.series.noise), 3)
    return {
        level: np.array([np.nanmean(held(found[third], np.array(intervals.quantiles[level]))) for third in thirds])
        for level in NAMES
    }


def windows(recipe: Recipe, purpose: Purpose, count: int) -> Calibration | None:
    """Noisy windows with ``HORIZON`` values after them; None where a task has no intervals."""
    return task_of(recipe).calibration(generator(purpose, TEST_SEED + 2), count, HORIZON)


def scores(reading: Reading, network: OnnxNetwork, drawn: Calibration) -> Floats:
    """Scores [windows, HORIZON] of forecasts; NaN where the values before stand still."""
    observed, lengths = drawn.series.observed, drawn.lengths
    truth = observed[np.arange(len(lengths))[:, None], lengths[:, None] + np.arange(HORIZON)]
    made = forecasts(reading, network, observed, lengths, HORIZON)
    found: Floats = np.abs(made - truth) / error_scales(reading, network, observed, lengths)[:, None]
    return found


def conformal(scores: Floats, level: float) -> Floats:
    """The split-conformal quantile of each column of ``scores`` [windows, horizon]; NaN does not count."""
    counts = (~np.isnan(scores)).sum(axis=0)
    ranks = np.minimum(np.ceil((counts + 1) * level).astype(int), counts)
    quantile: Floats = np.sort(scores, axis=0)[ranks - 1, np.arange(scores.shape[1])]
    return quantile
