"""Any series, read by a general network: all steps ahead and their quantiles at once, mixed over its seasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.arrays import Floats
from service.cards import Layer
from service.inference.batch import Batch
from service.inference.cancellation import checkpoint
from service.inference.check import FIRST
from service.inference.intervals import STILL, UNCHECKED, Fan, Quantiles
from service.inference.network import State
from service.inference.readings.general import mixture
from service.inference.readings.general.answering import Series, quantiles
from service.inference.readings.general.causal import STEP_FEATURES, Counts, Told, causal
from service.inference.readings.general.forecasting import Seasons, View, forecasts
from service.inference.readings.general.form import LAYERS
from service.inference.readings.general.mixture import Mixed
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.reading import Origins, Reading
from service.inference.readings.told import Ahead, Answers, Foretold, Traced
from service.inference.scaling import unit_of
from service.inference.seasons import Season
from service.inference.unrolled import Unrolled, Unroller

# Steps that are looked into: all of the series is read twice for each.
_MOST_INSPECTED = 128
# Of the mean absolute change: by so much a value is moved to see what the answer does. Networks count in float32.
_NUDGE = 1e-2
# Weights below this are not worth naming.
_LEAST = 5e-4

# Steps of the past that are answered at a time.
_PIECE = 4096


class General(Reading):
    """The last ``context`` values, read in several ways (:mod:`.answering`); the median of ``quantiles`` is the answer.

    Seasons that were not told are found, and weights of seasons come from a record, in the values up to where answers
    start only: what a forecast is held against has no part in it. Next values and longer forecasts each have a record
    over their own horizon: the first step of a forecast may differ from the next value in how seasons are mixed.

    Its state after a batch is what it says of the future of each sequence, which is asked for in the same pass.
    """

    kind: Literal["general"] = "general"
    quantiles: tuple[float, ...]
    context: int
    # That of the series which it was trained for, told wherever nobody tells another.
    season: Annotated[int, Field(ge=2)] | None = None
    features: ClassVar[int] = STEP_FEATURES
    any_series: ClassVar[bool] = True
    general: ClassVar[bool] = True
    spreads: ClassVar[bool] = True
    gaps: ClassVar[bool] = True
    either_runtime: ClassVar[bool] = False

    def load(self, onnx: bytes) -> GeneralNetwork:
        return GeneralNetwork(onnx)

    @property
    def median(self) -> int:
        """The place of the median among ``quantiles``."""
        return int(np.abs(np.array(self.quantiles) - 0.5).argmin())

    @property
    def reads(self) -> int:
        return _READS

    def looks_back(self, length: int) -> int:
        return min(length, self.context)

    def seen(self, batch: Batch) -> NDArray[Any]:
        lengths = batch.lengths.astype(np.int64)
        season = np.array([max(each) for each in self._seasons(batch, lengths)])
        seen = np.ones(batch.values.shape, np.bool_) if batch.seen is None else batch.seen
        return causal(Told(np.ascontiguousarray(batch.values), seen, lengths, season, season * 0)).features

    def read(self, network: GeneralNetwork, batch: Batch, start: int = 0) -> Answers:
        count, steps = batch.values.shape
        # Each sequence is checked on its own later half, wherever that of the longest one starts.
        lengths = batch.lengths.astype(np.int64)
        known = np.minimum(np.maximum(lengths - lengths // 2, FIRST), lengths)
        origins = np.broadcast_to(np.arange(start, steps - 1), (count, steps - 1 - start))
        past, state = self._all(network, batch, known, origins, 1)
        predictions = np.full((steps - start, count), np.nan)
        if past is not None:
            predictions[:-1] = past[:, :, 0, self.median].T
        predictions[batch.lengths - 1 - start, np.arange(count)] = state["quantiles"][0, :, 0, self.median]
        return Answers(predictions, state)

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
            found[:, start:stop] = self._next(network, series, origins)
        return found[..., self.median], self._fan(found, [None] * count)

    def answer(self, network: GeneralNetwork, batch: Batch) -> tuple[Floats, State | None]:
        state = self._end(network, batch, 1)
        return cast("Floats", state["quantiles"])[0, :, 0, self.median], state

    def ahead(self, network: GeneralNetwork, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        if state is None or state["quantiles"].shape[2] != horizon:
            state = self._end(network, batch, horizon)
        found = cast("Floats", state["quantiles"])[0]
        return Ahead(
            found[..., self.median],
            self._fan(found, _reasons(batch), least(batch, np.arange(len(batch.lengths)), batch.lengths)),
            _used(state, told=bool(batch.told or self.season)),
        )

    def continued(self, network: GeneralNetwork, batch: Batch, horizon: int) -> Ahead:
        return self.ahead(network, batch, np.empty(0), None, horizon)  # all steps at once, and no next value first

    def foretold(self, network: GeneralNetwork, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        known = origins.astype(np.int64)
        past, state = self._all(network, batch, known[0], known.T - 1, horizon)
        assert past is not None  # noqa: S101  # there is an origin
        found = np.moveaxis(past, 1, 0).reshape(-1, *past.shape[2:])
        bound = least(batch, np.tile(np.arange(origins.shape[1]), len(origins)), origins.ravel())
        return Foretold(Ahead(found[..., self.median], self._fan(found, [None] * len(found), bound)), None, state)

    def length_caveat(self, name: str, trained: tuple[int, int], length: int) -> str | None:
        if length > self.context:
            return (
                f"{name} answers from the last {self.context} values, not from the {length - self.context} before them."
            )
        return super().length_caveat(name, trained, length)

    def tried(self, steps: int) -> int:
        return 2 * steps * steps  # twice all of it for each step's influence

    @property
    def inspected(self) -> int:
        return min(_MOST_INSPECTED, self.context)

    def unroller(self, layers: list[Layer], weights: Mapping[str, NDArray[np.float32]]) -> Unroller:
        """What reads the steps: a dense layer and the recurrent ones. What is asked about them comes after."""
        parts = {f"layer_0.{part}": weights[f"read.{part}"] for part in ("kernel", "bias")}
        for layer in range(LAYERS):
            parts |= {f"layer_{layer + 1}.{part}": weights[f"layer_{layer}.{part}"] for part in "WRB"}
        return Unroller(layers[: LAYERS + 1], parts)

    def lacking(self, *_: object) -> None:
        """What is asked about the steps is not replayed."""

    def traced(self, network: GeneralNetwork, batch: Batch, unroller: Unroller, unrolled: Unrolled) -> Traced:
        values, count = batch.gapped[0], batch.values.shape[1]
        step = _NUDGE * max(float(batch.unit[0]), float(np.abs(batch.values).max()) * 1e-6)
        moved = np.repeat(values[None], 2 * count, axis=0)
        places = np.arange(count)
        moved[places, places] += step
        moved[count + places, places] -= step
        lengths, told = np.full(2 * count, count), self._seasons(batch, batch.lengths) * (2 * count)
        end = View(told, lengths, lengths[:, None] - 1)
        (found,) = self._forecasts(network, moved, lengths, [end], 1)
        answers = found.quantiles[:, 0, 0, self.median]
        influence = (answers[:count] - answers[count:]) / (2.0 * step) if step > 0.0 else np.zeros(count)
        return Traced(None, np.where(np.isnan(values), 0.0, influence)[:, None])

    def _forecasts(
        self, network: GeneralNetwork, values: Floats, lengths: Counts, views: list[View], horizon: int
    ) -> list[Mixed]:
        """What is said from the origins of each view, as :func:`.forecasting.forecasts`."""
        return forecasts(network, np.array(self.quantiles), values, lengths, views, horizon)

    def _next(self, network: GeneralNetwork, series: Series, origins: Counts) -> Floats:
        """Quantiles [series, origins, levels] of the value after each of ``origins`` [series, n]."""
        return quantiles(network, series, origins, np.ones(1, np.int64))[:, :, 0]

    def _seasons(self, batch: Batch, known: NDArray[Any]) -> list[Seasons]:
        """Those told, or the model's own, or of each sequence that found in its first ``known`` values."""
        told = batch.told or ((self.season,) if self.season else ())
        if told:
            return [told] * len(known)
        return [(season,) for season in batch.season_within(known.astype(np.int32)).tolist()]

    def _fan(self, found: Floats, reasons: list[str | None], bound: Floats | None = None) -> Quantiles:
        return Quantiles(self.quantiles, np.moveaxis(found, -1, 0), reasons, bound)

    def _all(
        self, network: GeneralNetwork, batch: Batch, known: Counts, origins: Counts, horizon: int
    ) -> tuple[Floats | None, State]:
        """Quantiles from past ``origins`` [sequences, n], of a season found in the first ``known`` [sequences] values.

        None where there is no origin; and what is said of the future.
        """
        if origins.shape[1] == 0:
            return None, self._end(network, batch, horizon)
        lengths = batch.lengths.astype(np.int64)
        past = View(self._seasons(batch, known), known, np.minimum(origins, lengths[:, None] - 1))
        if batch.values.shape[1] <= self.context:
            end = View(self._seasons(batch, batch.lengths), lengths, lengths[:, None] - 1)
            last, before = self._forecasts(network, batch.gapped, lengths, [end, past], horizon)
            return before.quantiles, _state(end, last)
        # The first origin's context starts before that of the end, which reads no more than its own. What takes more
        # than one piece is a series that is alone in its batch; each further piece has its record in what is before it.
        found, piece = [], max(1, min(_PIECE, 8 * _PIECE // horizon))
        for start in range(0, origins.shape[1], piece):
            checkpoint()
            part = past.origins[:, start : start + piece]
            told = known if start == 0 else part[:, 0] + 1
            first, stop = max(0, int(told.min()) - self.context), int(part.max()) + 1
            cut = View(past.seasons, told - first, part - first)
            values, left = batch.gapped[:, first:stop], np.minimum(lengths, stop) - first
            found.append(self._forecasts(network, values, left, [cut], horizon)[0].quantiles)
        return np.concatenate(found, axis=1), self._end(network, batch, horizon)

    def _end(self, network: GeneralNetwork, batch: Batch, horizon: int) -> State:
        """What is said of the future of each sequence, from its last ``context`` values."""
        lengths = batch.lengths.astype(np.int64)
        first = np.maximum(lengths - self.context, 0)
        width = int((lengths - first).max())
        place = np.minimum(first[:, None] + np.arange(width), lengths[:, None] - 1)
        values, lengths = np.take_along_axis(batch.gapped, place, axis=1), lengths - first
        end = View(self._seasons(batch, batch.lengths), lengths, lengths[:, None] - 1)
        (found,) = self._forecasts(network, values, lengths, [end], horizon)
        return _state(end, found)


# Times that a value is read: in up to four ways, under one season or two.
_READS = 6


def least(batch: Batch, rows: NDArray[np.intp], known: NDArray[np.signedinteger]) -> Floats:
    """What no answer lies below that knows so many values of ``rows`` [n]: zero where none of them was negative."""
    lowest = np.fmin.accumulate(batch.gapped, axis=1)[rows, known - 1]
    return np.where(lowest >= 0.0, 0.0, -np.inf)


def _reasons(batch: Batch) -> list[str | None]:
    """Why there is no spread around an answer: of what never moved nothing says how wide it must be."""
    still = np.isnan(unit_of(batch.unit, np.abs(batch.values).max(axis=1)))
    rows = zip(still.tolist(), batch.lengths.tolist(), strict=True)
    return [None if not is_still else UNCHECKED if length == 1 else STILL for is_still, length in rows]


def _state(end: View, found: Mixed) -> State:
    """By name [1, sequences, ...]: quantiles of the steps ahead, seasons told or found, weights of all those mixed."""
    told = np.array([(*each, 0)[:2] for each in end.seasons])
    parts = {"quantiles": found.quantiles[:, 0], "told": told, "networks": found.networks, "rules": found.rules}
    return {name: cast("Any", part[None]) for name, part in parts.items()}


def _used(state: State, *, told: bool) -> list[Season]:
    """What answers say of the seasons that they were given under."""
    used = []
    for row, networks, rules in zip(*(state[name][0].tolist() for name in ("told", "networks", "rules")), strict=True):
        steps = [season for season in row if season]
        names = mixture.candidates([tuple(steps)])
        shares = [*zip(map(str, names), networks, strict=False)]
        shares += [(f"seasonal naive {season}", share) for season, share in zip(names, rules, strict=False)]
        used.append(Season(steps, told, {name: round(share, 4) for name, share in shares if share >= _LEAST}))
    return used
