"""Split-conformal intervals of next-value networks, and what they really cover on fresh windows.

The score of a forecast is its absolute error in units of the sequence's own error scale: the network's one-step
error over the later half of the window, plus 1e-3 S. Quantiles of that score on calibration windows, one per
horizon, become half-widths. Calibration and coverage use generators of their own. A forecast from values that stand
still has no scale (see :mod:`service.inference.intervals`): it is served without an interval, and has no score.
"""

from __future__ import annotations

from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from service.cards import Intervals, Level, defect_of
from service.inference.network import OnnxNetwork
from service.inference.readings.reading import Reading
from training import plugins
from training.answers import error_scales, forecasts
from training.recipes import Recipe
from training.tasks import linear, sine
from training.tasks.base import Floats, Purpose, Series, digest, generator, log_uniform
from training.testsets import SEED

COUNT, HORIZON = 20_000, 20
# Scores that each horizon must have: fewer know nothing of the tails.
LEAST = 8
NOISE = (0.003, 0.30)
LEVELS: tuple[Level, ...] = get_args(Level)


class Calibrated(NamedTuple):
    """Intervals, or in words why a network that could have them has none."""

    intervals: Intervals | None
    reason: str | None


# Of networks that have none by their nature.
NONE = Calibrated(None, None)


def calibrate(recipe: Recipe, network: OnnxNetwork, count: int = COUNT) -> Calibrated:
    """Quantiles from ``count`` calibration windows, and their coverage on as many fresh ones."""
    series, lengths, _ = windows(recipe.task, "calibration", count)
    quantiles, reason = quantiles_of(scores(recipe.reading, network, series, lengths))
    if reason is not None:
        return Calibrated(None, reason)
    fresh_scores = scores(recipe.reading, network, *windows(recipe.task, "test", count)[:2])
    described = f"{count} {_described(recipe.task)}; coverage on {count} fresh windows"
    coverage = {level: held(fresh_scores, quantile).tolist() for level, quantile in quantiles.items()}
    return calibrated(described, digest((series.observed, lengths)), quantiles, coverage)


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
    quantiles = {level: conformal(scores, int(level) / 100) for level in LEVELS}
    defect = defect_of({level: quantile.tolist() for level, quantile in quantiles.items()})
    return ({}, defect) if defect is not None else (quantiles, None)


def held(scores: Floats, quantile: Floats) -> Floats:
    """Share of the known ``scores`` [forecasts, horizon] that are inside, [horizon]; NaN where none is known."""
    inside: Floats = np.where(np.isnan(scores), np.nan, scores <= quantile)
    known = (~np.isnan(scores)).sum(axis=0)
    shares: Floats = np.divide(np.nansum(inside, axis=0), known, out=np.full(len(known), np.nan), where=known > 0)
    return shares


def _described(task: str) -> str:
    if task in plugins.tasks():
        low, high = plugins.tasks()[task].lengths
        return f"windows of length {low}..{high}, drawn as for training"
    unit, spread = ("step", "8..200") if task == "linear" else ("amplitude", "16..64")
    return f"windows of length {spread}, Gaussian noise of 0.3-30 % of the {unit} (log-uniform)"


def coverage_by_noise(
    recipe: Recipe, network: OnnxNetwork, intervals: Intervals, count: int = COUNT
) -> dict[Level, Floats]:
    """Share held by each level in the quiet, middle and loud third of fresh windows, over all horizons, [3]."""
    series, lengths, noise = windows(recipe.task, "validation", count)
    found = scores(recipe.reading, network, series, lengths)
    thirds = np.array_split(np.argsort(noise), 3)
    return {
        level: np.array([np.nanmean(held(found[third], np.array(intervals.quantiles[level]))) for third in thirds])
        for level in LEVELS
    }


def windows(task: str, purpose: Purpose, count: int) -> tuple[Series, NDArray[np.int32], Floats]:
    """Noisy windows with ``HORIZON`` values after them, their lengths, and their noise [count]."""
    rng = generator(purpose, SEED + 2)
    if task in plugins.tasks():
        own = plugins.tasks()[task]
        lengths = rng.integers(own.lengths[0], own.lengths[1] + 1, count).astype(np.int32)
        drawn = own.draw(rng, count, own.lengths[1] + HORIZON)
        return drawn, lengths, drawn.noise
    noise = log_uniform(rng, NOISE, count)
    if task == "linear":
        series, lengths = linear.served_range(rng, count, noise, HORIZON, shortest=8)
    else:
        series, lengths = sine.served_range(rng, count, noise, HORIZON)
    return series, lengths, noise


def scores(reading: Reading, network: OnnxNetwork, series: Series, lengths: NDArray[np.int32]) -> Floats:
    """Scores [windows, HORIZON] of forecasts; NaN where the values before stand still."""
    truth = series.observed[np.arange(len(lengths))[:, None], lengths[:, None] + np.arange(HORIZON)]
    made = forecasts(reading, network, series.observed, lengths, HORIZON)
    found: Floats = np.abs(made - truth) / error_scales(reading, network, series.observed, lengths)[:, None]
    return found


def conformal(scores: Floats, level: float) -> Floats:
    """The split-conformal quantile of each column of ``scores`` [windows, horizon]; NaN does not count."""
    counts = (~np.isnan(scores)).sum(axis=0)
    ranks = np.minimum(np.ceil((counts + 1) * level).astype(int), counts)
    quantile: Floats = np.sort(scores, axis=0)[ranks - 1, np.arange(scores.shape[1])]
    return quantile
