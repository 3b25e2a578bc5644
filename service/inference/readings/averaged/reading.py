"""Any series, read by a general network whose quantiles are averaged with those of an autoregression of the series.

Quantile by quantile (Vincent 1912): the median is the weighted mean of both medians, and so is every bound. What a
network knows of series in general and what a regression finds in this one err in different ways.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from service.arrays import Floats
from service.inference.readings.averaged.autoregression import Manner
from service.inference.readings.averaged.autoregression import quantiles as by_autoregression
from service.inference.readings.general.answering import Series
from service.inference.readings.general.causal import Counts
from service.inference.readings.general.forecasting import View
from service.inference.readings.general.mixture import Mixed
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General

# Times that a value is read: the network's six, and a regression for each origin costs some more.
_READS = 30


class Averaged(General):
    """As :class:`General`, of which the autoregression has a ``share``, wherever the series is long enough for one."""

    kind: Literal["averaged"] = "averaged"  # type: ignore[assignment]  # a kind of its own
    share: Annotated[float, Field(gt=0.0, le=1.0)]
    autoregression: Manner

    @classmethod
    def of(cls, plain: General, share: float, manner: Manner) -> Averaged:
        """Of a network that reads as ``plain`` does."""
        return cls.model_validate({**plain.spec(), "kind": "averaged", "share": share, "autoregression": manner})

    @property
    def reads(self) -> int:
        return _READS

    def _forecasts(
        self, network: GeneralNetwork, values: Floats, lengths: Counts, views: list[View], horizon: int
    ) -> list[Mixed]:
        found = super()._forecasts(network, values, lengths, views, horizon)
        seasons = [np.array([each[0] for each in view.seasons]) for view in views]
        return [
            each._replace(quantiles=self._averaged(each.quantiles, values, view.origins, season))
            for view, season, each in zip(views, seasons, found, strict=True)
        ]

    def _next(self, network: GeneralNetwork, series: Series, origins: Counts) -> Floats:
        found = super()._next(network, series, origins)
        return self._averaged(found[:, :, None], series.values, origins, series.season)[:, :, 0]

    def _averaged(self, said: Floats, values: Floats, origins: Counts, season: Counts) -> Floats:
        """``said`` [series, origins, horizon, levels] by the network, averaged."""
        levels, manner = np.array(self.quantiles), self.autoregression
        if self.season is None:  # it was chosen without one: what is found in a series is not for it
            season = np.ones_like(season)
        own = by_autoregression(values, origins, season, said.shape[2], levels, manner, self.context)
        lowest = np.take_along_axis(np.fmin.accumulate(values, axis=1), origins, axis=1)[..., None, None]
        own = np.where(lowest >= 0.0, np.maximum(own, 0.0), own)
        return np.where(np.isnan(own), said, (1.0 - self.share) * said + self.share * own)
