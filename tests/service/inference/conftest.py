"""Models with a network that a test writes itself: the narrow seam of inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from service.inference.catalog import Catalog
from service.inference.model import Made, Model
from service.inference.network import Features, Lengths, Network, State
from service.inference.readings import reading_of


class Constant:
    """A network that answers ``output`` at every step."""

    def __init__(self, output: float) -> None:
        self.output = output
        self.calls: list[tuple[int, ...]] = []

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        self.calls.append(sequence.shape)
        return np.full(sequence.shape[:2], self.output, np.float32), {}


MakeModel = Callable[..., Model]


@pytest.fixture(scope="session")
def make_model(catalog: Catalog) -> MakeModel:
    """A model with the card of a published one, changed where a test says so."""

    def make(network: Network | float, like: str = "sine-gru", **changes: Any) -> Model:
        card = catalog.get(like).card.model_copy(update=changes)
        made = Made(Constant(network) if isinstance(network, float) else network, dict, {})
        return Model(reading_of(card), card, made)

    return make
