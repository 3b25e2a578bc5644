"""[index, value] pairs and a question about them: the mean of the values whose index is even. The truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference import rules
from service.inference.answers import Counterfactual
from service.inference.batch import Batch
from service.inference.check import Check, Known
from service.inference.network import Network, run_in_parts
from service.inference.readings.raw import Raw
from service.inference.readings.told import Answers, Refusal
from service.inference.rolling import HorizonCheck
from service.inference.sequences import Kind


class Pairs(Raw):
    """Raw and whole. ``indices`` are the lowest and the highest that were trained on."""

    kind: Literal["pairs"] = "pairs"
    indices: tuple[int, int]
    input: ClassVar[Kind] = "pairs"
    columns: ClassVar[int] = 2
    features: ClassVar[int] = 2
    forecasts: ClassVar[bool] = False

    def refusals(self, batch: Batch) -> Iterator[Refusal]:
        (low, high), indices = self.indices, _indices(batch)
        bad = (indices < low) | (indices > high) | (indices != np.floor(indices))
        yield Refusal(bad.any(axis=1), "index_out_of_range", f"whole-number indices from {low} to {high}")
        undefined = np.isnan(_even_mean(batch))
        yield Refusal(undefined, "undefined_mean", "at least one even index: else the mean is undefined")
        yield from super().refusals(batch)

    def seen(self, batch: Batch) -> NDArray[Any]:
        table = np.empty((*batch.values.shape, 2))
        table[..., 0], table[..., 1] = _indices(batch), batch.values
        return table

    def read(self, network: Network, batch: Batch, start: int = 0) -> Answers:
        outputs, state = run_in_parts(network, self.seen_in_float32(batch), batch.lengths)
        return Answers(outputs.T[start:].astype(np.float64), state)

    def known(self, batch: Batch) -> Known:
        return Known(_even_mean(batch), {"index_blind_mean": rules.index_blind_mean(batch.values, batch.lengths)})

    def loss_caveat(self, name: str, check: Check | HorizonCheck) -> str:
        return (
            f"{name} does worse here than the plain mean of all values: "
            f"its error is {check.mae:.3g}, the mean's {check.rule_mae:.3g}."
        )

    def counterfactuals(self, network: Network, batch: Batch, value: float) -> list[Counterfactual]:
        """Each step's index with its parity flipped (0 and 1, 2 and 3, 4 and 5 change places), all else the same."""
        given = _indices(batch)
        timesteps = given.shape[1]
        indices, diagonal = np.repeat(given, timesteps, axis=0), np.arange(timesteps)
        flipped = given[0] + 1.0 - 2.0 * (given[0] % 2)
        indices[diagonal, diagonal] = flipped
        values = np.repeat(batch.values, timesteps, axis=0)
        changed = Batch(values, indices, np.repeat(batch.lengths, timesteps), diagonal, kind="pairs")
        answers = self.answer(network, changed)[0] - value
        exact = _even_mean(changed) - _even_mean(batch)
        return [
            Counterfactual(step + 1, int(index), int(other), change, None if np.isnan(truth) else truth)
            for step, (index, other, change, truth) in enumerate(
                zip(given[0].tolist(), flipped.tolist(), answers.tolist(), exact.tolist(), strict=True)
            )
        ]

    def tried(self, steps: int) -> int:
        return steps * steps

    @property
    def while_learning(self) -> tuple[Floats, Floats]:
        low, high = self.indices
        return np.array([(low + high) / 2.0, 0.0]), np.array([(high - low) / 2.0, 1.0])


def _indices(batch: Batch) -> Floats:
    assert batch.indices is not None  # noqa: S101  # only pairs get here
    return batch.indices


def _even_mean(batch: Batch) -> Floats:
    return rules.even_mean(_indices(batch), batch.values, batch.lengths)
