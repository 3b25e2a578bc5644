"""What stands beside a series in its rows: the columns that a model with covariates reads, by the names on its card.

What is known ahead stands in rows after the last value, as many as steps are asked for, which have no value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.arrays import Floats
from service.batch.job import CovariateColumns
from service.covariates import Cell, Covariates
from service.errors import InvalidInput, SettingsError
from service.inference.model import Model
from service.inference.readings.covariates.reading import WithCovariates

Whole = NDArray[np.int64]


def columns_of(model: Model, horizon: int, time: str | None) -> CovariateColumns | None:
    """Which columns ``model`` reads besides, for forecasts of ``horizon`` steps; None where it takes no covariates.

    Raises:
        SettingsError: it reads the calendar, and no column of times is named.
    """
    if not isinstance(model.reading, WithCovariates):
        return None
    effects = model.reading.effects
    if effects.calendar and time is None:
        raise SettingsError(f"{model.card.name} reads the calendar: name the column of times with --time")
    every = (*effects.known, *effects.past, *effects.static)
    return CovariateColumns(
        known=tuple(each.name for each in effects.known),
        past=tuple(each.name for each in effects.past),
        static=tuple(each.name for each in effects.static),
        numbers=tuple(sorted({each.name for each in every if each.kind == "number"})),
        dated=bool(effects.calendar),
        ahead=horizon if effects.known else 0,
    )


class Cells:
    """The cells of some rows in those columns: numbers, None where one is missing, and text."""

    def __init__(self, columns: CovariateColumns, table: dict[str, Any]) -> None:
        """``table`` has an Arrow array by the name of each column, of float64 or of strings."""
        self._columns = columns
        self._cells: dict[str, list[Cell | None]] = {name: _listed(table[name]) for name in columns.names}

    def cut(self, values: Floats, rows: Whole, start: np.datetime64 | None) -> tuple[Floats, Covariates]:
        """The known ones of ``values`` [rows], in the order of their times, and what stands beside them.

        ``start`` is the wall clock's time of the first, NaT where it is none.

        Raises:
            InvalidInput: says what is wrong with these rows.
        """
        columns, length = self._columns, len(values) - self._columns.ahead
        if length < 1 or not np.isnan(values[length:]).all():
            raise _wrong(
                f"its last {columns.ahead} rows must be without a value, and others must come before them: they tell "
                "what is known of the steps ahead"
            )
        known = {name: self._of(name, rows) for name in columns.known}
        past = {name: self._of(name, rows[:length]) for name in columns.past}
        static = {name: self._one(name, rows) for name in columns.static}
        moment = None
        if columns.dated and start is not None and not np.isnat(start):
            moment = str(start.astype("datetime64[s]"))
        return values[:length], Covariates(known, past, static, moment)

    def _of(self, name: str, rows: Whole) -> list[Cell]:
        found, cells = [], self._cells[name]
        for place, row in enumerate(rows.tolist(), 1):
            cell = cells[row]
            if cell is None or cell == "":
                raise _wrong(f"row {place} of it has nothing in the column {name}")
            found.append(cell)
        return found

    def _one(self, name: str, rows: Whole) -> Cell:
        cells = self._cells[name]
        found: set[Cell] = {cell for row in rows.tolist() if (cell := cells[row]) is not None and cell != ""}
        if len(found) != 1:
            raise _wrong(f"expected one and the same entry in its column {name}, and found {len(found)}")
        (one,) = found
        return one


def _wrong(detail: str) -> InvalidInput:
    return InvalidInput(detail, code="covariates_mismatch")


def _listed(cells: Any) -> list[Cell | None]:
    if pa.types.is_floating(cells.type):
        return [None if cell is None or cell != cell else cell for cell in cells.to_pylist()]
    # Bytes that are no UTF-8 are no category either.
    return [None if cell is None else cell.decode(errors="replace") for cell in cells.cast(pa.binary()).to_pylist()]
