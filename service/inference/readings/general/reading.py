"""Any series, read by a general network: all steps ahead and their quantiles at once, for the season found in it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from service.inference import seasons
from service.inference.cancellation import checkpoint
from service.inference.intervals import Fan
from service.inference.network import State
from service.inference.readings.general.answering import Series, quantiles
from service.inference.readings.general.causal import STEP_FEATURES, Counts, Told, causal
from service.inference.readings.general.grid import Grid
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.reading import Ahead, Answers, Floats, Foretold, Origins, Reading
from service.inference.sequences import Batch

# Steps of a history that are answered at a time.
_PIECE = 4096


class General(Reading):
    """The last ``context`` values, read in several ways (:mod:`.answering`); the median of ``quantiles`` is the answer.

    The season that a step is answered under is found from the values up to where answers start, so that a record knows
    nothing of what it is held against.
    """

    kind: Literal["general"] = "general"
    quantiles: tuple[float, ...]
    context: int
    features: ClassVar[int] = STEP_FEATURES
    spreads: ClassVar[bool] = True
    gaps: ClassVar[bool] = True

    def load(self, onnx: bytes) -> GeneralNetwork:
        return GeneralNetwork(onnx)

    @property
    def median(self) -> int:
        """The place of the median among ``quantiles``."""
        return int(np.abs(np.array(self.quantiles) - 0.5).argmin())

    def looks_back(self, length: int) -> int:
        return min(length, self.context)

    def seen(self, batch: Batch) -> NDArray[Any]:
        season = seasons.found(batch.values, batch.lengths)
        seen = np.ones(batch.values.shape, np.bool_)
        told = Told(np.ascontiguousarray(batch.values), seen, batch.lengths.astype(np.int64), season, season * 0)
        return causal(told).features

    def read(self, network: GeneralNetwork, batch: Batch, start: int = 0) -> Answers:
        count, steps = batch.values.shape
        predictions = np.empty((steps - start, count))
        last, _ = self.answer(network, batch)
        if steps - start > 1:
            first = max(0, start + 1 - self.context)
            known = np.minimum(batch.lengths, start + 1)
            origins = np.broadcast_to(np.arange(start, steps - 1) - first, (count, steps - 1 - start))
            series = self._series(batch, known, first, batch.lengths)
            predictions[:-1] = _asked(network, series, origins, 1)[..., 0, self.median].T
        predictions[batch.lengths - 1 - start, np.arange(count)] = last
        if (batch.lengths < steps).any():
            predictions[-1, batch.lengths < steps] = np.nan
        return Answers(predictions, None)

    def history(self, network: GeneralNetwork, batch: Batch) -> tuple[Floats, Fan | None]:
        """Under the seasons by which rules are judged; a piece at a time, so that memory is bounded."""
        count, steps = batch.values.shape
        found = np.empty((count, steps, len(self.quantiles)))
        for start in range(0, steps, _PIECE):
            checkpoint()
            stop, first = min(start + _PIECE, steps), max(0, start + 1 - self.context)
            lengths = np.maximum(np.minimum(batch.lengths, stop) - first, 1).astype(np.int64)
            values = np.ascontiguousarray(batch.gapped[:, first:stop])
            series = Series(values, lengths, batch.seasons, np.zeros_like(batch.seasons))
            origins = np.broadcast_to(np.arange(start, stop) - first, (count, stop - start))
            found[:, start:stop] = _asked(network, series, origins, 1)[:, :, 0]
        return found[..., self.median], Grid(found, self.quantiles)

    def answer(self, network: GeneralNetwork, batch: Batch) -> tuple[Floats, State | None]:
        return self._last(network, batch, 1)[:, 0, self.median], None

    def ahead(self, network: GeneralNetwork, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        return self._spread(self._last(network, batch, horizon))

    def foretold(self, network: GeneralNetwork, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        """Under the season that is found before the first origin."""
        stop = int(origins[-1])
        first = max(0, int(origins[0]) - self.context)
        series = self._series(batch, origins[:1], first, np.array([stop]))
        forecasts = _asked(network, series, origins[None].astype(np.int64) - 1 - first, horizon)[0]
        steps = _asked(network, series, np.arange(stop - first)[None], 1)[0, :, 0, self.median]
        return Foretold(self._spread(forecasts), np.concatenate((np.full(first, np.nan), steps)))

    def _spread(self, found: Floats) -> Ahead:
        return Ahead(found[..., self.median], Grid(found, self.quantiles))

    def _last(self, network: GeneralNetwork, batch: Batch, horizon: int) -> Floats:
        """Quantiles [sequences, horizon, levels] after each sequence's last value, of its last ``context`` values."""
        table, lengths = np.ascontiguousarray(batch.values), batch.lengths.astype(np.int64)
        first = np.maximum(lengths - self.context, 0)
        width = int((lengths - first).max())
        place = np.minimum(first[:, None] + np.arange(width), lengths[:, None] - 1)
        season = seasons.found(batch.values, batch.lengths)
        series = Series(np.take_along_axis(table, place, axis=1), lengths - first, season, np.zeros_like(season))
        return _asked(network, series, series.lengths[:, None] - 1, horizon)[:, 0]

    def _series(self, batch: Batch, known: NDArray[Any], first: int, lengths: NDArray[Any]) -> Series:
        """The values from ``first`` on, with the seasons that show in the first ``known`` of them."""
        season = seasons.found(batch.values, np.asarray(known, np.int32))
        values = np.ascontiguousarray(batch.values[:, first : int(lengths.max())])
        return Series(values, np.maximum(lengths.astype(np.int64) - first, 1), season, np.zeros_like(season))


def _asked(network: GeneralNetwork, series: Series, origins: Counts, horizon: int) -> Floats:
    return quantiles(network, series, origins, np.arange(1, horizon + 1))
