"""Who forecasts: one method for the service, for a rule and for other people's methods. Knows no set and no score."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

import service.inference
from service.arrays import Floats
from service.inference.answers import Forecast
from service.inference.engine import Engine

# The nine deciles, with the median as the point, between the bounds of the 95 % interval.
QUANTILES = np.array([0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975])
POINT = 5


class Forecaster(Protocol):
    """Named as its row is.

    ``made_of`` changes whenever the same series could get other forecasts. ``portion`` is how many series it is given
    at once: what is lost of a run that is stopped.
    """

    name: str
    made_of: str
    portion: int

    def forecast(self, series: Sequence[Floats], horizon: int, season: int) -> Floats:
        """The ``QUANTILES`` of what comes after each of ``series``, [series, horizon, quantiles].

        ``season`` is 1 where there is none. A point without intervals stands for every quantile.
        """
        ...


class SeasonalNaive:
    """The last season again, as often as it takes."""

    name = "seasonal naive"

    def forecast(self, series: Sequence[Floats], horizon: int, season: int) -> Floats:
        """See :class:`Forecaster`."""
        points = [np.resize(each[-season:], horizon) for each in series]
        return np.repeat(np.array(points)[..., None], len(QUANTILES), axis=-1)


class Service:
    """The engine's own front door: what one request for the set is answered, of a model that is told the season.

    Without a model's name nothing else is told either, and the season is found.
    """

    portion = 1_000_000

    def __init__(self, engine: Engine, model: str | None = None) -> None:
        self.name = "the service" if model is None else f"`{model}`"
        self._engine, self._model = engine, model
        self.parameters = None if model is None else engine.catalog.get(model).card.parameters
        cards = sorted(f"{each.card.name} {each.card.checksums}" for each in engine.catalog)
        code = (path.read_bytes() for path in sorted(Path(service.inference.__file__).parent.rglob("*.py")))
        self.made_of = hashlib.sha256(b"".join([*map(str.encode, cards), *code])).hexdigest()

    def forecast(self, series: Sequence[Floats], horizon: int, season: int) -> Floats:
        """See :class:`Forecaster`."""
        asked, posted = tuple(QUANTILES.tolist()), [each.tolist() for each in series]
        told = () if self._model is None else (season,)
        found = self._engine.forecast(posted, horizon, self._model, levels=(), quantiles=asked, season=told)
        return np.array([_quantiles(each) for each in found])


def _quantiles(forecast: Forecast) -> Floats:
    if forecast.quantiles is None:
        return np.repeat(np.array(forecast.values)[:, None], len(QUANTILES), axis=1)
    return np.array([*forecast.quantiles.values()]).T
