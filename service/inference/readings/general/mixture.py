"""Mixes answers given under several seasons by how well each did on the series' own past. Pure.

A candidate is a season that the network is told, or the seasonal naive rule of one. Its record is the mean pinball
loss of its deciles from origins near the end of the series; its weight falls with a power of the record that grows
with the number of origins. Quantiles are mixed across the network's candidates; a rule moves only the median, and the
network's fan goes with it, wider or narrower as the mixture's record is than the network's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.inference.readings.general.causal import Counts, Floats

# Seasons that may stand beside one that was told or found: its multiples and divisors among these.
RELATED = (1, 4, 5, 7, 12, 24, 48, 52, 96, 168)
# What a candidate weighs before any record: the season told or found, another one, and a rule beside its season.
_OTHER, _RULE = 0.1, 0.5
ORIGINS, _FURTHEST = 8, 24
# The power of the record with many origins, and the number of origins at which it is half of that.
_POWER, _HALF = 12.0, 5.0
# Levels that count in a record: further out a few origins say nothing.
_LEVELS = (0.1, 0.9)
_FIRST_ORIGIN = 3


def related(season: int) -> tuple[int, ...]:
    """Seasons to try beside ``season``, itself first; none where there is no season."""
    if season == 1:
        return (1,)
    others = [each for each in RELATED if each != season and (each % season == 0 or season % each == 0)]
    return (season, *others)


def priors(seasons: Counts) -> Floats:
    """What each of ``seasons``, the one told or found first, weighs before any record: the networks, then the rules."""
    weights = np.where(seasons == seasons[0], 1.0, _OTHER)
    return np.concatenate((weights, _RULE * weights))


def origins(length: int, horizon: int) -> Counts:
    """Steps of a series of ``length`` after which its past is forecast for the record, the latest first."""
    stride = max(1.0, horizon / 3.0)
    found = length - 1 - (horizon + (stride * np.arange(ORIGINS)).astype(np.int64))
    return found[found >= _FIRST_ORIGIN]


def reach(horizon: int) -> int:
    """How many steps ahead the record looks."""
    return min(horizon, _FURTHEST)


def pinball(quantiles: Floats, truth: Floats, levels: Floats) -> Floats:
    """The mean pinball loss [...] of ``quantiles`` [..., horizons, levels] for ``truth`` [..., horizons].

    Levels below 10 % and above 90 %, and steps whose truth is NaN, do not count; NaN where no step is left.
    """
    counted_levels = (levels >= _LEVELS[0] - 1e-9) & (levels <= _LEVELS[1] + 1e-9)
    levels = levels[counted_levels]
    short = truth[..., None] - quantiles[..., counted_levels]
    each = np.maximum(levels * short, (levels - 1.0) * short).mean(axis=-1)
    counted = ~np.isnan(truth)
    total = np.where(counted, each, 0.0).sum(axis=-1)
    number = counted.sum(axis=-1)
    loss: Floats = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return loss


def weights(prior: Floats, record: Floats, number: Counts) -> Floats:
    """Weights [series, candidates] that add up to 1, from their ``prior``, ``record`` and ``number`` of valid origins.

    A candidate of prior 0, or without a record, stays out; where none has a record, the prior decides, and where the
    best record is 0, the prior among the best.
    """
    valid = (prior > 0.0) & (number > 0) & np.isfinite(record)
    best = np.where(valid, record, np.inf).min(axis=1, keepdims=True)
    judged, exact = np.isfinite(best), best <= 0.0
    ratio = np.where(valid & ~exact, record, 1.0) / np.where(judged & ~exact, best, 1.0)
    share = prior * valid * np.where(exact, record <= 0.0, ratio ** -(_POWER * number / (number + _HALF)))
    share = np.where(judged, share, prior)
    total: Floats = share / share.sum(axis=1, keepdims=True)
    return total


class Mixed(NamedTuple):
    """``quantiles`` [series, horizons, levels]; the weights [series, seasons] of the networks and of the rules."""

    quantiles: Floats
    networks: Floats
    rules: Floats


def mixed(answers: Floats, rules: Floats, share: Floats, record: Floats, median: int) -> Mixed:
    """One answer a series from ``answers`` [series, seasons, horizons, levels] and ``rules``, without the levels.

    ``share`` and ``record`` [series, 2 * seasons] are of all networks, then of all rules; ``median`` is the level's
    place. What has no share may be NaN.
    """
    count = answers.shape[1]
    networks, ruled = share[:, :count], share[:, count:]
    total = networks.sum(axis=1, keepdims=True)
    ours = np.where(total > 0.0, networks / np.where(total > 0.0, total, 1.0), np.arange(count) == 0)
    quantiles = np.einsum("sc,schl->shl", ours, np.where(ours[..., None, None] > 0.0, answers, 0.0))
    centre = quantiles[..., median]
    points = np.einsum("sc,sch->sh", ruled, np.where(ruled[..., None] > 0.0, rules, 0.0))
    known = np.where((share > 0.0) & np.isfinite(record), record, 0.0)
    own, every = (ours * known[:, :count]).sum(axis=1), (share * known).sum(axis=1)
    wider = np.where(own > 0.0, every / np.where(own > 0.0, own, 1.0), 1.0)
    fan = (quantiles - centre[..., None]) * wider[:, None, None]
    return Mixed((centre * total + points)[..., None] + fan, networks, ruled)
