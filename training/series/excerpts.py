"""Of own series the parts that a general network is trained on; what is drawn from them is the service's."""

from __future__ import annotations

import numpy as np

from service.errors import InvalidInput
from service.inference.finetuning.excerpts import Excerpts
from training.series.panel import Panel, SeriesError
from training.series.splits import Split


def excerpts(panel: Panel, split: Split, season: int | None, context: int, *, again: bool = False) -> Excerpts:
    """Of the training part of every series; ``again`` adds the validation part, when it has chosen.

    ``context`` is the most values that are read.

    Raises:
        SeriesError: no series moves in its training part.
    """
    parts = [np.where(each.filled, np.nan, each.values) for each in panel.series]
    # Of one width, with the validation part or without, so that a network is compiled once.
    longest = max(split.ends(len(part))[1] for part in parts)
    parts = [part[: split.ends(len(part))[int(again)]] for part in parts]
    try:
        return Excerpts(parts, split.horizon, season or 1, min(longest, context + split.horizon))
    except InvalidInput as error:
        raise SeriesError("no series moves in its training part: there is nothing to learn") from error
