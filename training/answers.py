"""What a network answers and forecasts, as the service does: by the same reading, in batches of the same size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.covariates import Beside
from service.inference import check, intervals
from service.inference.batch import Batch
from service.inference.network import Features, Lengths, Network, State
from service.inference.padding import batches
from service.inference.readings.reading import Reading
from service.inference.sequences import Rows


def as_graph(model: Any) -> Any:
    """A Keras model as a graph of TensorFlow: from Python each step of a sequence is some thirty calls."""
    import tensorflow as tf

    posted = [tf.TensorSpec(each.shape, each.dtype) for each in model.inputs]
    return tf.function(model, input_signature=posted if len(posted) == 1 else [posted], autograph=False)


class KerasSteps:
    """A Keras model from [sequences, timesteps, features] to [sequences, timesteps, 1] as a network of the service.

    It keeps no state.
    """

    def __init__(self, model: Any) -> None:
        self._run, (posted,) = as_graph(model), model.inputs
        self._dtype = posted.dtype

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        return np.asarray(self._run(sequence.astype(self._dtype)))[..., 0], {}


def answers(reading: Reading, network: Network, inputs: Floats, lengths: NDArray[np.int32]) -> Floats:
    """The answer to each sequence in the client's units, float64 [sequences].

    ``inputs`` float64 [sequences, timesteps, columns] raw, of which the first ``lengths`` of each row are read.
    """
    return _each(inputs, lengths, lambda batch: reading.answer(network, batch)[0])


def forecasts(
    reading: Reading,
    network: Network,
    values: Floats,
    lengths: NDArray[np.int32],
    horizon: int,
    beside: Beside | None = None,
) -> Floats:
    """The next ``horizon`` values [sequences, horizon] after the first ``lengths`` of each row of ``values``.

    ``beside`` is what stands beside each row.
    """
    return _each(values, lengths, lambda batch: reading.forecast(network, batch, horizon), beside)


class Spread(NamedTuple):
    """Forecasts [sequences, horizon] and bounds around them of some levels [levels, sequences, horizon]."""

    values: Floats
    lower: Floats
    upper: Floats


def spread(
    reading: Reading,
    network: Network,
    values: Floats,
    lengths: NDArray[np.int32],
    horizon: int,
    levels: list[float],
    beside: Beside | None = None,
) -> Spread:
    """As :func:`forecasts`, of a reading whose network says itself how far the truth may lie from them."""

    def made(batch: Batch) -> Floats:
        ahead = reading.continued(network, batch, horizon)
        assert ahead.fan is not None  # noqa: S101  # the reading spreads
        return np.stack((ahead.values, *itertools.chain(*ahead.fan.bounds(levels))), axis=1)

    found = np.moveaxis(_each(values, lengths, made, beside), 1, 0)
    return Spread(found[0], *np.split(found[1:], 2))


def error_scales(reading: Reading, network: Network, values: Floats, lengths: NDArray[np.int32]) -> Floats:
    """What the served intervals are measured in, [sequences]; NaN where the values stand still."""

    def scale(batch: Batch) -> Floats:
        span = check.span(batch)
        steps = reading.read(network, batch, span.start).predictions, batch.steps[span.start :]
        mae, moves = (span.mean(check.absolute_errors(batch, span, each)) for each in steps)
        return intervals.error_scale(mae, batch.unit, moves, np.abs(batch.values).max(axis=1))

    return _each(values, lengths, scale)


def rule_forecasts(rule: Callable[[Floats], Floats], values: Floats, horizon: int) -> Floats:
    """A rule fed with its own answers, [sequences, horizon]."""
    extended = values
    for _ in range(horizon):
        extended = np.concatenate((extended, rule(extended)[:, -1:]), axis=1)
    return extended[:, values.shape[1] :]


def served_batches(inputs: Floats, lengths: NDArray[np.int32], beside: Beside | None = None) -> Iterator[Batch]:
    """The sequences ``inputs`` [sequences, timesteps, columns] of these ``lengths`` as the service would batch them."""
    rows = Rows(inputs[..., 0] if inputs.ndim == 3 and inputs.shape[2] == 1 else inputs, lengths)
    return batches(rows, (), beside)


def _each(
    inputs: Floats, lengths: NDArray[np.int32], made: Callable[[Batch], Floats], beside: Beside | None = None
) -> Floats:
    """What ``made`` gives for each sequence, in their order."""
    parts = [(batch.rows, made(batch)) for batch in served_batches(inputs, lengths, beside)]
    found: Floats = np.empty((len(lengths), *parts[0][1].shape[1:]))
    for rows, part in parts:
        found[rows] = part
    return found
