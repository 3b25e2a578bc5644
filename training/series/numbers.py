"""A column's cells as numbers: one decimal mark throughout, none between thousands; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.series.panel import SeriesError
from training.tasks.base import Floats
from training.terminal import quoted

# What stands for nothing: spreadsheets, R, pandas, SAS ("."), statistical offices (".." and ":").
MISSING = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "-", "#n/a", "#n/a n/a", "#na", "<na>", "-nan", ".", "..", ":", "?"}
)
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
# 1.234 or 1,234: a number with three decimals, or a mark between thousands.
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_BELOW_1000 = re.compile(r"[+-]?\d{1,3}", re.ASCII)
_MARK = "one decimal mark in the whole column, and none between thousands, is expected"


def numbers(column: str, cells: Sequence[Any], at: Callable[[int], str]) -> Floats:
    """``cells`` as float64 [rows], NaN where one is missing; ``at`` says where a row stands.

    Raises:
        SeriesError: a cell is no finite number, or could be two.
    """
    texts = {row: cell.strip() for row, cell in enumerate(cells) if isinstance(cell, str)}
    texts = {row: text for row, text in texts.items() if text.lower() not in MISSING}
    comma = _has_decimal_comma(column, texts, at)
    values = np.full(len(cells), np.nan)
    for row, text in texts.items():
        values[row] = _number(column, text.replace(",", ".") if comma else text, text, row, at)
    for row, cell in enumerate(cells):
        if cell is not None and not isinstance(cell, str):
            values[row] = _typed(column, cell, row, at)
    return values


def _has_decimal_comma(column: str, texts: dict[int, str], at: Callable[[int], str]) -> bool:
    """Whether the numbers have a comma where others have a point."""
    marked = {mark: [row for row, text in texts.items() if mark in text] for mark in ".,"}
    commas, points = marked[","], marked["."]
    if commas and points:
        row = min(commas, points, key=len)[0]
        raise SeriesError(
            f"{at(row)} holds {quoted(texts[row])} in column {quoted(column)}, where both marks occur: {_MARK}"
        )
    either = (commas or points) and all(_EITHER.fullmatch(texts[row]) for row in commas or points)
    # Decimals are written out on every line, or cut off where they are zero; three digits or none point to thousands.
    if either and (commas or any(_BELOW_1000.fullmatch(text) for text in texts.values())):
        row = (commas or points)[0]
        raise SeriesError(
            f"{at(row)} holds {quoted(texts[row])} in column {quoted(column)}: that mark may be for decimals or "
            "between thousands. Write the column with points for decimals, and nothing between thousands"
        )
    return bool(commas)


def _number(column: str, text: str, shown: str, row: int, at: Callable[[int], str]) -> float:
    if not (PLAIN.fullmatch(text) or _INFINITE.fullmatch(text)):
        raise _no_number(column, shown, row, at)
    return _finite(column, float(text), row, at)


def _typed(column: str, cell: Any, row: int, at: Callable[[int], str]) -> float:
    """A cell of a file that has types."""
    if isinstance(cell, bool):
        raise _no_number(column, cell, row, at)
    try:
        value = float(cell)
    except OverflowError:
        value = math.inf
    except (TypeError, ValueError):
        raise _no_number(column, cell, row, at) from None
    return _finite(column, value, row, at)


def _finite(column: str, value: float, row: int, at: Callable[[int], str]) -> float:
    if math.isinf(value):
        raise SeriesError(f"{at(row)} holds an infinite number in column {quoted(column)}")
    return value


def _no_number(column: str, cell: object, row: int, at: Callable[[int], str]) -> SeriesError:
    return SeriesError(
        f"{at(row)} holds {quoted(cell)} in column {quoted(column)}, which is no number; numbers such as 12.5, or "
        "nothing where one is missing, are expected"
    )
