"""Training batches cut at random from the training part of every series, a little noise added; knows no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from training.recipes import Stage
from training.series.panel import Panel, SeriesError
from training.series.splits import Split
from training.tasks.base import Batch, Series, next_values

# Noise on what is read, in mean absolute differences, uniform up to this: against learning by heart.
JITTER = 0.1
# Weight of steps in the first quarter of a window, where a series is hardly known yet.
EARLY = 0.1


class Windows:
    """Draws windows of ``timesteps + horizon`` values; a series too short for one is not drawn from."""

    def __init__(self, panel: Panel, split: Split, timesteps: int, *, again: bool = False) -> None:
        """Windows of the training part; ``again`` adds the validation part, when it has chosen.

        Raises SeriesError where no series is long enough or none moves.
        """
        self._timesteps, self._span = timesteps, timesteps + split.horizon
        parts = (each.values[: split.ends(len(each.values))[int(again)]] for each in panel.series)
        units, room = np.array([(np.mean(np.abs(np.diff(part))), len(part) - self._span + 1) for part in parts]).T
        usable = np.flatnonzero((room > 0) & (units > 0.0))
        if len(usable) == 0:
            raise SeriesError(f"no series moves over {self._span} values in its training part")
        self._series, self._usable = panel.series, usable
        self._units, room = units[usable], room.astype(np.int64)
        self._before = np.concatenate(([0], np.cumsum(room[usable])))
        self._importance = np.ones(timesteps)
        self._importance[: timesteps // 4] = EARLY

    def draw(self, rng: np.random.Generator, stage: Stage) -> Batch:
        """One chunk of batches, [chunk, batch, ...]."""
        count = stage.chunk * stage.batch
        picked = rng.integers(0, self._before[-1], count)
        series = np.searchsorted(self._before, picked, side="right") - 1
        starts = picked - self._before[series]
        clean = self._cut(self._usable[series], starts)
        # A window without a difference has no scale, and a batch of such windows no loss.
        moving = np.flatnonzero(np.ptp(clean[:, : self._timesteps], axis=1) > 0.0)
        if len(moving) == 0:
            raise SeriesError("the training part hardly ever moves: there is nothing to learn")
        rows = moving[np.arange(count) % len(moving)]
        clean, unit = clean[rows], self._units[series[rows]]
        noise = JITTER * rng.random(count)
        observed = clean + (noise * unit)[:, None] * rng.standard_normal(clean.shape)
        importance = np.broadcast_to(self._importance, (count, self._timesteps))
        batch = next_values(Series(observed, clean, unit, noise), self._timesteps, importance)
        return Batch._make(
            None if part is None else part.reshape(stage.chunk, stage.batch, *part.shape[1:]) for part in batch
        )

    def _cut(self, series: NDArray[np.intp], starts: NDArray[np.int64]) -> Floats:
        """Windows [windows, span] that begin at ``starts`` of these ``series``."""
        found: Floats = np.empty((len(starts), self._span))
        for row, (place, start) in enumerate(zip(series.tolist(), starts.tolist(), strict=True)):
            found[row] = self._series[place].values[start : start + self._span]
        return found
