"""Corrects a general network for some series, and says whether the correction helped on values that taught it nothing.

The last stretch of each series validates: forecasts from places in it, as they are served, with the network as it is
and with corrections of several strengths. The best of those is solved once more on all values where it errs less by
more than the standard error of the difference; else the network stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.errors import InvalidInput
from service.inference.cancellation import checkpoint
from service.inference.finetuning.correction import STRENGTHS, Lesson, correction, lesson
from service.inference.finetuning.excerpts import Excerpts
from service.inference.finetuning.frozen import Frozen, last_layer, with_last_layer
from service.inference.padding import LARGEST, batches, too_large
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General

# Steps ahead that are validated where the season says no other number, and at most.
_HORIZON, _FURTHEST = 12, 48
# The last share of a series that validates, and at most so many values.
_HELD, _MOST_HELD = 0.2, 1024
# Values that must come before it.
_LEAST = 16
# Series that validate, and places in each from which they are forecast.
_SERIES, _ORIGINS = 24, 8
# What one error counts for at most, in scales.
_MOST_ERROR = 1e6
# Batches of questions that a correction is solved on.
_BATCHES = 8


class Errors(NamedTuple):
    """Mean absolute and mean squared error, scaled by each series' own mean absolute seasonal difference."""

    mae: float
    mse: float


class Tuned(NamedTuple):
    """``model`` is the serialised network, corrected with that ``strength``; None where it stayed as it was.

    ``before`` and ``after`` are the errors of the network as it was and of its best correction, over ``horizon`` steps
    from ``origins`` places of ``series`` series; ``naive`` those of the value before, or one season before.
    """

    model: bytes
    strength: float | None
    before: Errors
    after: Errors
    naive: Errors
    horizon: int
    origins: int
    series: int


def tuned(model: bytes, reading: General, series: Sequence[Floats], season: int) -> Tuned:
    """The general network ``model`` for ``series`` [values], NaN at gaps; ``season`` is 1 where there is none.

    The same network and series give the same bytes.

    Raises:
        InvalidInput: no series is long enough, none moves, or a value is too large.
    """
    for place, each in enumerate(series):
        if (np.abs(each) > LARGEST).any():
            raise too_large(place)
    series = [_trimmed(each) for each in series]
    horizon = _horizon(series, season)
    ends = [len(each) - _held(len(each), horizon) for each in series]
    taught = [each[:end] for each, end in zip(series, ends, strict=True) if end >= _LEAST and _moves(each[:end])]
    if not taught:
        least = next(count for count in range(_LEAST, 4 * _LEAST) if count - _held(count, 1) >= _LEAST)
        raise InvalidInput(f"expected a series of at least {least} values that move", code="sequence_too_short")
    width = reading.context + horizon
    validation = _Validation(reading, series, ends, season, horizon)
    found = _lesson(model, reading, Excerpts(_in_units(taught), horizon, season, width))
    before = validation.errors(model)
    tried = {strength: validation.errors(_corrected(model, found, strength)) for strength in STRENGTHS}
    strength = min(tried, key=lambda each: _over_all(tried[each]).mae)
    helped = _is_more_than_chance(_of_each(before) - _of_each(tried[strength]))
    if helped:
        whole = [each for each in series if len(each) >= _LEAST and _moves(each)]
        model = _corrected(model, _lesson(model, reading, Excerpts(_in_units(whole), horizon, season, width)), strength)
    return Tuned(
        model,
        strength if helped else None,
        _over_all(before),
        _over_all(tried[strength]),
        _over_all(validation.naive),
        horizon,
        int((~np.isnan(_of_each(before))).sum()),
        validation.count,
    )


def _over_all(errors: Floats) -> Errors:
    """Of ``errors`` [origins, series, horizon], NaN where no truth is known."""
    return Errors(float(np.nanmean(np.abs(errors))), float(np.nanmean(errors**2)))


def _of_each(errors: Floats) -> Floats:
    """The mean absolute error of each forecast [origins, series], NaN where no truth is known."""
    known = ~np.isnan(errors)
    total: Floats = np.where(known, np.abs(errors), 0.0).sum(axis=-1)
    return np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.nan)


def _is_more_than_chance(gained: Floats) -> bool:
    """Whether what was ``gained`` [origins, series] is above zero by more than its standard error.

    Origins of one series are alike: of several series each counts once.
    """
    if gained.shape[1] > 1:
        gained = np.array([each[~np.isnan(each)].mean() for each in gained.T if not np.isnan(each).all()])
    known = gained[~np.isnan(gained)]
    return bool(known.mean() > known.std() / np.sqrt(len(known)))


def _trimmed(values: Floats) -> Floats:
    """Without the gaps at its ends."""
    known = np.flatnonzero(~np.isnan(values))
    return values[known[0] : known[-1] + 1] if len(known) else values[:0]


