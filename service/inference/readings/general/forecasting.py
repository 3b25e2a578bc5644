"""Forecasts series under every season that may be theirs, the past ones too, so that a record can mix them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.inference.gaps import filled
from service.inference.readings.general import mixture
from service.inference.readings.general.answering import Series, quantiles
from service.inference.readings.general.causal import Counts, Flags, Floats
from service.inference.readings.general.mixture import Mixed
from service.inference.readings.general.network import GeneralNetwork

# Steps of all readings that go through the network in one call.
_TOGETHER = 1 << 17
_READINGS = 4


class Question(NamedTuple):
    """Series (float64 [steps], NaN at gaps) that share a season (1: none), to be forecast ``horizon`` steps on."""

    series: list[Floats]
    season: int
    horizon: int


class Candidates(NamedTuple):
    """What the network and the seasonal naive rules say under every season, from the end and from past origins.

    ``seasons`` [seasons]; ``answers`` [series, seasons, 1 + origins, horizons, levels] and ``rules`` [series, seasons,
    1 + origins, horizons] start with the forecasts from the end; ``truth`` [series, origins, reach] is what the past
    ones should have said, NaN where unknown; ``possible`` [series, seasons] whether the series shows the season.
    """

    seasons: Counts
    answers: Floats
    rules: Floats
    truth: Floats
    possible: Flags


def mixed(network: GeneralNetwork, levels: Floats, question: Question) -> Mixed:
    """One answer a series, mixed over the seasons related to that of the question; ``levels`` are the network's."""
    count = len(mixture.related(question.season))
    order = sorted(range(len(question.series)), key=lambda place: len(question.series[place]))
    places: list[int] = []
    parts: list[Mixed] = []
    while order:
        longest = len(question.series[order[-1]])
        most = max(1, _TOGETHER // (longest * count * _READINGS))
        part, order = order[-most:], order[:-most]
        series = [question.series[place] for place in part]
        answers = combined(candidates(network, question._replace(series=series)), levels)
        floor = np.array([0.0 if np.nanmin(values, initial=np.inf) >= 0.0 else -np.inf for values in series])
        parts.append(answers._replace(quantiles=np.maximum(answers.quantiles, floor[:, None, None])))
        places += part
    back = np.argsort(places)
    return Mixed(*(np.concatenate(each)[back] for each in zip(*parts, strict=True)))


def candidates(network: GeneralNetwork, question: Question) -> Candidates:
    """Ask the network under every season related to that of ``question``, in one call."""
    series, horizon = question.series, question.horizon
    seasons = np.array(mixture.related(question.season))
    lengths = np.array([len(values) for values in series])
    table = np.full((len(series), int(lengths.max())), np.nan)
    for row, values in enumerate(series):
        table[row, : len(values)] = values
    past = [mixture.origins(length, horizon) for length in lengths.tolist()]
    most = max(len(each) for each in past)
    origins = np.stack([np.concatenate((each, np.full(most - len(each), -1))) for each in past]).astype(np.int64)
    # The season told always answers; another one where the series is long enough to show it twice.
    possible = (2 * seasons <= lengths[:, None]) | (seasons == question.season)
    asked = np.concatenate((lengths[:, None] - 1, np.maximum(origins, 0)), axis=1)
    rows, kinds = np.nonzero(possible)
    steps = np.arange(1, horizon + 1)
    told = Series(table[rows], lengths[rows], seasons[kinds], np.zeros(len(rows), np.int64))
    found = quantiles(network, told, asked[rows], steps)
    answers = np.full((len(series), len(seasons), *found.shape[1:]), np.nan)
    answers[rows, kinds] = found
    reach = steps[: mixture.reach(horizon)]
    places = np.minimum(origins[..., None] + reach, table.shape[1] - 1)
    truth = np.where(origins[..., None] >= 0, table[np.arange(len(series))[:, None, None], places], np.nan)
    return Candidates(seasons, answers, _seasonal_naive(filled(table)[0], asked, seasons, steps), truth, possible)


def combined(found: Candidates, levels: Floats) -> Mixed:
    """One answer for each series; the first of ``seasons`` is the one that was told or found."""
    reach = found.truth.shape[-1]
    truth = found.truth[:, None]
    records = np.concatenate(
        (
            mixture.pinball(found.answers[:, :, 1:, :reach], truth, levels),
            mixture.pinball(found.rules[:, :, 1:, :reach, None], truth, np.array([0.5])),
        ),
        axis=1,
    )
    number = (~np.isnan(records)).sum(axis=-1)
    record = np.where(number > 0, np.nansum(records, axis=-1) / np.maximum(number, 1), np.inf)
    # Records compare over the same origins only.
    ruled = found.possible & ~np.isnan(found.rules[:, :, 0]).any(axis=-1)
    prior = mixture.priors(found.seasons) * np.concatenate((found.possible, ruled), axis=1)
    prior = prior * (number == number.max(axis=1, keepdims=True))
    median = int(np.abs(levels - 0.5).argmin())
    share = mixture.weights(prior, record, number)
    return mixture.mixed(found.answers[:, :, 0], found.rules[:, :, 0], share, record, median)


def _seasonal_naive(values: Floats, origins: Counts, seasons: Counts, steps: Counts) -> Floats:
    """The value of one season before [series, seasons, origins, horizons]; NaN where there is none."""
    ahead = steps - seasons[:, None] * -(-steps // seasons[:, None])
    place = origins[:, None, :, None] + ahead[None, :, None, :]
    row = np.arange(len(values))[:, None, None, None]
    return np.where(place >= 0, values[row, np.maximum(place, 0)], np.nan)
