"""Mixes answers given under several seasons by how well each did on the series' own past. Pure.

A candidate is a season that the network is told, or the seasonal naive rule of one. Its record is the mean pinball
loss of its deciles from origins near the end of the series; its weight falls with a power of the record that grows
with the number of origins. Quantiles are mixed across the network's candidates; a rule moves only the median, and the
network's fan goes with it, wider or narrower as the mixture's record is than the network's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.readings.general.causal import Counts

# Seasons that may stand beside one that was told or found: its multiples and divisors among these.
RELATED = (1, 4, 5, 7, 12, 24, 48, 52, 96, 168)
# What a candidate weighs before any record: the season told or found, another one, and a rule beside its season.
_OTHER, RULE = 0.1, 0.5
ORIGINS, _FURTHEST = 8, 24
# The power of the record with many origins, and the number of origins at which it is half of that.
_POWER, _HALF = 12.0, 5.0
# Levels that count in a record: further out a few origins say nothing.
_LEVELS = (0.1, 0.9)
_FIRST_ORIGIN = 3


@cache
def priors(told: tuple[int, ...]) -> Mapping[int, float]:
    """What seasons weigh before any record: those ``told`` or found 1, first among all, and those related to them less.

    Where there is no season, nothing else is tried.
    """
    weights = dict.fromkeys(told, 1.0)
    for season in told:
        if season > 1:
            others = [each for each in RELATED if each % season == 0 or season % each == 0]
            weights = dict.fromkeys(others, _OTHER) | weights
    return dict(sorted(weights.items(), key=lambda each: -each[1]))


def candidates(told: list[tuple[int, ...]]) -> tuple[int, ...]:
    """All seasons that are to be tried on one series, of which these were ``told`` or found at several times."""
    return tuple(dict.fromkeys(season for each in told for season in priors(each)))


def origins(length: int, horizon: int) -> Counts:
    """Steps of a series of ``length`` after which its past is forecast for the record, the latest first."""
    stride = max(1.0, horizon / 3.0)
    found = length - 1 - (horizon + (stride * np.arange(ORIGINS)).astype(np.int64))
    return found[found >= _FIRST_ORIGIN]


def reach(horizon: int) -> int:
    """How many steps ahead the record looks."""
    return min(horizon, _FURTHEST)


def in_order(numbers: Floats) -> Floats:
    """The sums of ``numbers`` [..., n] one after the other: what is zero behind or between them changes no bit."""
    if not numbers.shape[-1]:
        return np.zeros(numbers.shape[:-1])
    found: Floats = np.add.accumulate(numbers, axis=-1)[..., -1] + 0.0  # a sum of -0 alone is 0, as it is among others
    return found


def plausible(prior: Floats, rules: Floats, truth: Floats) -> Floats:
    """``prior`` [series, seasons] without those that are not worth asking for: each costs as much as any other.

    What was told or found stays, and the season whose seasonal naive ``rules`` [series, seasons, origins, reach] came
    nearest to the ``truth`` [series, origins, reach].
    """
    record = mean(pinball(rules[..., None], truth[:, None], np.array([0.5])))
    best = np.where(prior > 0.0, record, np.inf).min(axis=1, keepdims=True)
    return np.where((prior >= 1.0) | ((record <= best) & np.isfinite(record)), prior, 0.0)


def mean(records: Floats) -> Floats:
    """Of the origins that have one; infinite where none has."""
    number = (~np.isnan(records)).sum(axis=-1)
    return np.where(number > 0, in_order(np.nan_to_num(records)) / np.maximum(number, 1), np.inf)


def pinball(quantiles: Floats, truth: Floats, levels: Floats) -> Floats:
    """The mean pinball loss [...] of ``quantiles`` [..., horizons, levels] for ``truth`` [..., horizons].

    Levels below 10 % and above 90 %, and steps whose truth is NaN, do not count; NaN where no step is left.
    """
    counted_levels = (levels >= _LEVELS[0] - 1e-9) & (levels <= _LEVELS[1] + 1e-9)
    levels = levels[counted_levels]
    short = truth[..., None] - quantiles[..., counted_levels]
    each = in_order(np.maximum(levels * short, (levels - 1.0) * short)) / len(levels)
    counted = ~np.isnan(truth)
    total = in_order(np.where(counted, each, 0.0))
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
    with np.errstate(over="ignore", under="ignore"):
        unit = np.where(judged & ~exact, best, 1.0)
        ratio = np.where(valid & ~exact, record, unit) / unit
        better = ratio ** -(_POWER * number / (number + _HALF))
    share = prior * valid * np.where(exact, record <= 0.0, better)
    share = np.where(judged, share, prior)
    weights: Floats = share / in_order(share)[:, None]
    return weights


class Mixed(NamedTuple):
    """``quantiles`` [series, origins, horizons, levels]; weights [series, seasons] of the networks and of the rules.

    Which seasons those are, :func:`candidates` says.
    """

    quantiles: Floats
    networks: Floats
    rules: Floats


def mixed(answers: Floats, rules: Floats, share: Floats, record: Floats, median: int) -> Mixed:
    """One answer from ``answers`` [series, seasons, origins, horizons, levels] and ``rules``, without the levels.

    ``share`` and ``record`` [series, 2 * seasons] are of all networks, then of all rules; ``median`` is the level's
    place. Answers without a share may be NaN, and rules where they know no season before.
    """
    count = answers.shape[1]
    networks, ruled = share[:, :count], share[:, count:]
    total = in_order(networks)[:, None]
    ours = np.where(total > 0.0, networks / np.where(total > 0.0, total, 1.0), np.arange(count) == 0)
    quantiles = _weighed(ours, answers)
    centre = quantiles[..., median]
    # A rule that has nothing to say at an origin leaves its part to the network.
    points = _weighed(ruled, np.where(np.isnan(rules), centre[:, None], rules))
    known = np.where((share > 0.0) & np.isfinite(record), record, 0.0)
    own, every = in_order(ours * known[:, :count]), in_order(share * known)
    wider = np.where(own > 0.0, every / np.where(own > 0.0, own, 1.0), 1.0)
    fan = (quantiles - centre[..., None]) * wider[:, None, None, None]
    return Mixed((centre * total[..., None] + points)[..., None] + fan, networks, ruled)


def _weighed(share: Floats, said: Floats) -> Floats:
    """The sum over seasons, in order, of ``share`` [series, seasons] times what each ``said`` [series, seasons, ...].

    What has no share may be NaN.
    """
    found = np.zeros((len(said), *said.shape[2:]))
    for season in np.flatnonzero(share.any(axis=0)).tolist():
        own = share[:, season].reshape(-1, *[1] * (said.ndim - 2))
        found += np.where(own > 0.0, own * said[:, season], 0.0)
    return found
