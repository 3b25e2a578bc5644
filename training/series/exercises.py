"""Batches that a general network is trained on for own series: for the whole of it, or for its head alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from service.inference.finetuning.excerpts import Excerpts
from service.inference.finetuning.frozen import Frozen, Said
from service.inference.finetuning.questions import Questions
from training.general.tuning import Drawn

Draw = Callable[[np.random.Generator], Drawn]


def for_the_whole(excerpts: Excerpts) -> Draw:
    """Batches for the whole network, each drawn afresh."""

    def drawn(rng: np.random.Generator) -> Drawn:
        each = excerpts.draw(rng)
        return Drawn((each.sequence, each.origins, each.asked, each.places), each.truth)

    return drawn


class Exercise(NamedTuple):
    """Questions, batch by batch, and what a network that stands still says of them."""

    asked: list[Questions]
    said: list[Said]

    @classmethod
    def of(cls, network: bytes, excerpts: Excerpts, count: int, seed: int) -> Exercise:
        """So many batches from ``excerpts``, the same for one ``seed``."""
        rng, frozen = np.random.default_rng(np.random.SeedSequence([8, seed])), Frozen(network)
        asked = [excerpts.draw(rng) for _ in range(count)]
        return cls(asked, [frozen.said(each) for each in asked])

    def for_the_head(self, rng: np.random.Generator) -> Drawn:
        """One of the batches."""
        place = int(rng.integers(0, len(self.asked)))
        each = self.asked[place]
        return Drawn((self.said[place].states, each.asked, each.places), each.truth)
