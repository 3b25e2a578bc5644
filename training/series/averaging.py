"""Whether an autoregression of each series' own past helps a general network for own series, how, and by which share.

Its manner is looked for one property after the other, each with the share that does best; no share at all is among
what is tried. Trains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from service.inference.readings.averaged import autoregression
from service.inference.readings.averaged.autoregression import MOST_LAGS, Manner
from service.inference.readings.averaged.reading import Averaged
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from service.inference.readings.reading import Loaded
from training.answers import forecasts
from training.series.measures import origin_errors, scales
from training.series.panel import Panel
from training.series.splits import Origins, Split, Stretch, origins
from training.tasks.base import Floats

SHARES = tuple(step / 10 for step in range(11))
RIDGES, HARMONICS = (10.0, 1.0, 100.0, 0.1), (0, 2, 4)
# Lags where there is no season, or one too long for them, and those that follow a season.
_LAGS, _AFTER = 24, 4
# Origins of each part that say how it is done.
_MOST = 500
_STRETCHES: tuple[Stretch, ...] = ("training", "validation")


class Found(NamedTuple):
    """The best ``share`` and ``manner`` of an autoregression, None where it does not help, and what comes of it.

    ``errors`` [origins] is what each of the validation origins adds to the MASE, ``score`` that itself.
    """

    share: float
    manner: Manner | None
    score: float
    errors: Floats

    def reading(self, plain: General) -> General:
        """How a network that reads as ``plain`` does reads with it."""
        return plain if self.manner is None else Averaged.of(plain, self.share, self.manner)

    def kept(self) -> dict[str, Any] | None:
        """What JSON can keep of it."""
        return None if self.manner is None else {"share": self.share, "autoregression": self.manner.model_dump()}


def search(
    reading: General,
    standing: GeneralNetwork,
    tuned: GeneralNetwork,
    panel: Panel,
    split: Split,
    season: int | None,
    chosen: Origins,
) -> Found:
    """What does best beside the ``tuned`` network, which reads as ``reading`` does.

    The manner is looked for beside the ``standing`` network, from origins of the training part too: neither that nor
    an autoregression, which is solved on what comes before an origin, has learnt from what it is held against. The
    share is what does best on the ``chosen`` origins of the validation part.
    """
    positive = all(each.values.min() > 0.0 for each in panel.series)
    parts = [origins(panel, split, stretch, _MOST) for stretch in _STRETCHES]
    several = Origins(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    rest = panel, scales(panel, split, season), season or 1
    manner = _Beside(reading, standing, several, *rest).manner(positive=positive)
    return _Beside(reading, tuned, chosen, *rest).of(manner)


class _Beside:
    """What ``network`` says from some origins, which an autoregression stands beside."""

    def __init__(
        self, reading: General, network: Loaded, chosen: Origins, panel: Panel, scale: Floats, season: int
    ) -> None:
        self._values, self._lengths = chosen.contexts(panel, reading.context)
        self._said = forecasts(reading, network, self._values, self._lengths, chosen.truth.shape[1])
        self._chosen, self._scale, self._season, self._context = chosen, scale, season, reading.context
        self._tried: dict[Manner, Found] = {}

    def manner(self, *, positive: bool) -> Manner:
        """The best one, whatever its share; ``positive`` values may be read in logarithms."""
        manner = Manner(lags=lags_of(self._season), ridge=RIDGES[0])
        for several in _changes(self._season, positive=positive):
            others = [manner.model_copy(update=each) for each in several]
            manner = min((manner, *others), key=lambda each: self.of(each).score)
        return manner

    def of(self, manner: Manner) -> Found:
        """The best share of an autoregression, 0 where it does not help."""
        if manner not in self._tried:
            own = self._medians(manner)
            errors = {share: self._errors((1.0 - share) * self._said + share * own) for share in SHARES}
            share = min(errors, key=lambda each: float(errors[each].mean()))
            best = errors[share]
            self._tried[manner] = Found(share, manner if share else None, float(best.mean()), best)
        return self._tried[manner]

    def _errors(self, values: Floats) -> Floats:
        return origin_errors(values, self._chosen, self._scale)

    def _medians(self, manner: Manner) -> Floats:
        """The autoregression's forecasts [origins, horizon]; the network's where there is none."""
        ends, seasons = self._lengths.astype(np.int64)[:, None] - 1, np.full(len(self._values), self._season)
        horizon, median = self._said.shape[1], np.array([0.5])
        found = autoregression.quantiles(self._values, ends, seasons, horizon, median, manner, self._context)
        own = found[:, 0, :, 0]
        never_negative = self._values.min(axis=1) >= 0.0  # padded with the last value
        own[never_negative] = np.maximum(own[never_negative], 0.0)
        return np.where(np.isnan(own), self._said, own)


def lags_of(season: int) -> int:
    """A season and some more where that many lags are allowed."""
    return _LAGS if season + _AFTER > MOST_LAGS else max(_LAGS, season + _AFTER)


def _changes(season: int, *, positive: bool) -> Iterator[list[dict[str, Any]]]:
    """What is tried of a manner, one property after the other; the ridge once more when all else is settled."""
    yield [{"ridge": each} for each in RIDGES]
    if season > 1:
        yield [{"harmonics": each} for each in HARMONICS]
    yield [{"trend": True}]
    if positive:
        yield [{"logarithms": True}]
    yield [{"ridge": each} for each in RIDGES]
