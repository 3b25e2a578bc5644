"""What chooses among candidates: a network's error on the validation origins, as it is served."""

from __future__ import annotations

from collections.abc import Callable

from service.arrays import Floats
from service.inference.readings.reading import Loaded, Reading
from training.answers import forecasts
from training.series.covariates import beside
from training.series.measures import origin_errors, scales
from training.series.panel import Panel
from training.series.splits import Origins, Split, origins

# Origins of one series, and of all together.
_ONE, _MOST = 200, 1_500


def chosen_by(panel: Panel, split: Split) -> Origins:
    """The validation origins by which candidates are compared: one of each series or more, up to a number."""
    return origins(panel, split, "validation", min(max(_ONE, len(panel.series)), _MOST))


def validation(
    reading: Reading, length: int, panel: Panel, split: Split, season: int | None, chosen: Origins
) -> Callable[[Loaded], float]:
    """A function that gives a network's MASE on the ``chosen`` origins, before which it reads ``length`` values."""
    found = errors(reading, length, panel, split, season, chosen)
    return lambda network: float(found(network).mean())


def errors(
    reading: Reading, length: int, panel: Panel, split: Split, season: int | None, chosen: Origins
) -> Callable[[Loaded], Floats]:
    """As :func:`validation`, what each origin adds to it [origins]."""
    contexts, scale = chosen.contexts(panel, length), scales(panel, split, season)
    stands = beside(panel, chosen, length, split.horizon) if reading.covariates else None
    return lambda network: origin_errors(forecasts(reading, network, *contexts, split.horizon, stands), chosen, scale)
