"""Whether an autoregression of each series' own past helps a general network for own series, how, and by which share.

Its manner is looked for one property after the other, each with the share that does best; no share at all is among
what is tried. Trains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.readings.averaged import autoregression
from service.inference.readings.averaged.autoregression import MOST_LAGS, Manner
from service.inference.readings.averaged.reading import Averaged
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from service.inference.readings.reading import Loaded
from training.answers import forecasts
from training.series.chance import MANY
from training.series.measures import origin_errors, scales
from training.series.panel import Panel
from training.series.splits import Origins, Split, origins

SHARES = tuple(step / 10 for step in range(11))
RIDGES, STRONGEST, HARMONICS = (10.0, 1.0, 100.0, 0.1), 1000.0, (0, 2, 4)
# Lags where there is no season, or one too long for them, and those that follow a season.
_LAGS, _AFTER = 24, 4
# Origins of each part that say how it is done.
_MOST = 500


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
    most: float,
) -> Found:
    """What does best beside the ``tuned`` network, which reads as ``reading`` does.

    The manner is looked for beside the ``standing`` network, from origins of the training part too: neither that nor
    an autoregression, which is solved on what comes before an origin, has learnt from what it is held against.

    The share is that which does best beside the tuned network from the ``chosen`` origins of the validation part. Of
    few series these are few, so there those of the training part count too, beside the standing network, unless the
    MASE on the chosen ones is then above ``most``, that of the standing network.
    """
    many = len(panel.series) >= MANY
    positive = all(each.values.min() > 0.0 for each in panel.series)
    about = panel, scales(panel, split, season), season or 1
    before = [_Beside(reading, standing, each, *about) for each in _training(panel, split)]
    some = _Beside(reading, standing, origins(panel, split, "validation", _MOST), *about)
    manner = _manner([*before, some], season or 1, _changes(season or 1, positive=positive, many=many))
    after = _Beside(reading, tuned, chosen, *about)
    share = _share([after], manner)
    if not many:
        both = _share([*before, after], manner)
        share = both if after.errors(manner, both).mean() <= most else share
    errors = after.errors(manner, share)
    return Found(share, manner if share else None, float(errors.mean()), errors)


def _training(panel: Panel, split: Split) -> list[Origins]:
    """Origins of the training part, none where the later part of that is shorter than the horizon."""
    first, last = np.array([split.bounds("training", len(each.values)) for each in panel.series]).T
    return [origins(panel, split, "training", _MOST)] if (last - first > split.horizon).all() else []


def _manner(held: Sequence[_Beside], season: int, changes: Iterable[list[dict[str, Any]]]) -> Manner:
    """The best one that ``changes`` lead to, whatever its share."""
    manner = Manner(lags=lags_of(season), ridge=RIDGES[0])
    for several in changes:
        others = [manner.model_copy(update=each) for each in several]
        manner = min((manner, *others), key=lambda each: _mean(held, each, _share(held, each)))
    return manner


def _share(held: Sequence[_Beside], manner: Manner) -> float:
    """The share of an autoregression that does best, 0 where it does not help."""
    return min(SHARES, key=lambda share: _mean(held, manner, share))


def _mean(held: Sequence[_Beside], manner: Manner, share: float) -> float:
    """The MASE over all origins."""
    return float(np.concatenate([each.errors(manner, share) for each in held]).mean())


class _Beside:
    """What ``network`` says from some origins, which an autoregression stands beside."""

    def __init__(
        self, reading: General, network: Loaded, chosen: Origins, panel: Panel, scale: Floats, season: int
    ) -> None:
        self._values, self._lengths = chosen.contexts(panel, reading.context)
        self._said = forecasts(reading, network, self._values, self._lengths, chosen.truth.shape[1])
        self._chosen, self._scale, self._season, self._context = chosen, scale, season, reading.context
        self._said_by: dict[Manner, Floats] = {}

    def errors(self, manner: Manner, share: float) -> Floats:
        """What each origin adds to the MASE [origins], of which an autoregression has that ``share``."""
        if share and manner not in self._said_by:
            self._said_by[manner] = self._medians(manner)
        said = (1.0 - share) * self._said + share * self._said_by[manner] if share else self._said
        return origin_errors(said, self._chosen, self._scale)

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


def _changes(season: int, *, positive: bool, many: bool) -> Iterator[list[dict[str, Any]]]:
    """What is tried of a manner, one property after the other; the ridge once more when all else is settled.

    Logarithms of ``positive`` values, and to be drawn to a rule where series are ``many``: few say too little of that.
    """
    yield [{"ridge": each} for each in RIDGES]
    if many:
        rules = ("last", "season") if season > 1 else ("last",)
        yield [{"drawn_to": rule, "ridge": each} for rule in rules for each in (*RIDGES, STRONGEST)]
    if season > 1:
        yield [{"harmonics": each} for each in HARMONICS]
    yield [{"trend": True}]
    if positive:
        yield [{"logarithms": True}]
    yield [{"ridge": each} for each in RIDGES]
