"""Several seeds' errors as a few honest numbers: median, quartiles, a bootstrap interval, failures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Summary:
    """``runs`` errors: median and quartiles, 95 % bootstrap interval of the median of log10, as errors again.

    ``failures`` counts errors that are not finite; they count as the largest in the quantiles.
    """

    runs: int
    median: float
    quartiles: tuple[float, float]
    interval: tuple[float, float]
    failures: int


def summarise(errors: Sequence[float]) -> Summary:
    """The summary of one or more positive errors, one per seed."""
    values = np.array(errors, np.float64)
    finite = np.isfinite(values)
    largest = values[finite].max() if finite.any() else np.inf
    logs = np.log10(np.maximum(np.where(finite, values, largest), 1e-300))
    rows = np.random.default_rng(0).integers(0, len(logs), (_RESAMPLES, len(logs)))
    medians = np.median(logs[rows], axis=1)
    low, first, middle, third, high = (
        float(10.0**quantile)
        for quantile in (
            np.quantile(medians, 0.025),
            np.quantile(logs, 0.25),
            np.median(logs),
            np.quantile(logs, 0.75),
            np.quantile(medians, 0.975),
        )
    )
    return Summary(len(values), middle, (first, third), (low, high), int((~finite).sum()))
