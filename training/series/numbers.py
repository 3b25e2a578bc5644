"""A column's cells as numbers, with one decimal mark throughout and none between thousands, or as texts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.series.panel import SeriesError
from training.tasks.base import Floats
from training.terminal import quoted

At = Callable[[int], str]
# What stands for nothing: spreadsheets, R, pandas, SAS ("."), statistical offices (".." and ":").
_MISSING = pa.array(
    ["", "na", "n/a", "nan", "null", "none", "-", "#n/a", "#n/a n/a", "#na", "<na>", "-nan", ".", "..", ":", "?"]
)
PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_NUMBER = rf"^({PLAIN}|[+-]?(?i:inf|infinity))$"
# 1.234 or 1,234: a number with three decimals, or a mark between thousands.
_EITHER = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
_BELOW_1000 = r"^[+-]?\d{1,3}$"
_MARK = "one decimal mark in the whole column, and none between thousands, is expected"
_UNSURE = (
    "that mark may be for decimals or between thousands. Write the column with points for decimals, and nothing "
    "between thousands"
)


def numbers(column: str, cells: Any, at: At) -> Floats:
    """``cells``, a pyarrow.ChunkedArray, as float64 [rows], NaN where one is missing; ``at`` says where a row stands.

    Raises:
        SeriesError: a cell is no finite number, or could be two.
    """
    if pa.types.is_string(cells.type):
        texts = _known(cells)
        comma = _has_decimal_comma(column, texts, at)
        plain = pc.replace_substring(texts, ",", ".") if comma else texts
        if (row := _first(pc.invert(pc.match_substring_regex(plain, _NUMBER)))) is not None:
            raise _no_number(column, texts[row].as_py(), at(row))
        values = np.concatenate([np.array(part.to_pylist(), np.float64) for part in plain.chunks])
    else:
        values = _typed(column, cells, at)
    if (infinite := np.isinf(values)).any():
        raise SeriesError(f"{at(int(infinite.argmax()))} holds an infinite number in column {quoted(column)}")
    return values


def numbers_or_texts(column: str, cells: Any, at: At) -> Floats | NDArray[np.object_]:
    """As :func:`numbers` where most of the cells that say something are numbers; else texts, "" where one is missing.

    Raises:
        SeriesError: as :func:`numbers`.
    """
    if not (pa.types.is_string(cells.type) or pa.types.is_boolean(cells.type)):
        return numbers(column, cells, at)
    texts = _known(cells.cast(pa.string()))
    like = pc.match_substring_regex(pc.replace_substring(texts, ",", "."), _NUMBER)
    if 2 * (pc.sum(like).as_py() or 0) > len(texts) - texts.null_count:
        return numbers(column, cells, at)
    found: NDArray[np.object_] = pc.fill_null(texts, "").to_numpy()
    return found


def _known(cells: Any) -> Any:
    """Texts without space around them, null where they stand for nothing."""
    texts = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.is_in(pc.utf8_lower(texts), _MISSING), None, texts)


def _has_decimal_comma(column: str, texts: Any, at: At) -> bool:
    """Whether the numbers have a comma where others have a point."""
    commas, points = (pc.match_substring(texts, mark) for mark in ",.")
    counts = [pc.sum(each).as_py() or 0 for each in (commas, points)]
    if all(counts):
        rarer = commas if counts[0] <= counts[1] else points
        raise _marked(column, texts, rarer, at, f", where both marks occur: {_MARK}")
    if not any(counts):
        return False
    has_comma = bool(counts[0])
    marked = commas if has_comma else points
    either = pc.all(pc.match_substring_regex(texts.filter(marked), _EITHER)).as_py()
    # Decimals are written out on every line, or cut off where they are zero; three digits or none point to thousands.
    if either and (has_comma or pc.any(pc.match_substring_regex(texts, _BELOW_1000)).as_py()):
        raise _marked(column, texts, marked, at, f": {_UNSURE}")
    return has_comma


def _marked(column: str, texts: Any, marked: Any, at: At, why: str) -> SeriesError:
    """What to say of the first of the ``marked`` cells."""
    row = pc.index(marked, True).as_py()
    return SeriesError(f"{at(row)} holds {quoted(texts[row].as_py())} in column {quoted(column)}{why}")


def _first(flags: Any) -> int | None:
    """The first row of which ``flags`` is true."""
    row: int = pc.index(flags, True).as_py()
    return None if row < 0 else row


def _typed(column: str, cells: Any, at: At) -> Floats:
    """Cells of a file that has types."""
    kind = cells.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (number or pa.types.is_null(kind)):
        row = _first(cells.is_valid())
        if row is not None:
            raise _no_number(column, cells[row].as_py(), at(row))
        return np.full(len(cells), np.nan)
    values: Floats = pc.fill_null(cells.cast(pa.float64(), safe=False), np.nan).to_numpy()
    return values


def _no_number(column: str, cell: object, where: str) -> SeriesError:
    return SeriesError(
        f"{where} holds {quoted(cell)} in column {quoted(column)}, which is no number; numbers such as 12.5, or "
        "nothing where one is missing, are expected"
    )
