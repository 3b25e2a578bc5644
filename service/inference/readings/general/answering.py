"""From series to quantiles in their own units: reads them in several ways at once, asks the network, averages.

A series is read as it is and with its sign turned, and where it is positive also in logarithms, both ways: minus the
answer to the negated series is as good an answer, and growth by a factor is a line in logarithms. A series without a
season is not read in logarithms. All readings of all series go through the network in one call.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from service.inference.readings.general.asked import asked
from service.inference.readings.general.causal import Causal, Counts, Floats, Told, causal, filled
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
    """Quantiles [series, origins, horizons, levels] after each of ``origins`` [series, n], steps counted from 0.

    ``horizons`` [m] count from 1. Every origin knows the values up to it only. Quantiles are in order; those of a
    series without a negative value up to its last origin are not negative. A series that never changed up to an origin
    is answered with its last value.
    """
    values, seen = filled(series.values)
    inside = np.arange(values.shape[1]) < series.lengths[:, None]
    lowest = np.where(inside & seen, values, np.inf).min(axis=1)
    logs = (lowest > 0.0) & (series.season > 1)
    straight, logarithms = np.arange(len(values)), np.flatnonzero(logs)
    rows = np.concatenate((straight, straight, logarithms, logarithms))
    sign = np.repeat((1.0, -1.0, 1.0, -1.0), (len(straight), len(straight), len(logarithms), len(logarithms)))
    read = values[rows]
    read[2 * len(straight) :] = np.log(np.where(inside, values, 1.0)[rows[2 * len(straight) :]])
    read *= sign[:, None]
    told = Told(read, seen[rows], series.lengths[rows], series.season[rows], series.second[rows])
    answers = _ordered(network, causal(told), origins[rows], horizons) * sign[:, None, None, None]
    answers[sign < 0.0] = answers[sign < 0.0, ..., ::-1]
    first, second = answers[: len(straight)], answers[len(straight) : 2 * len(straight)]
    found: Floats = 0.5 * (first + second)
    if len(logarithms):
        grown = np.exp(np.clip(answers[2 * len(straight) :], -_LARGEST_LOG, _LARGEST_LOG))
        up, down = np.split(grown, 2)
        found[logarithms] = 0.5 * found[logarithms] + 0.25 * (up + down)
    found[lowest >= 0.0] = np.maximum(found[lowest >= 0.0], 0.0)
    return found


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
    outputs = np.sort(answered.quantiles.astype(np.float64), axis=-1).reshape(*ahead.shape, -1)
    at = np.arange(count)[:, None], origins
    start, scale = known.told.values[at], known.scale[at]
    found: Floats = start[..., None, None] + scale[..., None, None] * outputs
    return found
