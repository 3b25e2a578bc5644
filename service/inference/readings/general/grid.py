"""The spread of an answer that is known at a grid of levels: any other level lies between, as on a normal curve."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from service.inference.readings.general.causal import Floats

_NORMAL = NormalDist()


class Grid:
    """Quantiles at the levels that a network answers, and at any other by straight lines over normal scores.

    Beyond the outermost levels the outermost lines go on. Every answer has a spread.
    """

    def __init__(self, known: Floats, levels: Sequence[float]) -> None:
        """``known`` [answered, horizon, levels] in order, at ``levels`` between 0 and 1, lowest first."""
        self._known = known
        self._scores = np.array([_NORMAL.inv_cdf(level) for level in levels])

    @property
    def reasons(self) -> Sequence[str | None]:
        """Why there is no spread around each answer: there always is."""
        return [None] * len(self._known)

    def bounds(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Lower and upper bounds [levels, answered, horizon] of central intervals of ``levels`` per cent."""
        outside = [(1.0 - level / 100.0) / 2.0 for level in levels]
        return self.quantiles(outside), self.quantiles([1.0 - each for each in outside])

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """Values [probabilities, answered, horizon]; a higher probability's are not lower."""
        wanted = np.array([_NORMAL.inv_cdf(each) for each in probabilities])
        place = np.clip(np.searchsorted(self._scores, wanted), 1, len(self._scores) - 1)
        low, high = self._scores[place - 1], self._scores[place]
        share = ((wanted - low) / (high - low))[:, None, None]
        known = np.moveaxis(self._known, -1, 0)
        # Two factors rather than a difference, which would overflow where the values are huge.
        found: Floats = known[place - 1] * (1.0 - share) + known[place] * share
        return found
