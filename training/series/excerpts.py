"""Of own series the parts that a general network is trained on; what is drawn from them is the service's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from service.arrays import Floats
from service.errors import InvalidInput
from service.inference.finetuning.excerpts import Excerpts
from training.series.panel import OwnSeries, Panel, SeriesError
from training.series.splits import Split


class _Parts(Sequence[Floats]):
    """The beginnings of series up to their ``ends``, NaN where a value was filled in; made when they are asked for."""

    def __init__(self, series: Sequence[OwnSeries], ends: Sequence[int]) -> None:
        self._series, self._ends = series, ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> Floats: ...
    @overload
    def __getitem__(self, place: slice) -> list[Floats]: ...
    def __getitem__(self, place: int | slice) -> Floats | list[Floats]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        series, end = self._series[place], self._ends[place]
        return np.where(series.filled[:end], np.nan, series.values[:end])


def excerpts(panel: Panel, split: Split, season: int | None, context: int, *, again: bool = False) -> Excerpts:
    """Of the training part of every series; ``again`` adds the validation part, when it has chosen.

    ``context`` is the most values that are read.

    Raises:
        SeriesError: no series moves in its training part.
    """
    ends = [split.ends(len(each.values)) for each in panel.series]
    # Of one width, with the validation part or without, so that a network is compiled once.
    longest = max(end for _, end, _ in ends)
    parts = _Parts(panel.series, [each[int(again)] for each in ends])
    try:
        return Excerpts(parts, split.horizon, season or 1, min(longest, context + split.horizon))
    except InvalidInput as error:
        raise SeriesError("no series moves in its training part: there is nothing to learn") from error
