"""From series to quantiles in their own units: reads them in several ways at once, asks the network, averages.

A series is read as it is and with its sign turned, and where it is positive also in logarithms, both ways: minus the
answer to the negated series is as good an answer, and growth by a factor is a line in logarithms. A series without a
season is not read in logarithms. All readings of all series go through the network in one call.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.gaps import filled
from service.inference.readings.general.asked import asked
from service.inference.readings.general.causal import Causal, Counts, Told, causal
from service.inference.readings.general.network import GeneralNetwork

# Exponents beyond which a number is no longer one to be answered with.
_LARGEST_LOG = 690.0


class Series(NamedTuple):
    """Series to be continued: ``values`` [series, steps], NaN at gaps and past ``lengths`` [series]; their seasons.

    ``season`` is 1 and ``second`` 0 where there is none.
    """

    values: Floats
    lengths: Counts
    season: Counts
    second: Counts


def quantiles(network: GeneralNetwork, series: Series, origins: Counts, horizons: Counts) -> Floats:
    """As :func:`unbounded`; those of a series without a negative value up to an origin are not negative."""
    found = unbounded(network, series, origins, horizons)
    never = lowest(series, origins) >= 0.0
    found[never] = np.maximum(found[never], 0.0)
    return found


def unbounded(network: GeneralNetwork, series: Series, origins: Counts, horizons: Counts) -> Floats:
    """Quantiles [series, origins, horizons, levels] after each of ``origins`` [series, n], steps counted from 0.

    ``horizons`` [m] count from 1. Every origin knows the values up to it only. Quantiles are in order. A series that
    never changed up to an origin is answered with its last value.
    """
    values, seen = filled(series.values)
    least = lowest(series, origins)
    positive = (least > 0.0) & np.isfinite(least) & (series.season > 1)[:, None]
    straight, logarithms = np.arange(len(values)), np.flatnonzero(positive.any(axis=1))
    count, logs = len(straight), len(logarithms)
    rows = np.concatenate((straight, straight, logarithms, logarithms))
    sign = np.repeat((1.0, -1.0, 1.0, -1.0), (count, count, logs, logs))
    read = values[rows]
    read[2 * count :] = np.log(np.where(read[2 * count :] > 0.0, read[2 * count :], 1.0))
    read *= sign[:, None]
    told = Told(read, seen[rows], series.lengths[rows], series.season[rows], series.second[rows])
    answers = _ordered(network, causal(told), origins[rows], horizons) * sign[:, None, None, None]
    answers[sign < 0.0] = answers[sign < 0.0, ..., ::-1]
    found: Floats = 0.5 * (answers[:count] + answers[count : 2 * count])
    if logs:
        grown = np.exp(np.clip(answers[2 * count :], -_LARGEST_LOG, _LARGEST_LOG))
        mean = 0.5 * found[logarithms] + 0.25 * (grown[:logs] + grown[logs:])
        found[logarithms] = np.where(positive[logarithms][..., None, None], mean, found[logarithms])
    return found


def lowest(series: Series, origins: Counts) -> Floats:
    """The lowest value up to each of ``origins`` [series, n], infinity where there is none.

    What comes later must not say how a series is read.
    """
    inside = np.arange(series.values.shape[1]) < series.lengths[:, None]
    values = np.where(inside & ~np.isnan(series.values), series.values, np.inf)
    return np.take_along_axis(np.minimum.accumulate(values, axis=1), origins, axis=1)


def _ordered(network: GeneralNetwork, known: Causal, origins: Counts, horizons: Counts) -> Floats:
    count, several = origins.shape
    ahead = np.broadcast_to(horizons, (count, several, len(horizons)))
    features, places = asked(known, origins, ahead)
    row = np.repeat(np.arange(count), several)
    which = np.repeat(np.arange(count * several), len(horizons))
    answered = network.run(
        known.features,
        known.told.lengths.astype(np.int32),
        (row, origins.ravel()),
        which,
        features.reshape(len(which), -1),
        places.reshape(len(which), -1),
    )
    outputs = np.sort(answered.quantiles, axis=-1).reshape(*ahead.shape, -1)
    at = np.arange(count)[:, None], origins
    start, scale = known.told.values[at], known.scale[at]
    found: Floats = start[..., None, None] + scale[..., None, None] * outputs
    return found
