"""Forecasts series under every season that may be theirs, and mixes what is said by the record of each.

Whoever asks says from where (its origins) and how much of a series its record may use: an answer uses all of it, and a
forecast that is held against what came after it only what came before. Both come from one pass of the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.cancellation import checkpoint
from service.inference.gaps import filled
from service.inference.readings.general import mixture
from service.inference.readings.general.answering import Series, lowest, unbounded
from service.inference.readings.general.causal import Counts
from service.inference.readings.general.mixture import Mixed
from service.inference.readings.general.network import GeneralNetwork

# Steps of all readings, and questions about them, that go through the network in one call.
_TOGETHER = 1 << 17
_READINGS = 4

Seasons = tuple[int, ...]


class View(NamedTuple):
    """From where some series are forecast, and what is known of them then.

    ``seasons`` are those told of each series, or the one found, (1,) where there is none, among its first ``known``
    [series] values, from which the record comes too; ``origins`` [series, n] are the steps, counted from 0, after
    which forecasts start.
    """

    seasons: list[Seasons]
    known: Counts
    origins: Counts


class Said(NamedTuple):
    """What the network says under every season from the origins of a view, and the seasonal naive rules.

    ``answers`` [series, seasons, origins, horizons, levels], and ``rules`` without levels. Those below the median may
    be negative whatever the series: a rule moves them all, and a fan that ended at zero would end above it then.
    """

    answers: Floats
    rules: Floats


class Past(NamedTuple):
    """How candidates did on what series had shown of themselves: [rows, ...] of each view, one view after another.

    ``answers`` [rows, seasons, origins, reach, levels] and ``rules`` without levels are from the origins of the record,
    as far as it looks ahead, and ``truth`` [rows, origins, reach] what they should have said, NaN where unknown.
    ``priors`` [rows, 2 * seasons] are what the network under each season, then the rules, weigh before any record:
    zero where a season cannot be the series' own, or none of it is known at an origin.
    """

    answers: Floats
    rules: Floats
    truth: Floats
    priors: Floats


def forecasts(
    network: GeneralNetwork, levels: Floats, values: Floats, lengths: Counts, views: list[View], horizon: int
) -> list[Mixed]:
    """One answer for each of the origins of each view, mixed over seasons; ``levels`` are the network's.

    ``values`` [series, steps] are NaN at gaps and past ``lengths`` [series]. Of a series that was never negative up to
    an origin no quantile is.
    """
    least = np.fmin.accumulate(values, axis=1)
    median = _median(levels)
    seasons = _padded([mixture.candidates([view.seasons[row] for view in views]) for row in range(len(values))])
    asked = sum(view.origins.shape[1] + mixture.ORIGINS for view in views)
    parts: list[list[Mixed]] = []
    for rows in _portions(lengths, seasons.shape[1] * _READINGS, asked * horizon):
        checkpoint()
        part = [View(view.seasons[rows], view.known[rows], view.origins[rows]) for view in views]
        width = int(lengths[rows].max())
        parts.append(
            combined(
                *_candidates(network, values[rows, :width], lengths[rows], seasons[rows], part, horizon, median), levels
            )
        )
    answers = [Mixed(*map(np.concatenate, zip(*each, strict=True))) for each in zip(*parts, strict=True)]
    for view, answer in zip(views, answers, strict=True):
        positive = np.take_along_axis(least, view.origins, axis=1) >= 0.0
        np.maximum(answer.quantiles, 0.0, out=answer.quantiles, where=positive[..., None, None])
    return answers


def combined(said: list[Said], past: Past, levels: Floats) -> list[Mixed]:
    """One answer for each series and origin of each view."""
    truth = past.truth[:, None]
    records = np.concatenate(
        (
            mixture.pinball(past.answers, truth, levels),
            mixture.pinball(past.rules[..., None], truth, np.array([0.5])),
        ),
        axis=1,
    )
    number = (~np.isnan(records)).sum(axis=-1)
    record = mixture.mean(records)
    # Records compare over the same origins only.
    prior = past.priors * (number == np.where(past.priors > 0.0, number, 0).max(axis=1, keepdims=True))
    share, median = mixture.weights(prior, record, number), _median(levels)
    each = zip(said, np.split(share, len(said)), np.split(record, len(said)), strict=True)
    return [mixture.mixed(*now, own, its, median) for now, own, its in each]


def _median(levels: Floats) -> int:
    """Its place among ``levels``."""
    return int(np.abs(levels - 0.5).argmin())


def _candidates(
    network: GeneralNetwork,
    values: Floats,
    lengths: Counts,
    seasons: Counts,
    views: list[View],
    horizon: int,
    median: int,
) -> tuple[list[Said], Past]:
    """Ask the network under every season, in one call, from all origins of all ``views``."""
    count, steps, reach = len(values), np.arange(1, horizon + 1), mixture.reach(horizon)
    begins = np.tile((~np.isnan(values)).argmax(axis=1), len(views))
    before = _origins(begins, np.concatenate([view.known for view in views]), horizon)
    records = [part[:, (part >= 0).any(axis=0)] for part in np.split(before, len(views))]
    parts = [*(view.origins for view in views), *records]
    asked = np.concatenate(parts, axis=1)
    stops = np.cumsum([part.shape[1] for part in parts]).tolist()
    spans = [slice(stop - part.shape[1], stop) for stop, part in zip(stops, parts, strict=True)]
    rules = _seasonal_naive(filled(values)[0], asked, seasons, steps)

    def past(each: Floats) -> Floats:
        """Of all origins those of the records, as far as they reach, view after view; NaN where there is none."""
        found = np.full((len(before), each.shape[1], before.shape[1], reach, *each.shape[4:]), np.nan)
        for view, span in enumerate(spans[len(views) :]):
            found[view * count : (view + 1) * count, :, : span.stop - span.start] = each[:, :, span, :reach]
        return found

    places = np.minimum(before[..., None] + steps[:reach], values.shape[1] - 1)
    row = np.tile(np.arange(count), len(views))
    truth = np.where(before[..., None] >= 0, values[row[:, None, None], places], np.nan)
    ruled = past(rules)
    prior = mixture.plausible(np.concatenate([_priors(view, seasons) for view in views]), ruled, truth)
    rows, kinds = np.nonzero((prior > 0.0).reshape(len(views), count, -1).any(axis=0))
    told = Series(values[rows], lengths[rows], seasons[rows, kinds], np.zeros(len(rows), np.int64))
    origins = np.maximum(asked, 0)[rows]
    found = unbounded(network, told, origins, steps)
    never = (lowest(told, origins) >= 0.0)[..., None, None]
    answers = np.full((*seasons.shape, *found.shape[1:]), np.nan)
    answers[rows, kinds] = np.where(never, np.maximum(found, 0.0), found)
    said, whole = [], []
    for view, ours in zip(views, spans, strict=False):
        spread = answers[:, :, ours].copy()
        spread[rows, kinds, ..., :median] = found[:, ours, :, :median]
        said.append(Said(spread, rules[:, :, ours]))
        # An origin before what is known has no part in it, and where no season is behind it the network answers alone.
        apart = (view.origins < view.known[:, None] - 1)[:, None, :, None]
        whole.append((~np.isnan(said[-1].rules) | apart).all(axis=(-2, -1)))
    both = np.concatenate((prior, mixture.RULE * prior * np.concatenate(whole)), axis=1)
    return said, Past(past(answers), ruled, truth, both)


def _priors(view: View, seasons: Counts) -> Floats:
    """What each of ``seasons`` [series, seasons] weighs in ``view``; those not shown twice in what is known do not."""
    found = np.zeros(seasons.shape)
    for row, (told, known) in enumerate(zip(view.seasons, view.known.tolist(), strict=True)):
        weights = mixture.priors(told)
        found[row] = [
            weights.get(season, 0.0) if 2 * season <= known or season in told else 0.0
            for season in seasons[row].tolist()
        ]
    return found


def _origins(begins: Counts, known: Counts, horizon: int) -> Counts:
    """Those of the record of series of which so many values are ``known`` [series, origins]; -1 behind the last one.

    Before its first value, at ``begins``, a series shows nothing of itself.
    """
    each = zip(begins.tolist(), known.tolist(), strict=True)
    found = [mixture.origins(length - begin, horizon) + begin for begin, length in each]
    most = max(map(len, found))
    return np.array([np.concatenate((each, np.full(most - len(each), -1))) for each in found]).astype(np.int64)


def _seasonal_naive(values: Floats, origins: Counts, seasons: Counts, steps: Counts) -> Floats:
    """The value of one season before [series, seasons, origins, horizons]; NaN where there is none."""
    season = np.maximum(seasons, 1)[:, :, None, None]
    place = origins[:, None, :, None] + steps - season * -(-steps // season)
    row = np.arange(len(values))[:, None, None, None]
    known = (place >= 0) & (origins >= 0)[:, None, :, None]
    return np.where(known, values[row, np.maximum(place, 0)], np.nan)


def _padded(rows: list[Seasons]) -> Counts:
    table = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table


def _portions(lengths: Counts, readings: int, questions: int) -> Iterator[slice]:
    """Rows that fit into one call, in their order: each is read ``readings`` times, and asked ``questions``."""
    start = 0
    while start < len(lengths):
        stop, longest = start, 0
        while stop < len(lengths):
            longest = max(longest, int(lengths[stop]))
            if stop > start and (stop + 1 - start) * readings * max(longest, questions) > _TOGETHER:
                break
            stop += 1
        yield slice(start, stop)
        start = stop
