"""Real series to try the command on: data sets that come inside statsmodels (extra ``series``), written as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from service.errors import to_install
from training.series.panel import SeriesError

Rows = Iterator[tuple[str, ...]]


def write(name: str, folder: Path) -> Path:
    """Write ``folder/<name>.csv`` with a column of times, one of values, and what stands beside them.

    Raises:
        SeriesError: statsmodels is not installed.
    """
    try:
        from statsmodels import datasets
    except ImportError as error:
        raise SeriesError(f"the examples come inside statsmodels: {to_install('series')}") from error
    kept, header, rows = _EXAMPLES[name]
    data = getattr(datasets, kept).load_pandas().data
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows(data))
    return path


def _yearly(data: Any) -> Rows:
    """One row a year: year and value."""
    return ((f"{year:.0f}", _text(value)) for year, value in data.itertuples(index=False))


def _weekly(data: Any) -> Rows:
    """The index has the dates; some values are missing."""
    return ((date.date().isoformat(), _text(value)) for date, value in data.itertuples())


def _monthly(data: Any) -> Rows:
    """One row a year with twelve columns of months."""
    for year, *values in data.itertuples(index=False):
        yield from ((f"{year:.0f}-{month:02d}", _text(value)) for month, value in enumerate(values, 1))


def _quarterly(data: Any) -> Rows:
    """One row a quarter: real private investment, beside it real gross domestic product and unemployment."""
    for year, quarter, *values in data[["year", "quarter", "realinv", "realgdp", "unemp"]].itertuples(index=False):
        yield (f"{year:.0f}-{3 * int(quarter) - 2:02d}", *map(_text, values))


def _text(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


# By their names: the data set of statsmodels, the columns and the rows.
_EXAMPLES: Mapping[str, tuple[str, tuple[str, ...], Callable[[Any], Rows]]] = {
    "sunspots": ("sunspots", ("year", "sunspots"), _yearly),
    "co2": ("co2", ("date", "co2"), _weekly),
    "elnino": ("elnino", ("month", "temperature"), _monthly),
    "nile": ("nile", ("year", "volume"), _yearly),
    "investment": ("macrodata", ("quarter", "investment", "gdp", "unemployment"), _quarterly),
}
