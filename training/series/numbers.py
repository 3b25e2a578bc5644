"""A column's cells as numbers, with one decimal mark throughout and none between thousands, or as texts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.arrays import Floats
from training.series.panel import SeriesError
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
        comma, parts, first = _has_decimal_comma(column, cells, at), [np.empty(0)], 0
        for texts in _parts(cells):
            plain = pc.replace_substring(texts, ",", ".") if comma else texts
            if (row := _first(pc.invert(pc.match_substring_regex(plain, _NUMBER)))) is not None:
                raise _no_number(column, texts[row].as_py(), at(first + row))
            parts.append(np.array(plain.to_pylist(), np.float64))
            first += len(texts)
        values = np.concatenate(parts)
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


def _parts(cells: Any) -> Iterator[Any]:
    """The chunks of a column as :func:`_known`, one after the other: whole they would be there several times."""
    return map(_known, cells.iterchunks())


def _known(cells: Any) -> Any:
    """Texts without space around them, null where they stand for nothing."""
    texts = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.is_in(pc.utf8_lower(texts), _MISSING), None, texts)


def _has_decimal_comma(column: str, cells: Any, at: At) -> bool:
    """Whether the numbers have a comma where others have a point."""
    found = [_marks(texts) for texts in _parts(cells)]
    commas, points = (sum(getattr(each, name) for each in found) for name in ("commas", "points"))
    if commas and points:
        rarer = "," if commas <= points else "."
        raise _marked(column, cells, rarer, at, f", where both marks occur: {_MARK}")
    if not commas and not points:
        return False
    either = all(each.either for each in found)
    # Decimals are written out on every line, or cut off where they are zero; three digits or none point to thousands.
    if either and (commas or any(each.below for each in found)):
        raise _marked(column, cells, "," if commas else ".", at, f": {_UNSURE}")
    return bool(commas)


class _Marks(NamedTuple):
    """Of some texts: how many have a comma and a point, and whether all those could be ``either`` kind of mark, and
    whether some are numbers ``below`` 1000 without any.
    """

    commas: int
    points: int
    either: bool
    below: bool


def _marks(texts: Any) -> _Marks:
    commas, points = (pc.match_substring(texts, mark) for mark in ",.")
    counts = [pc.sum(each).as_py() or 0 for each in (commas, points)]
    marked = texts.filter(pc.or_(commas, points))
    either, below = (
        which(pc.match_substring_regex(some, like)).as_py()
        for which, some, like in ((pc.all, marked, _EITHER), (pc.any, texts, _BELOW_1000))
    )
    return _Marks(counts[0], counts[1], either is not False, bool(below))


def _marked(column: str, cells: Any, mark: str, at: At, why: str) -> SeriesError:
    """What to say of the first of the ``cells`` with that mark."""
    texts = _known(cells)
    row = pc.index(pc.match_substring(texts, mark), True).as_py()
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
