"""Free-running forecasts for evaluation and calibration: each answer is fed back as the next value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from service.inference import scaling
from service.inference.network import OnnxNetwork
from training.tasks.base import Floats

_CALL = 500


def free_run(network: OnnxNetwork, values: Floats, lengths: NDArray[np.int32], horizon: int) -> Floats:
    """The next ``horizon`` values [sequences, horizon] of a causally scaled network, on carried states.

    ``values`` float64 [sequences, timesteps], of which the first ``lengths`` of each row are read.
    """
    rows, one = np.arange(len(values)), np.ones(len(values), np.int32)
    features, scale = scaling.causal(values)
    outputs, state = network.run(features, lengths)
    last = lengths - 1
    value = scaling.answers(values, scale, outputs)[rows, last]
    carry = scaling.carry(values, lengths)
    forecast = [value]
    for _ in range(horizon - 1):
        scaled, carry = scaling.advance(carry, value)
        outputs, state = network.run(scaled.features, one, state)
        value = scaling.answers(value[:, None], scaled.scale, outputs)[:, 0]
        forecast.append(value)
    return np.stack(forecast, axis=1)


def free_run_all(network: OnnxNetwork, values: Floats, lengths: NDArray[np.int32], horizon: int) -> Floats:
    """The same as :func:`free_run` in calls of bounded size."""
    parts = [
        free_run(network, values[start : start + _CALL], lengths[start : start + _CALL], horizon)
        for start in range(0, len(values), _CALL)
    ]
    return np.concatenate(parts)


def rule_free_run(rule: Callable[[Floats], Floats], values: Floats, horizon: int) -> Floats:
    """A rule fed with its own answers, [sequences, horizon]."""
    extended = values
    for _ in range(horizon):
        extended = np.concatenate((extended, rule(extended)[:, -1:]), axis=1)
    return extended[:, values.shape[1] :]
