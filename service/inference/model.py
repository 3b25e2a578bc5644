"""A network with its card: from a padded batch to answers in the caller's own units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from service.cards import ModelCard
from service.errors import InvalidInput, NonFiniteOutput, Problem
from service.inference import rules, scaling
from service.inference.cancellation import checkpoint
from service.inference.network import Features, Lengths, Network, State
from service.inference.sequences import BATCH_STEPS, Batch

Floats = NDArray[np.float64]
Weights = Mapping[str, NDArray[np.float32]]

# Networks without scaling read raw values in float32; beyond this their sums could overflow.
_LARGEST_RAW = 1e30
# Steps of one sequence that a network reads in one call.
_PART_STEPS = 16_384


class Reading(NamedTuple):
    """What a network made of a batch.

    ``predictions`` [n, sequences]: the answers after each of the last n timesteps, each made from the steps up to that
    one only; NaN before a windowed model's first whole window, and meaningless past a sequence's length. ``state`` is
    the network's after each sequence's last step, None for a windowed model, which keeps none.
    """

    predictions: Floats
    state: State | None


class Model:
    """One version of a model, ready to answer."""

    def __init__(
        self, card: ModelCard, network: Network, weights: Callable[[], Weights], plots: Mapping[str, bytes]
    ) -> None:
        """``weights`` reads those of the ONNX form by name; ``plots`` are the SVG files ``loss`` and ``fit``."""
        self.card = card
        self.network = network
        self.weights = weights
        self.plots = plots
        self.reference = f"{card.name}/{card.version}"
        # What a value costs: how often it is read, and by how much.
        self.reads, self.parameters = card.window or 1, card.parameters

    def require(self, batch: Batch) -> None:
        """Refuse a batch that this model has no answer for.

        Raises:
            InvalidInput: wrong kind of sequence, a length that is not accepted, an index that is not a whole
                number in the trained range, no even index, or a raw value beyond float32.
        """
        card = self.card
        if (batch.indices is not None) is not (card.input == "pairs"):
            expected = "[index, value] pairs" if card.input == "pairs" else "a list of numbers"
            raise InvalidInput(
                f"{card.name} reads {expected}", code="wrong_input", problems=(Problem("sequence", expected),)
            )
        shortest, longest = card.lengths.accepted
        lengths = batch.lengths
        if lengths.min() < shortest:
            self._refuse(batch, lengths < shortest, "sequence_too_short", f"at least {shortest} steps")
        if longest is not None and lengths.max() > longest:
            self._refuse(batch, lengths > longest, "sequence_too_long", f"at most {longest} steps")
        if batch.indices is not None and card.indices is not None:
            low, high = card.indices
            indices = batch.indices
            bad = (indices < low) | (indices > high) | (indices != np.floor(indices))
            if bad.any():
                expected = f"whole-number indices from {low} to {high}"
                self._refuse(batch, bad.any(axis=1), "index_out_of_range", expected)
            undefined = np.isnan(rules.even_mean(indices, batch.values, lengths))
            if undefined.any():
                self._refuse(batch, undefined, "undefined_mean", "at least one even index: else the mean is undefined")
        if card.scaling == "none" and np.abs(batch.values).max() > _LARGEST_RAW:
            beyond = np.abs(batch.values).max(axis=1) > _LARGEST_RAW
            self._refuse(batch, beyond, "out_of_range", "magnitudes of at most 1e30: it reads raw values")

    def read(self, batch: Batch, start: int = 0) -> Reading:
        """Run the network over ``batch``, for its answers after each step from ``start`` on.

        Raises:
            NonFiniteOutput: the network answered NaN or infinity.
        """
        if self.card.window is not None:
            reading = Reading(self._windowed(batch, self.card.window, start), None)
        elif batch.indices is not None:
            features = np.empty((*batch.values.shape, 2), np.float32)
            features[..., 0], features[..., 1] = batch.indices, batch.values
            outputs, state = self.run(features, batch.lengths)
            reading = Reading(outputs.T[start:].astype(np.float64), state)
        else:
            features, scale = batch.scaled
            outputs, state = self.run(features, batch.lengths)
            values = batch.steps[start:]
            answers = scaling.answers(values, scale.T[start:], outputs.T[start:], np.empty_like(values))
            reading = Reading(answers, state)
        self.require_finite(batch.last(reading.predictions))
        return reading

    def answer(self, batch: Batch) -> tuple[Floats, State | None]:
        """The answers to ``batch`` [sequences], and the state after it; raises as :meth:`read` does."""
        predictions, state = self.read(batch, int(batch.lengths.min()) - 1)
        return batch.last(predictions), state

    def run(self, features: Features, lengths: Lengths, state: State | None = None) -> tuple[Features, State]:
        """What the network makes of ``features`` from ``state`` on: one long sequence in parts, for the same answers.

        The runtime keeps the memory that its longest call took, for each model.
        """
        checkpoint()
        if len(features) > 1 or features.shape[1] <= _PART_STEPS:
            return self.network.run(features, lengths, state)
        outputs = []
        for start in range(0, features.shape[1], _PART_STEPS):
            checkpoint()
            part = features[:, start : start + _PART_STEPS]
            answered, state = self.network.run(part, np.array([part.shape[1]], np.int32), state)
            outputs.append(answered)
        return np.concatenate(outputs, axis=1), state or {}

    def answer_windows(self, windows: Floats) -> Floats:
        """Answers [windows] of a windowed model to raw ``windows`` [windows, window], in parts of bounded size."""
        most = BATCH_STEPS // windows.shape[1]
        parts = [windows[start : start + most] for start in range(0, len(windows), most)]
        return np.concatenate([self._answer_part(part) for part in parts])

    def _answer_part(self, windows: Floats) -> Floats:
        checkpoint()
        lengths = np.full(len(windows), windows.shape[1], np.int32)
        outputs, _ = self.network.run(windows[:, :, None].astype(np.float32), lengths)
        return outputs[:, -1].astype(np.float64)

    def require_finite(self, answers: Floats) -> None:
        """Refuse to pass NaN or infinity on: raises NonFiniteOutput."""
        if not np.isfinite(answers).all():
            raise NonFiniteOutput(f"{self.reference} answered with a number that is not finite")

    def _windowed(self, batch: Batch, window: int, start: int) -> Floats:
        timesteps, sequences = batch.steps.shape
        predicted = np.full((timesteps - start, sequences), np.nan)
        first = max(start, window - 1)
        windows = sliding_window_view(batch.values[:, first + 1 - window :], window, axis=1).reshape(-1, window)
        predicted[first - start :] = self.answer_windows(windows).reshape(sequences, -1).T
        return predicted

    def _refuse(self, batch: Batch, bad: NDArray[np.bool_], code: str, expected: str) -> None:
        places = batch.rows[bad][:10].tolist()
        raise InvalidInput(
            f"{self.card.name} takes {expected}",
            code=code,
            problems=tuple(Problem(f"sequences.{place}", expected) for place in places),
        )
