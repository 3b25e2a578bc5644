"""A series with covariates: a general network forecasts what their effects leave of it, and the effects return.

Regression with recurrent errors: what is known ahead is taken off every step and put back on the steps ahead; what is
known up to an origin only adds to each step ahead. Each forecast of the past, by which one is checked, knows what was
known at its origin: values and past covariates up to there, and the ahead-known ones of its own steps.
"""

from __future__ import annotations

from typing import ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.covariates import Beside
from service.inference.batch import Batch
from service.inference.intervals import Fan, Quantiles
from service.inference.network import State
from service.inference.readings.covariates.applied import Applied
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General, least
from service.inference.readings.reading import Origins
from service.inference.readings.told import Ahead, Answers, Foretold


class WithCovariates(General):
    """As :class:`General`, of a series that comes with what :attr:`effects` names."""

    kind: Literal["covariates"] = "covariates"  # type: ignore[assignment]  # a kind of its own
    effects: Effects
    any_series: ClassVar[bool] = False
    covariates: ClassVar[bool] = True

    @classmethod
    def of(cls, plain: General, effects: Effects) -> WithCovariates:
        """Of what the ``effects`` leave of a series as ``plain`` reads series."""
        return cls.model_validate({**plain.spec(), "kind": "covariates", "effects": effects})

    def without(self) -> General:
        """How what the effects leave is read."""
        return General(quantiles=self.quantiles, context=self.context, season=self.season)

    def adopted(self, name: str, beside: Beside) -> Beside:
        return self.effects.by_name(name, beside) if beside.ordered else beside

    def require_beside(self, name: str, batch: Batch) -> None:
        self.effects.require(name, batch)

    def outside(self, batch: Batch) -> NDArray[np.bool_] | None:
        return np.array([self.effects.beyond(each) for each in (batch.covariates.each if batch.covariates else ())])

    def range_caveat(self, name: str) -> str:
        return f"A known covariate leaves the range that {name} was trained on: its effect is continued straight on."

    def read(self, network: GeneralNetwork, batch: Batch, start: int = 0) -> Answers:
        beside = self.effects.of(batch, 1)
        found, state = super().read(network, beside.left, start)
        steps, count = found.shape
        rows, origins = np.tile(np.arange(count), steps), np.repeat(np.arange(steps) + start + 1, count)
        back = beside.back(found.reshape(-1, 1, 1), rows, origins).reshape(found.shape)
        return Answers(back, self._back(beside, state))

    def history(self, network: GeneralNetwork, batch: Batch) -> tuple[Floats, Fan | None]:
        beside = self.effects.of(batch, 1)
        _, fan = super().history(network, beside.left)
        count, steps = batch.values.shape
        rows, origins = np.repeat(np.arange(count), steps), np.tile(np.arange(steps) + 1, count)
        left = np.moveaxis(_values(fan), 0, -1).reshape(count * steps, 1, -1)
        found = beside.back(left, rows, origins).reshape(count, steps, -1)
        return found[..., self.median], self._fan(found, [None] * count)

    def answer(self, network: GeneralNetwork, batch: Batch) -> tuple[Floats, State | None]:
        beside = self.effects.of(batch, 1)
        _, state = super().answer(network, beside.left)
        state = self._back(beside, state)
        return cast("Floats", state["quantiles"])[0, :, 0, self.median], state

    def ahead(self, network: GeneralNetwork, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        if state is None or state["quantiles"].shape[2] != horizon:
            beside = self.effects.of(batch, horizon)
            state = self._back(beside, self._end(network, beside.left, horizon))
        return super().ahead(network, batch, answers, state, horizon)

    def foretold(self, network: GeneralNetwork, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        beside = self.effects.of(batch, horizon)
        (_, fan, _), _, state = super().foretold(network, beside.left, origins, horizon)
        rows = np.tile(np.arange(origins.shape[1]), len(origins))
        found = beside.back(np.moveaxis(_values(fan), 0, -1), rows, origins.ravel())
        bound = least(batch, rows, origins.ravel())
        ahead = Ahead(found[..., self.median], self._fan(found, [None] * len(found), bound))
        return Foretold(ahead, None, self._back(beside, state))

    def _back(self, beside: Applied, state: State | None) -> State:
        """The ``state`` after a batch with the effects."""
        assert state is not None  # noqa: S101  # a general network leaves one
        quantiles = cast("Floats", state["quantiles"])[0]
        found = beside.back(quantiles, np.arange(len(quantiles)), beside.lengths)
        return {**state, "quantiles": found[None]}  # type: ignore[dict-item]  # of float64


def _values(fan: Fan | None) -> Floats:
    """The quantiles [levels, answered, horizon] of a general network."""
    return cast("Quantiles", fan).values
