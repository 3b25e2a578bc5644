"""Mixes answers given under several seasons by how well each did on the series' own past. Pure.

A candidate is a season that the network is told, or the seasonal naive rule of one. Its record is the mean pinball
loss of its quantiles from origins near the end of the series; its weight falls with a power of the record that grows
with the number of origins. Quantiles are mixed across the network's candidates; a rule moves only the median, and the
network's fan goes with it, wider or narrower as the mixture's record is than the network's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.inference.readings.general.causal import Counts, Flags, Floats

# Seasons that may stand beside one that was told or found: its multiples and divisors among these.
RELATED = (1, 4, 5, 7, 12, 24, 48, 52, 96, 168)
# What a candidate weighs before any record: the season told or found, another one, and a rule beside its season.
_OTHER, _RULE = 0.1, 0.3
ORIGINS, _FURTHEST = 8, 24
# The power of the record with many origins, and the number of origins at which it is half of that.
_POWER, _HALF = 8.0, 5.0
_FIRST_ORIGIN = 3


def related(season: int) -> tuple[int, ...]:
    """Seasons to try beside ``season``, itself first."""
    others = [each for each in RELATED if each != season and (each % season == 0 or season % each == 0)]
    return (season, *others)


def priors(season: int) -> Floats:
    """What each of :func:`related` weighs before any record: the networks' weights, then those of the rules."""
    weights = np.array([1.0 if each == season else _OTHER for each in related(season)])
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

    Steps whose truth is NaN do not count; NaN where none is left.
    """
    short = truth[..., None] - quantiles
    each = np.maximum(levels * short, (levels - 1.0) * short).mean(axis=-1)
    counted = ~np.isnan(truth)
    total = np.where(counted, each, 0.0).sum(axis=-1)
    number = counted.sum(axis=-1)
    loss: Floats = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return loss


def weights(prior: Floats, record: Floats, number: Counts) -> Floats:
    """Weights [candidates] that add up to 1, from their ``prior``, ``record`` and ``number`` of valid origins.

    A candidate of prior 0, or without a record, stays out; where none has a record, the prior decides, and where the
    best record is 0, the prior among the best.
    """
    valid = (prior > 0.0) & (number > 0) & np.isfinite(record)
    if not valid.any():
        share = prior
    else:
        best = record[valid].min()
        if best > 0.0:
            power = _POWER * number / (number + _HALF)
            share = np.where(valid, prior * np.exp(-power * np.log(np.where(valid, record, best) / best)), 0.0)
        else:
            share = np.where(valid & (record <= 0.0), prior, 0.0)
    total: Floats = share / share.sum()
    return total


class Mixed(NamedTuple):
    """``quantiles`` [horizons, levels]; the weights of the network's candidates and of the rules, [candidates] each."""

    quantiles: Floats
    networks: Floats
    rules: Floats


def mixed(
    answers: Floats, rules: Floats, share: Floats, record: Floats, median: int, usable: Flags | None = None
) -> Mixed:
    """One answer from ``answers`` [candidates, horizons, levels] and ``rules`` [candidates, horizons].

    ``share`` and ``record`` are of all networks, then of all rules; ``median`` is the level's place.
    """
    count = len(answers)
    ours, theirs = share[:count], share[count:]
    total = ours.sum()
    if total <= 0.0:
        ours, total = np.full(count, 1.0 / count), 1.0
    quantiles = np.tensordot(ours / total, answers, axes=1)
    if theirs.sum() > 0.0:
        centre = quantiles[:, median].copy()
        moved = centre * share[:count].sum() + theirs @ rules
        network = np.where(ours > 0.0, np.nan_to_num(record[:count], posinf=0.0), 0.0) @ (ours / total)
        every = np.nan_to_num(record, posinf=0.0) @ share
        wider = every / network if network > 0.0 else 1.0
        quantiles = moved[:, None] + wider * (quantiles - centre[:, None])
    return Mixed(quantiles, share[:count], theirs)
