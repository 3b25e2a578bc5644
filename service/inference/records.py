"""From who answers, with what evidence, to a record for each sequence. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import repeat
from typing import TypeVar

import numpy as np

from service.arrays import Floats
from service.errors import InvalidInput, Problem
from service.inference import rules
from service.inference.answers import Band, Forecast, NextValues, Prediction
from service.inference.batch import Batch
from service.inference.choice import Choice
from service.inference.half_widths import of_rule, z_of
from service.inference.intervals import Fan, Symmetric, reasons
from service.inference.model import Model
from service.inference.readings.told import Ahead
from service.inference.seasons import Season
from service.levels import LEVELS, written

Levels = tuple[float, ...]
Quantiles = tuple[float, ...]
Entry = TypeVar("Entry")


def predictions(choice: Choice, batch: Batch, levels: Levels, quantiles: Quantiles) -> list[Prediction]:
    """The next values that ``choice`` answers to sequences of ``batch``, and what is known of their spread."""
    units = batch.unit[choice.rows]
    own = Ahead(choice.answers[:, None])
    if choice.model is not None and choice.model.reading.spreads:
        own = continued(choice, batch, 1)
    fan = own.fan or _fan(choice, choice.answers[:, None], units) if levels or quantiles else None
    lower, upper, points = _spread(fan, levels, quantiles)
    bounds = [zip(*each, strict=True) for each in zip(lower[..., 0].tolist(), upper[..., 0].tolist(), strict=True)]
    return list(
        map(
            Prediction,
            choice.answers.tolist(),
            repeat(choice.name),
            repeat(None if choice.model is None else choice.model.card.version),
            _by_row(fan, levels, bounds, len(units)),
            _by_row(fan, quantiles, points[..., 0].tolist(), len(units)),
            choice.checks,
            _warnings(choice, fan, 1),
            _seasons(choice, own, batch),
        )
    )


def with_quantiles(model: Model, found: list[Prediction]) -> NextValues:
    """What ``model`` says in ``found`` with nothing else but verdicts and quantiles; InvalidInput where it has none."""
    quantiles = []
    for row, each in enumerate(found):
        if each.quantiles is None:
            why = each.warnings[-1] if each.warnings else f"{model.card.name} has no intervals."
            expected = "sequences that quantiles can be answered for"
            problems = (Problem(f"sequences.{row}", expected),)
            raise InvalidInput(f"there are no quantiles: {why}", code="no_quantiles", problems=problems)
        quantiles.append([*each.quantiles.values()])
    verdicts = [None if each.check is None else each.check.verdict for each in found]
    return NextValues(model.card.name, model.card.version, [each.value for each in found], verdicts, quantiles)


def forecasts(choice: Choice, batch: Batch, horizon: int, levels: Levels, quantiles: Quantiles) -> list[Forecast]:
    """What follows the sequences of ``choice``; else as :func:`predictions`."""
    ahead, units = continued(choice, batch, horizon), batch.unit[choice.rows]
    values = ahead.values
    fan = ahead.fan or _fan(choice, values, units) if levels or quantiles else None
    lower, upper, points = _spread(fan, levels, quantiles)
    bands = [map(Band, *each) for each in zip(lower.tolist(), upper.tolist(), strict=True)]
    return list(
        map(
            Forecast,
            values.tolist(),
            repeat(choice.name),
            repeat(None if choice.model is None else choice.model.card.version),
            _by_row(fan, levels, bands, len(units)),
            _by_row(fan, quantiles, points.tolist(), len(units)),
            choice.checks,
            _warnings(choice, fan, values.shape[1]),
            _seasons(choice, ahead, batch),
        )
    )


def continued(choice: Choice, batch: Batch, horizon: int) -> Ahead:
    """What follows the sequences of ``choice``, which are some of ``batch``."""
    own = batch.take(choice.rows)
    if choice.model is None:
        name = choice.name.removeprefix("rule:")
        return Ahead(rules.extend(name, own.values, own.lengths, horizon, seasons=choice.seasons))
    state = None if choice.state is None else {name: part[:, choice.rows] for name, part in choice.state.items()}
    return choice.model.ahead(own, choice.answers, state, horizon)


def _seasons(choice: Choice, ahead: Ahead, batch: Batch) -> Iterable[Season | None]:
    """What each answer says of its seasons: those that were mixed for it, or the one that a rule would repeat."""
    if ahead.seasons is not None:
        return ahead.seasons
    if batch.kind != "values":
        return repeat(None)
    if batch.told:
        return [Season([*batch.told], told=True, weights=None) for _ in choice.checks]
    return [Season([season], told=False, weights=None) for season in choice.seasons.tolist()]


def _fan(choice: Choice, values: Floats, units: Floats) -> Fan | None:
    """The spread around the answers of ``choice``, whose ``values`` are [answered, horizon]; None where it has none."""
    if choice.model is None:
        half_widths = partial(of_rule, choice.name.removeprefix("rule:"), choice.steps, choice.seasons)
        widest = half_widths((z_of(max(LEVELS)),), 1)[0, :, 0]
        return Symmetric(values, choice.scale, reasons(widest, choice.scale, units, choice.checks), half_widths)
    card = choice.model.card
    if choice.model.half_widths is not None and card.intervals is not None:
        why = reasons(card.intervals.widest, choice.scale, units, choice.checks)
        return Symmetric(values, choice.scale, why, choice.model.half_widths.at)
    if card.no_intervals is not None:
        why = [f"{card.name} has no intervals: {card.no_intervals}."] * len(units)
        return Symmetric(values, choice.scale, why, lambda z, _: np.zeros((len(z), 1, 1)))
    return None


def _spread(fan: Fan | None, levels: Levels, quantiles: Quantiles) -> tuple[Floats, Floats, Floats]:
    """Lower and upper bounds [levels, answered, horizon], and values [quantiles, answered, horizon]."""
    lower = upper = points = np.empty((0, 0, 1))
    if fan is not None and levels:
        lower, upper = fan.bounds(levels)
    if fan is not None and quantiles:
        points = fan.quantiles(quantiles)
    return lower, upper, points


def _by_row(
    fan: Fan | None, numbers: tuple[float, ...], columns: Iterable[Iterable[Entry]], answered: int
) -> list[dict[str, Entry] | None]:
    """For each answer its entry of each of the ``columns``, by the number that it was asked for as."""
    if fan is None or not numbers:
        return [None] * answered
    names = [*map(written, numbers)]
    rows = zip(fan.reasons, zip(*columns, strict=True), strict=True)
    return [dict(zip(names, row, strict=True)) if why is None else None for why, row in rows]


def _warnings(choice: Choice, fan: Fan | None, horizon: int) -> list[list[str]]:
    if fan is None:
        return choice.warnings
    beyond: list[str] = []
    if choice.model is not None and choice.model.half_widths is not None:
        known = choice.model.half_widths.horizon
        if horizon > known:
            beyond = [f"The intervals were calibrated up to {known} steps ahead; beyond they are extrapolated."]
    rows = zip(choice.warnings, fan.reasons, strict=True)
    return [[*said, *(beyond if why is None else [why])] for said, why in rows]
