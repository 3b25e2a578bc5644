"""What covariates that are known ahead add to own series: ridge regression whose errors are themselves forecast.

The errors of such a regression are a series (the network forecasts it), so that plain least squares would take its
wandering for effects: values and columns are freed of what an autoregression foresees first (Cochrane and Orcutt 1949),
in turns with the effects. Errors of more than three usual ones count as those (Huber 1964). Trains no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.calendar import HOLIDAY, NO_HOLIDAY
from service.inference.readings.covariates.effects import Covariate, Known, Share
from training.series.covariates import dated, described_of
from training.series.panel import Described, Panel
from training.series.splits import Split

Form = Literal["added", "multiplied"]
_ROUNDS, _GROSS = 4, 3.0
# Lags of the errors, besides a season and the one after it.
_LAGS = (1, 2, 3)
# Points of a curve; of the days of a year so many.
_QUANTILES, _YEAR = (0.0, 0.25, 0.5, 0.75, 1.0), 13
# Static covariates of more categories change no other effect.
_MOST_SHARED = 10
_STEPS = {"hour": range(24), "weekday": range(7), "month": range(1, 13)}


class Manner(NamedTuple):
    """How effects are fitted: ``added`` or ``multiplied``, numbers on a straight line or ``curved``, and how strongly
    they are drawn to zero.
    """

    form: Form
    curved: bool
    strength: float


class _Table(NamedTuple):
    """One covariate as columns: coded ``cells`` of each series, the ``points`` or categories that it is told at, and
    ``basis`` [points, columns], what each column is there; between points it is a straight line.
    """

    about: Covariate
    cells: list[Floats]
    points: Floats
    basis: Floats

    def columns(self, place: int) -> Floats:
        """The columns of one series [values, columns]."""
        cells = self.cells[place]
        if self.about.kind == "category":
            return self.basis[cells.astype(np.intp)]
        return np.stack([np.interp(cells, self.points, column) for column in self.basis.T], axis=1)


def may_be_multiplied(panel: Panel) -> bool:
    """Whether all values are above zero."""
    return all(each.values.min() > 0.0 for each in panel.series)


def fitted(panel: Panel, split: Split, season: int | None, manner: Manner, *, again: bool = False) -> Effects:
    """The effects of what is known ahead, from the training part, or with the validation part if ``again``."""
    described = described_of(panel)
    ends = [split.ends(len(each.values))[int(again)] for each in panel.series]
    tables = _tables(panel, described, ends, curved=manner.curved)
    unit, units = units_of(panel, ends)
    logs = manner.form == "multiplied"
    values = [
        np.log(each.values[:end]) if logs else each.values[:end] / scale
        for each, end, scale in zip(panel.series, ends, units, strict=True)
    ]
    weights = _weights(panel, described)
    blocks = [(table, share) for table in tables for share in (None, *weights)]
    columns = []
    for place, end in enumerate(ends):
        parts = [
            table.columns(place)[:end] * (1.0 if share is None else weights[share][place]) for table, share in blocks
        ]
        columns.append(np.concatenate(parts, axis=1) if parts else np.zeros((end, 0)))
    seen = [~each.filled[:end] for each, end in zip(panel.series, ends, strict=True)]
    solved = _solved(values, columns, seen, season, manner.strength)
    adds = _adds(blocks, solved)
    known: list[Known] = []
    calendar: list[Known] = []
    for table in tables:
        own = adds[table.about.name, None]
        # Their mean over what trains is no effect but level.
        rows = [np.interp(cells[:end], table.points, own) for cells, end in zip(table.cells, ends, strict=True)]
        by = tuple(
            Share(static=share[0], category=share[1], adds=_listed(adds[table.about.name, share])) for share in weights
        )
        found = Known(
            **table.about.model_dump(),
            at=_listed(table.points) if table.about.kind == "number" else (),
            adds=_listed(own - np.concatenate(rows).mean()),
            by=by,
        )
        (calendar if table.about.name in described.calendar else known).append(found)
    return Effects(
        form=manner.form,
        unit=None if logs else unit,
        known=tuple(known),
        calendar=tuple(calendar),
        every=described.every,
        holidays=dict(described.holidays),
        past=described.past,
        static=described.static,
    )


def units_of(panel: Panel, ends: Sequence[int]) -> tuple[float | None, list[float]]:
    """What added effects are measured in: for one series its own unit; for several None, and what stands for each."""
    units = [float(np.abs(np.diff(each.values[:end])).mean()) for each, end in zip(panel.series, ends, strict=True)]
    return (units[0] if len(units) == 1 else None), units


def left_of(panel: Panel, effects: Effects, split: Split, *, again: bool = False) -> Panel:
    """``panel`` without the effects, in the units of the same part that they are fitted on."""
    described = described_of(panel)
    _, units = units_of(panel, [split.ends(len(each.values))[int(again)] for each in panel.series])
    found = []
    for series, unit in zip(panel.series, units, strict=True):
        static = {each.name: float(each.coded(series.columns[each.name][:1].tolist())[0]) for each in effects.static}
        total = np.zeros(len(series.values))
        blocks = {each.name: each for each in effects.static}
        for each in (*effects.known, *effects.calendar):
            by = [blocks[share.static].weight(static[share.static], share.category) for share in each.by]
            cells = (
                dated(series, described, each.name, len(series.values))
                if each.name in described.calendar
                else series.columns[each.name].tolist()
            )
            total += each.effect(each.coded(cells), by)
        multiplied = effects.form == "multiplied"
        left = series.values * np.exp(-total) if multiplied else series.values - unit * total
        found.append(replace(series, values=left))
    return replace(panel, series=tuple(found))


def _tables(panel: Panel, described: Described, ends: Sequence[int], *, curved: bool) -> list[_Table]:
    tables = []
    for about in described.known:
        cells = [about.coded(each.columns[about.name].tolist()) for each in panel.series]
        if about.kind == "category":
            points = np.arange(len(about.categories), dtype=np.float64)
            tables.append(_Table(about, cells, points, np.eye(len(points))))
            continue
        trained = np.concatenate([each[:end] for each, end in zip(cells, ends, strict=True)])
        points = np.unique(np.quantile(trained, _QUANTILES if curved else _QUANTILES[::4]))
        if len(points) == 1:
            points = points[0] + np.array([0.0, 1.0])
        spread = float(trained.std()) or 1.0
        # A straight line, and from each point between the ends on another one.
        basis = np.maximum(points[:, None] - points[None, :-1], 0.0) / spread
        tables.append(_Table(about, cells, points, basis))
    for name in described.calendar:
        if name == HOLIDAY:
            about = Covariate(name=name, kind="category", categories=(NO_HOLIDAY, *described.holidays))
            points = np.arange(len(about.categories), dtype=np.float64)
            # Each holiday its own, and what all have in common.
            basis = np.concatenate((np.eye(len(points))[:, 1:], (points > 0.0)[:, None]), axis=1)
        else:
            about = Covariate(name=name, kind="number")
            steps = _STEPS.get(name)
            points = np.linspace(1.0, 366.0, _YEAR) if steps is None else np.array(steps, float)
            basis = np.eye(len(points))
        cells = [about.coded(dated(each, described, name, len(each.values))) for each in panel.series]
        tables.append(_Table(about, cells, points, basis))
    return tables


def _weights(panel: Panel, described: Described) -> dict[tuple[str, str | None], list[float]]:
    """By how much each series has what effects may hang on: static covariates, each category of its own."""
    found: dict[tuple[str, str | None], list[float]] = {}
    for each in described.static:
        if len(each.categories) <= _MOST_SHARED and len(panel.series) > 1:
            codes = [float(each.coded(one.columns[each.name][:1].tolist())[0]) for one in panel.series]
            for category in each.categories or (None,):
                found[each.name, category] = [each.weight(code, category) for code in codes]
    return found


def _adds(
    blocks: Sequence[tuple[_Table, tuple[str, str | None] | None]], solved: Floats
) -> dict[tuple[str, tuple[str, str | None] | None], Floats]:
    """What each block adds at its points."""
    found, first = {}, 0
    for table, share in blocks:
        count = table.basis.shape[1]
        found[table.about.name, share] = table.basis @ solved[first : first + count]
        first += count
    return found


def _solved(
    values: Sequence[Floats],
    columns: Sequence[Floats],
    seen: Sequence[NDArray[np.bool_]],
    season: int | None,
    strength: float,
) -> Floats:
    """Coefficients [columns] of all series' ``columns`` [values, columns] by ridge regression with such errors."""
    count = columns[0].shape[1]
    solved: Floats = np.zeros(count)
    if count == 0:
        return solved
    shortest = min(map(len, values))
    lags = sorted(lag for lag in {*_LAGS, *((season, season + 1) if season else ())} if lag < shortest // 3) or [1]
    usable = [_usable(each, lags) for each in seen]
    for _ in range(_ROUNDS):
        errors = [each - part @ solved for each, part in zip(values, columns, strict=True)]
        foresee = _autoregression(errors, lags, usable)
        target = np.concatenate([_freed(each, lags, foresee)[use] for each, use in zip(values, usable, strict=True)])
        freed = np.concatenate([_freed(each, lags, foresee)[use] for each, use in zip(columns, usable, strict=True)])
        # Each series has a level of its own.
        sizes = np.cumsum([use.sum() for use in usable])[:-1]
        target = np.concatenate([each - each.mean() for each in np.split(target, sizes)])
        freed = np.concatenate([each - each.mean(axis=0) for each in np.split(freed, sizes)])
        missed = np.abs(target - freed @ solved)
        usual = _GROSS * max(float(np.median(missed)), 1e-12) / 0.6745
        turned = freed.T * (np.minimum(1.0, usual / np.maximum(missed, 1e-300)) / len(freed))
        gram = turned @ freed
        ridge = strength * max(float(np.trace(gram)) / count, 1e-12) * np.eye(count)
        solved = np.asarray(np.linalg.solve(gram + ridge, turned @ target), np.float64)
    return solved


def _usable(seen: NDArray[np.bool_], lags: Sequence[int]) -> NDArray[np.bool_]:
    """Steps after the longest lag that are known, and so are those that they are foreseen by."""
    first = lags[-1]
    found = seen[first:].copy()
    for lag in lags:
        found &= seen[first - lag : len(seen) - lag]
    return found


def _autoregression(errors: Sequence[Floats], lags: Sequence[int], usable: Sequence[NDArray[np.bool_]]) -> Floats:
    """Coefficients [lags] that foresee the errors of all series from those before."""
    first, targets, befores = lags[-1], [], []
    for each, use in zip(errors, usable, strict=True):
        before = np.stack([each[first - lag : len(each) - lag] for lag in lags], axis=1)[use]
        targets.append(each[first:][use] - each[first:][use].mean())
        befores.append(before - before.mean(axis=0))
    target, before = np.concatenate(targets), np.concatenate(befores)
    gram = before.T @ before
    ridge = 1e-6 * max(float(np.trace(gram)), 1e-300) * np.eye(len(lags))
    return np.asarray(np.linalg.solve(gram + ridge, before.T @ target), np.float64)


def _freed(numbers: Floats, lags: Sequence[int], foresee: Floats) -> Floats:
    """``numbers`` after the longest lag, without what is foreseen of them."""
    first, count = lags[-1], len(numbers)
    found = numbers[first:].copy()
    for lag, share in zip(lags, foresee.tolist(), strict=True):
        found -= share * numbers[first - lag : count - lag]
    return found


def _listed(numbers: Floats) -> tuple[float, ...]:
    return tuple(numbers.tolist())
