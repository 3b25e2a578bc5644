"""From columns of a file to covariates that can be learnt: kinds and categories, stated repairs, calendars; pure.

What was prepared stands in the columns of each series: numbers without gaps, categories by their names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.covariates import Beside, Cell, Covariates
from service.errors import to_install
from service.inference.readings.covariates.calendar import HOLIDAY, INPUTS, Every, Times, holidays_on
from service.inference.readings.covariates.effects import Covariate, Stepwise
from training.series.order import MOST_MISSING
from training.series.panel import Described, OwnSeries, Panel, SeriesError, Wanted
from training.series.splits import Origins
from training.terminal import name, quoted

MOST_CATEGORIES = 200
# Years after the data for which holidays are known to the model.
_YEARS_AHEAD = 10


def prepared(panel: Panel, wanted: Wanted) -> Panel:
    """``panel`` with columns that have no gaps, and what they are.

    Raises:
        SeriesError: a column says nothing, has too many gaps or categories, differs within a series that it should be
            the same for, or there is no calendar to be read.
    """
    repairs: Counter[str] = Counter()
    every = panel.every
    texts = {column: _is_text(panel, column, wanted) for column in wanted.columns}
    series = []
    for each in panel.series:
        columns = {column: _mended(each, column, wanted, repairs, text=texts[column]) for column in wanted.columns}
        series.append(replace(each, columns=columns))
    said = [sentence.format(count) for sentence, count in repairs.items()]
    mended = replace(panel, series=tuple(series), repairs=(*panel.repairs, *said))
    calendar = (*wanted.calendar, *([HOLIDAY] if wanted.country else []))
    if calendar and (every is None or any(each.start is None for each in series)):
        raise SeriesError(
            "--calendar and --country read a time column of dates or times, evenly spaced by seconds, months or "
            "business days: name it with --time-column"
        )
    described = Described(
        tuple(Covariate.model_validate(_about(mended, column, texts[column])) for column in wanted.known),
        tuple(_measured(mended, column, texts[column]) for column in wanted.past),
        tuple(_measured(mended, column, texts[column]) for column in wanted.static),
        calendar,
        every if calendar else None,
        {} if wanted.country is None or every is None else _holidays(mended, wanted.country, every),
    )
    return replace(mended, covariates=described)


def described_of(panel: Panel) -> Described:
    """The covariates of a panel that was prepared."""
    assert panel.covariates is not None  # noqa: S101  # nobody else asks
    return panel.covariates


def times_of(series: OwnSeries, described: Described, first: int, count: int) -> Times:
    """The times of ``count`` steps of ``series`` from ``first`` on."""
    assert described.every is not None  # noqa: S101  # where there is a calendar
    assert series.start is not None  # noqa: S101  # as it was prepared
    return described.every.times(series.start, first + count)[first:]


def dated(series: OwnSeries, described: Described, input_: str, count: int) -> list[Cell]:
    """A calendar input of the first ``count`` steps of ``series``: numbers, or names of holidays."""
    times = times_of(series, described, 0, count)
    if input_ != HOLIDAY:
        return [*map(float, INPUTS[input_](times).tolist())]
    return [*holidays_on(times, {day: said for said, days in described.holidays.items() for day in days})]


def beside(panel: Panel, chosen: Origins, length: int, horizon: int) -> Beside:
    """What stands beside the last ``length`` values before each of ``chosen``, and the ``horizon`` after it.

    Beyond a series' end the last known entries are repeated: no truth is there to be held against.
    """
    described, found = described_of(panel), []
    for place, at in zip(chosen.series.tolist(), chosen.at.tolist(), strict=True):
        series, first = panel.series[place], max(0, at - length)
        count = len(series.values)
        ahead = np.minimum(np.arange(first, at + horizon), count - 1)
        known = {each.name: series.columns[each.name][ahead].tolist() for each in described.known}
        past = {each.name: series.columns[each.name][first:at].tolist() for each in described.past}
        static = {each.name: series.columns[each.name][:1].tolist()[0] for each in described.static}
        start = str(times_of(series, described, first, 1)[0]) if described.calendar else None
        found.append(Covariates(known, past, static, start))
    return Beside(tuple(found), horizon)


def _is_text(panel: Panel, column: str, wanted: Wanted) -> bool:
    return column in wanted.category or any(each.columns[column].dtype != np.float64 for each in panel.series)


def _mended(series: OwnSeries, column: str, wanted: Wanted, repairs: Counter[str], *, text: bool) -> NDArray[Any]:
    """A column of one series without gaps; nothing that is known up to now only comes from later entries."""
    cells, shown = series.columns[column], f"column {quoted(column)} of {name(series.name)}"
    if text and cells.dtype == np.float64:
        cells = np.array(["" if np.isnan(each) else f"{each:.15g}" for each in cells.tolist()], object)
    seen = cells != "" if text else ~np.isnan(cells)
    if not seen.any():
        raise SeriesError(f"{shown} says nothing")
    if column in wanted.static:
        if len(different := set(cells[seen].tolist())) > 1:
            raise SeriesError(
                f"{shown} has {len(different)} different entries: a --static column has one for all of a series; "
                "--known or --past are for what changes"
            )
        return np.full_like(cells, cells[seen][0])
    straight, missing = not text and column in wanted.known, int((~seen).sum())
    if missing > MOST_MISSING * len(cells):
        raise SeriesError(
            f"{missing} of the {len(cells)} entries of {shown} are missing; at most {MOST_MISSING:.0%} can be filled"
        )
    if missing:
        how = "along straight lines" if straight else "with the entry before"
        shown = name(column).replace("{", "{{").replace("}", "}}")
        repairs["{} missing entries of " + shown + " filled " + how] += missing
    places, known = np.arange(len(cells)), np.flatnonzero(seen)
    if straight:
        return np.interp(places, known, cells[known])
    before = known[np.maximum(np.searchsorted(known, places, side="right") - 1, 0)]
    found: NDArray[Any] = cells[before]
    return found


def _about(panel: Panel, column: str, text: bool) -> dict[str, Any]:
    """What a column is, over all series."""
    if not text:
        return {"name": column, "kind": "number"}
    cells = np.concatenate([each.columns[column] for each in panel.series])
    categories = sorted(set(cells.tolist()))
    if len(categories) > MOST_CATEGORIES:
        raise SeriesError(
            f"column {quoted(column)} has {len(categories)} categories; at most {MOST_CATEGORIES} can be learnt: is it "
            "a column of names, or of numbers that cannot be read?"
        )
    return {"name": column, "kind": "category", "categories": categories}


def _measured(panel: Panel, column: str, text: bool) -> Stepwise:
    """A column that counts in its spread from its centre, and says nothing yet."""
    about = _about(panel, column, text)
    if not text:
        cells = np.concatenate([each.columns[column] for each in panel.series])
        centre, spread = float(cells.mean()), float(cells.std())
        about |= {"centre": centre, "spread": spread if spread > 1e-12 * max(1.0, abs(centre)) else 1.0}
    return Stepwise.model_validate(about)


def _holidays(panel: Panel, country: str, every: Every) -> dict[str, tuple[str, ...]]:
    """ISO days of each holiday by its name, over the years of the data and ten more."""
    if not every.in_days:
        raise SeriesError("--country needs values a day or less apart: holidays are single days")
    try:
        import holidays
    except ImportError as error:
        raise SeriesError(
            f"the holidays of a country come with the package holidays: {to_install('series')}"
        ) from error
    starts = [each.start for each in panel.series if each.start is not None]
    ends = [every.times(each.start, len(each.values))[-1] for each in panel.series if each.start is not None]
    years = range(int(str(min(starts))[:4]), int(str(max(ends))[:4]) + _YEARS_AHEAD + 1)
    try:
        found = holidays.country_holidays(country, years=years, language="en_US")
    except NotImplementedError as error:
        raise SeriesError(
            f"no holidays are known for {quoted(country)}: ISO 3166 codes such as KR, DE or US are expected"
        ) from error
    named: dict[str, list[str]] = {}
    for day, said in sorted(found.items()):
        named.setdefault(said, []).append(day.isoformat())
    return {said: tuple(days) for said, days in named.items()}
