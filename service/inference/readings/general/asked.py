"""What the general models' head is asked: for an origin and a horizon, where the series stood in earlier seasons.

``places`` are points from which the forecast may start, in scales from the origin's value: the same place of the last
three seasons, and how far the series went from there; means of that place over 4 and 12 seasons, each relative to its
season's own mean; slopes over all, one and three seasons times the horizon. The network mixes them and adds to them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.readings.general.causal import Causal, Counts, squashed

PLACES = 14
_FLAGS = 7
ASKED_FEATURES = PLACES + _FLAGS + 3
# Seasons whose means are compared at most, and those of the short mean.
_SEASONS, _FEW = 12, 4


def asked(known: Causal, origins: Counts, horizons: Counts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features and places of every question, float32 [series, origins, horizons, ASKED_FEATURES] and [..., PLACES].

    ``origins`` int64 [series, n] are steps after which the forecast starts; ``horizons`` int64 [series, n, m] count
    from 1.
    """
    told = known.told
    row = np.arange(len(told.values))[:, None, None]
    origin, ahead = origins[..., None], horizons
    season, second = told.season[:, None, None], told.second[:, None, None]
    has, twice = season > 1, second > 0
    unit = np.take_along_axis(known.scale, origins, axis=1)[..., None]
    unit = np.where(unit > 0.0, unit, 1.0)
    start = np.take_along_axis(known.moved, origins, axis=1)[..., None]
    seasons = -(-ahead // season)

    # Every season back at once, [series, origins, horizons, seasons]: the place itself, and the origin's own place.
    back = np.arange(_SEASONS)
    spots = (origin + ahead - season * seasons)[..., None] - season[..., None] * back
    same, same_seen = known.at(row[..., None], spots)
    same_seen &= has[..., None]
    same = (same - start[..., None]) / unit[..., None]
    base, base_seen = known.at(row[..., None], spots[..., :3] - ahead[..., None])
    base_seen &= has[..., None]
    base = (base - start[..., None]) / unit[..., None]

    again = -(-ahead // np.maximum(second, 1))
    long, long_seen = known.at(row, origin + ahead - second * again)
    long_base, long_base_seen = known.at(row, origin - second * again)
    long_seen, long_base_seen = long_seen & twice, long_base_seen & twice

    means, whole = _season_means(known, origins, start)
    levels = means / unit
    deviation = np.where(same_seen & whole[:, :, None, :], same - levels[:, :, None, :], 0.0)
    counted = (same_seen & whole[:, :, None, :]).astype(np.float64)
    many, few = counted.sum(axis=-1), counted[..., :_FEW].sum(axis=-1)

    def slope(steps: Counts) -> Floats:
        first = np.maximum(origin - steps, 0)
        then, _ = known.at(row, first)
        steepness: Floats = np.where(has, (start - then) / unit / np.maximum(origin - first, 1), 0.0)
        return steepness

    shape = (*ahead.shape, PLACES)
    places = np.empty(shape)
    places[..., :3] = np.where(same_seen[..., :3], same[..., :3], 0.0)
    places[..., 3:6] = np.where(base_seen, same[..., :3] - base, 0.0)
    places[..., 6] = np.where(long_seen, (long - start) / unit, 0.0)
    places[..., 7] = np.where(long_base_seen, (long - long_base) / unit, 0.0)
    places[..., 8] = slope(origin) * ahead
    places[..., 9] = slope(season) * ahead
    places[..., 10] = slope(3 * season) * ahead
    places[..., 11] = deviation[..., :_FEW].sum(axis=-1) / np.maximum(few, 1.0)
    places[..., 12] = deviation.sum(axis=-1) / np.maximum(many, 1.0)
    places[..., 13] = np.where(whole[..., :1], levels[..., :1], 0.0)

    features = np.empty((*ahead.shape, ASKED_FEATURES), np.float32)
    features[..., :PLACES] = squashed(places)
    flags = PLACES + _FLAGS
    features[..., PLACES : PLACES + 3] = same_seen[..., :3]
    features[..., PLACES + 3 : PLACES + 5] = base_seen[..., :2]
    features[..., PLACES + 5] = long_seen
    features[..., PLACES + 6] = long_base_seen
    features[..., flags] = many / _SEASONS
    features[..., flags + 1] = np.log(ahead) / 3.0
    features[..., flags + 2] = np.minimum(seasons, 4) / 4.0
    return features, places.astype(np.float32)


def _season_means(known: Causal, origins: Counts, start: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Means of the last seasons before each origin [series, origins, seasons], from its value on; which are whole."""
    season = known.told.season[:, None, None]
    end = origins[..., None] + 1 - season * np.arange(_SEASONS)
    first = end - season
    whole = (first >= 0) & (season > 1)
    rows = np.arange(len(origins))[:, None, None]
    total = known.sums[rows, np.maximum(end, 0)] - known.sums[rows, np.maximum(first, 0)]
    return np.where(whole, total / season - start, 0.0), whole
