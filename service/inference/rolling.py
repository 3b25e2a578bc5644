"""How forecasts did over their own horizon on the sequences themselves, from rolling origins, beside the rules. Pure.

From each origin a forecast knows the values before it and nothing else. Origins lie in the later half of a sequence,
and the whole horizon after each lies in it, where a gap does not count, nor an origin that only gaps follow; Tashman,
Out-of-sample tests of forecasting accuracy, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import rules
from service.inference.batch import Batch
from service.inference.check import FIRST, taken_over
from service.inference.cumulative import cumulative_sum, total
from service.inference.least_squares import LeastSquares
from service.inference.scaling import unit_of
from service.verdicts import TIE, VERDICTS, Verdict

Whole = NDArray[np.int64]

# More origins are a selection of them, evenly spaced.
MOST_ORIGINS = 8
# Horizons side by side without which nobody takes over from another one.
_FEWEST_PIECES = 2.0


@dataclass  # not frozen: there is one for every sequence
class HorizonCheck:
    """The record of a forecast over its horizon on one sequence, beside the best rule's at the same steps.

    ``mae`` and ``rule_mae`` are mean absolute errors over ``horizon`` steps from ``origins`` origins; ``mase`` is
    ``mae`` in units of the (seasonal) naive rule's one-step error before the first origin, None where nothing had
    moved; ``skill`` is 1 - mae / rule_mae, None where the rule is all but exact.
    """

    origins: int
    horizon: int
    mae: float
    mase: float | None
    rule: str
    rule_mae: float
    skill: float | None
    verdict: Verdict

    def in_words(self) -> str:
        """What was checked."""
        steps = "one step" if self.horizon == 1 else f"{self.horizon} steps"
        return f"{steps} ahead, once" if self.origins == 1 else f"{steps} ahead, from {self.origins} places in its past"


class Origins(NamedTuple):
    """From where a batch's sequences are forecast, and how far.

    ``known`` [origins, sequences] is how many values each origin knows, lowest first; ``counted`` [sequences] how many
    of them count, zero where a sequence is too short; ``horizon`` [sequences] how many steps after each do.
    """

    known: NDArray[np.int32]
    counted: Whole
    horizon: Whole

    @staticmethod
    def of(
        lengths: NDArray[np.int32], horizon: int, least: int | Whole = FIRST, seen: NDArray[np.bool_] | None = None
    ) -> Origins:
        """Those of sequences of ``lengths`` for forecasts of ``horizon`` steps, of which the later half must hold one.

        A longer horizon than that half is checked as far as the half goes. Each origin knows ``least`` values or more,
        and one of those after it was ``seen`` [sequences, timesteps]; None where all were.
        """
        reached = np.maximum(np.minimum(horizon, np.minimum(lengths // 2, lengths - least)), 0).astype(np.int64)
        first, last = np.maximum(lengths - lengths // 2, least), lengths - reached
        number, places = np.where(reached > 0, last - first + 1, 0), None
        if seen is not None:
            number, places = _judged(seen, first, last, reached)
        count = np.minimum(number, MOST_ORIGINS)
        place = np.arange(max(int(count.max()), 1))[:, None]
        gaps = np.maximum(count - 1, 1)
        rank = (2 * np.minimum(place, gaps) * np.maximum(number - 1, 0) + gaps) // (2 * gaps)
        known = first + rank if places is None else np.take_along_axis(places, rank, axis=0)
        return Origins(np.minimum(np.where(count > 0, known, lengths), lengths).astype(np.int32), count, reached)


class Rolling:
    """The rules on a batch of series from rolling origins; forecasts from the same origins are judged beside them.

    ``seasons`` [sequences] are 1 where there is none. All arrays have the sequences last, so that what is alike lies
    together, and every sum goes over the steps in their order: a sequence has the same record alone and in a batch.
    """

    def __init__(self, batch: Batch, horizon: int, seasons: Whole, least: int = FIRST) -> None:
        """Each origin knows ``least`` steps or more since the first value."""
        self.batch, self.seasons = batch, seasons
        self.origins = Origins.of(batch.lengths, horizon, least + batch.begins, batch.seen)
        known, self.horizon = self.origins.known, max(int(self.origins.horizon.max()), 1)
        # The step after each origin, as far as there is one.
        ahead = np.arange(self.horizon)[:, None, None]
        every = np.arange(len(seasons))
        place = np.minimum(known + ahead, batch.lengths - 1)
        self._truth = batch.steps[place, every]
        self._counted = (ahead < self.origins.horizon) & (np.arange(len(known))[:, None] < self.origins.counted)
        if batch.seen is not None:
            self._counted &= batch.seen[every, place]
        self._number = np.maximum(self._counted.sum(axis=0), 1)  # of steps after each origin

    @cached_property
    def forecasts(self) -> Floats:
        """What every rule says of the steps after each origin, [rules, horizon, origins, sequences]."""
        known, fitted = self.origins.known, LeastSquares(self.batch.steps)
        rows = np.tile(np.arange(known.shape[1]), len(known))
        said = rules.ahead(fitted, rows, (known - 1).ravel(), self.horizon, self.seasons)
        return said.reshape(len(rules.NAMES), self.horizon, *known.shape)

    def errors(self, forecasts: Floats) -> Floats:
        """The mean absolute error from each origin [..., origins, sequences], zero where that does not count.

        ``forecasts`` [..., horizon, origins, sequences] are of the steps after each of ``origins``.
        """
        with np.errstate(over="ignore"):
            off = np.abs(forecasts - self._truth)
        np.copyto(off, 0.0, where=~self._counted)
        # Divided before they are added, so that the sum stays finite.
        off /= self._number
        return _over_first(off)

    @cached_property
    def rule_errors(self) -> Floats:
        """Those of the rules [rules, origins, sequences]."""
        return self.errors(self.forecasts)

    def mean(self, errors: Floats) -> Floats:
        """The mean of ``errors`` [..., origins, sequences] over the origins that count."""
        return total(errors / np.maximum(self.origins.counted, 1))

    def unit(self) -> Floats:
        """What MASE divides by [sequences]: the mean absolute difference to a season before, of what is known at first.

        That to the value before where there is no such season or it repeats exactly; NaN where nothing moves.
        """
        steps, first = self.batch.steps, self.origins.known[0]
        magnitude = np.maximum.accumulate(np.abs(steps), axis=0)[first - 1, np.arange(len(first))]
        plain = _mean_difference(self.batch, np.ones_like(self.seasons), first)
        seasonal = _mean_difference(self.batch, self.seasons, first)
        found, plain = unit_of(seasonal, magnitude), unit_of(plain, magnitude)
        return np.where(np.isnan(found), plain, found)

    def checks(self, forecasts: Floats) -> list[HorizonCheck | None]:
        """The record of ``forecasts`` [horizon, origins, sequences] beside the best rule; None where there is none."""
        count, every = self.origins.counted, np.arange(len(self.seasons))
        errors, rule_mae = self.errors(forecasts), self.mean(self.rule_errors)
        best, mae = rule_mae.argmin(axis=0), self.mean(errors)
        lowest = rule_mae[best, every]
        given = self._verdicts(errors - self.rule_errors[best, :, every].T, mae, lowest)
        with np.errstate(all="ignore"):
            mase, skill = mae / self.unit(), 1.0 - mae / lowest
        exact = TIE * self.batch.unit
        shown = (lowest >= exact) & (lowest > 0.0) & np.isfinite(skill)
        columns = (
            count.tolist(),
            self.origins.horizon.tolist(),
            mae.tolist(),
            _or_none(mase, np.isfinite(mase)),
            map(rules.NAMES.__getitem__, best.tolist()),
            lowest.tolist(),
            _or_none(skill, shown),
            map(VERDICTS.__getitem__, given.tolist()),
        )
        found = [HorizonCheck(*each) for each in zip(*columns, strict=True)]
        return [check if check.origins else None for check in found]

    def takes_over(self, one: Floats, other: Floats, times: float) -> NDArray[np.bool_]:
        """Where errors ``one`` [origins, sequences] are lower by so many ``times`` the standard error, or exact.

        For more than one standard error that of a single forecast does not do.
        """
        mae, its = self.mean(one), self.mean(other)
        beaten = self._verdicts(one - other, mae, its, times) == VERDICTS.index("beats")
        if times > 1.0:
            beaten &= self._pieces() >= _FEWEST_PIECES
        return taken_over(beaten, mae, its, TIE * self.batch.unit) & (self.origins.counted > 0)

    def _pieces(self) -> Floats:
        """How many horizons fit side by side into what the forecasts are held against [sequences].

        Forecasts that overlap are wrong together: so many of them say as much as all.
        """
        known, counted, horizon = self.origins
        last = known[np.maximum(counted - 1, 0), np.arange(len(counted))]
        pieces: Floats = np.minimum((last - known[0]) / np.maximum(horizon, 1) + 1.0, counted)
        return pieces

    def _verdicts(self, differences: Floats, mae: Floats, rule_mae: Floats, times: float = 1.0) -> NDArray[np.intp]:
        """As in a check of next values; the standard error is that of as many forecasts as do not overlap."""
        count, mean = self.origins.counted, mae - rule_mae
        with np.errstate(all="ignore"):
            spread = (differences / mean - 1.0) ** 2
        np.copyto(spread, 0.0, where=np.arange(len(differences))[:, None] >= count)
        wide = times**2 * total(spread) >= self._pieces() * (count - 1)
        tied = (np.abs(mean) <= TIE * self.batch.unit) | (wide & (count > 1))
        found = np.where(mae < rule_mae, VERDICTS.index("beats"), VERDICTS.index("loses"))
        found[tied] = VERDICTS.index("ties")
        return found


def _judged(seen: NDArray[np.bool_], first: Whole, last: Whole, reached: Whole) -> tuple[Whole, Whole]:
    """Of the origins from ``first`` to ``last`` those with a value in the ``reached`` steps after them [sequences].

    How many they are, and their places [timesteps + 1, sequences], lowest first; what follows those means nothing.
    """
    place = np.arange(seen.shape[1] + 1)[:, None]
    values: Whole = np.concatenate((np.zeros((1, len(seen)), np.int64), np.cumsum(seen, axis=1).T))
    after: Whole = np.take_along_axis(values, np.minimum(place + reached, seen.shape[1]), axis=0)
    judged = (place >= first) & (place <= last) & (after > values)
    return judged.sum(axis=0), np.argsort(~judged, axis=0, kind="stable")


def _mean_difference(batch: Batch, seasons: Whole, first: NDArray[np.int32]) -> Floats:
    """The mean absolute difference to ``seasons`` before of the ``first`` values [sequences]; zero where none is."""
    places = np.arange(len(batch.steps))[:, None]
    before = batch.steps[np.maximum(places - seasons, 0), np.arange(batch.steps.shape[1])]
    counted = (places >= batch.begins + seasons) & (places < first)
    if batch.seen is not None:
        counted &= batch.seen.T
    off = np.abs(batch.steps - before)
    np.copyto(off, 0.0, where=~counted)
    return total(off / np.maximum(counted.sum(axis=0), 1))


def _over_first(numbers: Floats) -> Floats:
    """The sums of ``numbers`` [..., horizon, origins, sequences] over the horizon; overwrites them."""
    *left, horizon, origins, sequences = numbers.shape
    summed = cumulative_sum(numbers.reshape(*left, horizon, origins * sequences))[..., -1, :]
    found: Floats = summed.reshape(*left, origins, sequences)
    return found


def _or_none(numbers: Floats, shown: NDArray[np.bool_]) -> list[float | None]:
    return [number if is_shown else None for number, is_shown in zip(numbers.tolist(), shown.tolist(), strict=True)]
