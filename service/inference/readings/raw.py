"""What every reading of raw numbers knows: the range that it was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.batch import Batch
from service.inference.network import Features
from service.inference.readings.reading import Reading
from service.inference.readings.told import Refusal

# Networks without scaling read raw values in float32; beyond this their sums could overflow.
_LARGEST_RAW = 1e30


class Raw(Reading):
    """A reading of raw numbers. ``values`` is the range of those that were trained on, None where that is no matter."""

    values: tuple[float, float] | None = None

    def refusals(self, batch: Batch) -> Iterator[Refusal]:
        beyond = np.abs(batch.values).max(axis=1) > _LARGEST_RAW
        yield Refusal(beyond, "out_of_range", "magnitudes of at most 1e30: it reads raw values")

    def outside(self, batch: Batch) -> NDArray[np.bool_] | None:
        if self.values is None:
            return None
        low, high = self.values
        left: NDArray[np.bool_] = (batch.steps.min(axis=0) < low) | (batch.steps.max(axis=0) > high)
        return left

    def range_caveat(self, name: str) -> str:
        low, high = self.values or (-np.inf, np.inf)
        return f"{name} was trained on values from {low:g} to {high:g}; this sequence has values outside that range."

    def trained_on(self, inputs: Floats) -> Self:
        return self.model_copy(update={"values": (float(inputs[..., -1].min()), float(inputs[..., -1].max()))})

    def seen_in_float32(self, batch: Batch) -> Features:
        """What the network is given."""
        return self.seen(batch).astype(np.float32)
