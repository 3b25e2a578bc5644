"""Questions about made-up series, at random places and horizons: what the general networks learn from."""

from __future__ import annotations

import numpy as np

from service.inference.finetuning.questions import Group, Questions, posed
from training.tasks.series.noise import Rng, column

HORIZON, FAR_HORIZON, _FAR_SHARE = 48, 192, 0.12


def questions(rng: Rng, group: Group, origins: int, horizons: int) -> Questions:
    """``origins`` x ``horizons`` questions about each series of ``group``, at random; the first horizon is always 1."""
    count = len(group.values)
    last = column(group.lengths) - 2
    first = np.minimum(2, last)
    # Spread over the series: one origin in each stretch of it.
    spread = (np.arange(origins) + rng.random((count, origins))) / origins
    origin = np.minimum(first + (spread * (last - first + 1)).astype(np.int64), last)
    furthest = column(np.where(rng.random(count) < _FAR_SHARE, FAR_HORIZON, HORIZON))
    most = np.minimum(furthest, column(group.lengths) - 1 - origin)[..., None]
    ahead = 1 + (rng.random((count, origins, horizons)) ** 1.5 * most).astype(np.int64)
    ahead[..., 0] = 1
    return posed(group, origin, np.minimum(ahead, most))