def _in_units(series: Sequence[Floats]) -> list[Floats]:
    """Each in about its own mean absolute change, a power of two, since what lies near zero teaches nothing."""
    units = [2.0 ** np.round(np.log2(np.nanmean(np.abs(np.diff(each[~np.isnan(each)]))))) for each in series]
    return [each / unit for each, unit in zip(series, units, strict=True)]


def _moves(values: Floats) -> bool:
    return bool(np.nanmax(values) > np.nanmin(values))


def _horizon(series: Sequence[Floats], season: int) -> int:
    wanted = season if season > 1 else _HORIZON
    return max(1, min(wanted, _FURTHEST, int(np.median([len(each) for each in series])) // 6))


def _held(count: int, horizon: int) -> int:
    return min(max(horizon, round(_HELD * count)), _MOST_HELD)


def _lesson(model: bytes, reading: General, excerpts: Excerpts) -> Lesson:
    rng, frozen = np.random.default_rng(np.random.SeedSequence([9])), Frozen(model)
    asked = [excerpts.draw(rng) for _ in range(_BATCHES)]
    said = []
    for each in asked:
        checkpoint()
        said.append(frozen.said(each))
    found = lesson(asked, said, reading.median)
    if not len(found.missed):
        raise InvalidInput("expected series that move by more than a ten-millionth of their size", code="stands_still")
    return found


def _corrected(model: bytes, found: Lesson, strength: float) -> bytes:
    checkpoint()
    return with_last_layer(model, *correction(found, strength).applied(*last_layer(model)))


class _Validation:
    """Some series, and from where they are forecast."""

    def __init__(
        self, reading: General, series: Sequence[Floats], ends: Sequence[int], season: int, horizon: int
    ) -> None:
        """Each series teaches up to its ``ends``."""
        usable = [place for place, end in enumerate(ends) if end >= _LEAST and _moves(series[place][:end])]
        some = [usable[place] for place in _spread(len(usable), _SERIES)]
        self.count, self._reading, self._horizon, self._told = len(some), reading, horizon, (season,)
        self._tails: list[Floats] = []
        self._at: list[NDArray[np.intp]] = []
        scales = []
        for place in some:
            values, end = series[place], ends[place]
            first = max(0, end - reading.context)
            known = np.flatnonzero(~np.isnan(values[end - 1 : -1])) + end
            chosen = np.resize(known[_spread(len(known), _ORIGINS)], _ORIGINS) if len(known) else [end] * _ORIGINS
            self._tails.append(values[first:])
            self._at.append(np.asarray(chosen, np.intp) - first)
            scales.append(_scale(values[:end], season))
        self._truth = np.stack([self._ahead(*each) for each in zip(self._tails, self._at, strict=True)], axis=1)
        self._scale = np.array(scales)
        back = -(-np.arange(1, horizon + 1) // season) * season - np.arange(1, horizon + 1) + 1
        rows = zip(self._tails, self._at, strict=True)
        naive = np.stack([tail[np.maximum(at[:, None] - back, 0)] for tail, at in rows], axis=1)
        self.naive = self._scaled(naive)

    def errors(self, model: bytes) -> Floats:
        """The scaled errors of the network ``model`` [origins, series, horizon], NaN where no truth is known."""
        network, found = GeneralNetwork(model), np.empty_like(self._truth)
        for batch in batches([each.tolist() for each in self._tails], self._told):
            checkpoint()
            origins = np.stack([self._at[row] for row in batch.rows], axis=1)
            ahead = self._reading.foretold(network, batch, origins.astype(np.int32), self._horizon).ahead
            found[:, batch.rows] = ahead.values.reshape(_ORIGINS, len(batch.rows), self._horizon)
        return self._scaled(found)

    def _scaled(self, answers: Floats) -> Floats:
        with np.errstate(over="ignore"):
            errors: Floats = (answers - self._truth) / self._scale[:, None]
        return np.clip(errors, -_MOST_ERROR, _MOST_ERROR)

    def _ahead(self, tail: Floats, at: NDArray[np.intp]) -> Floats:
        places = at[:, None] + np.arange(self._horizon)
        inside = np.minimum(places, len(tail) - 1)
        return np.where(places < len(tail), tail[inside], np.nan)


def _scale(values: Floats, season: int) -> float:
    """The mean absolute seasonal difference, or that of neighbours where no season is known whole."""
    for lag in (season, 1):
        moved = np.abs(values[lag:] - values[:-lag])
        if lag < len(values) and np.nansum(moved) > 0.0:
            return float(np.nanmean(moved))
    return float(np.nanmax(values) - np.nanmin(values))


def _spread(count: int, most: int) -> list[int]:
    found: list[int] = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()
    return found
