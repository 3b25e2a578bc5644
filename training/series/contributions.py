"""What each covariate brought on the hold-out: the served model with it, without it, and with its entries shuffled.

Without it the effects of the others are fitted once more, in the same manner; the network stands still.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.calendar import HOLIDAY
from service.inference.readings.covariates.effects import Covariate
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from training.series import regression
from training.series.covariates import dated, described_of
from training.series.effects import Manner
from training.series.panel import OwnSeries, Panel
from training.series.splits import Split, origins
from training.series.validating import validation

# Origins of the hold-out that are looked at, and of so many series at the most.
_MOST, _MOST_SERIES = 300, 100


class Brought(NamedTuple):
    """Of one covariate: the MASE on the hold-out with all, ``without`` it, and with it ``shuffled`` in time.

    One of whole series is shuffled among them.
    """

    name: str
    with_it: float
    without: float
    shuffled: float


def brought(
    reading: General,
    network: GeneralNetwork,
    effects: Effects,
    panel: Panel,
    split: Split,
    season: int | None,
    manner: Manner,
    ridge: float | None,
) -> list[Brought]:
    """That of each covariate, in their order."""
    chosen = origins(panel, split, "holdout", _MOST, _MOST_SERIES)

    def score(own: General, of: Panel) -> float:
        return validation(own, reading.context, of, split, season, chosen)(network)

    full, described, found = score(WithCovariates.of(reading, effects), panel), described_of(panel), []
    columns, moved = _as_columns(panel, effects)
    for number, name in enumerate(described.names):
        rest = replace(panel, covariates=described.without(name))
        other = reading
        if described_of(rest).names:
            left = regression.again(reading, network, rest, split, season, manner, ridge)
            other = WithCovariates.of(reading, left)
        mixed = _shuffled(columns, _column(name) if name in described.calendar else name, number)
        found.append(Brought(name, full, score(other, rest), score(WithCovariates.of(reading, moved), mixed)))
    return found


def _as_columns(panel: Panel, effects: Effects) -> tuple[Panel, Effects]:
    """The same with each calendar input as a column, whose entries can be shuffled."""
    described = described_of(panel)
    series = [
        replace(
            each, columns={**each.columns, **{_column(name): _dated(each, panel, name) for name in described.calendar}}
        )
        for each in panel.series
    ]
    moved = [each.model_copy(update={"name": _column(each.name)}) for each in effects.calendar]
    known = (
        *described.known,
        *(Covariate(name=each.name, kind=each.kind, categories=each.categories) for each in moved),
    )
    changed: dict[str, Any] = {"known": (*effects.known, *moved), "calendar": (), "every": None, "holidays": {}}
    told = replace(described, known=known, calendar=(), every=None, holidays={})
    return replace(panel, series=tuple(series), covariates=told), effects.model_copy(update=changed)


def _column(name: str) -> str:
    """What the column of a calendar input is called, as none of the file is."""
    return f"calendar:{name}"


def _dated(series: OwnSeries, panel: Panel, name: str) -> NDArray[Any]:
    entries = dated(series, described_of(panel), name, len(series.values))
    return np.array(entries, object if name == HOLIDAY else np.float64)


def _shuffled(panel: Panel, column: str, number: int) -> Panel:
    """``panel`` with the entries of one column in another order: within each series, or among them."""
    rng = np.random.default_rng(np.random.SeedSequence([9, number]))
    columns = [each.columns[column] for each in panel.series]
    if any(each.name == column for each in described_of(panel).static):
        others = rng.permutation(len(columns)).tolist()
        entries = [np.full_like(own, columns[other][0]) for own, other in zip(columns, others, strict=True)]
    else:
        entries = [rng.permutation(each) for each in columns]
    series = [
        replace(each, columns={**each.columns, column: own}) for each, own in zip(panel.series, entries, strict=True)
    ]
    return replace(panel, series=tuple(series))
