"""Tables from Parquet: typed cells, which have a row and no line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from service.printable import printable
from training.series.panel import SeriesError
from training.series.table import Table, normal, places
from training.terminal import name, quoted

MAGIC = b"PAR1"
_REASON = 120  # characters of what another library says


def read(file: str, data: bytes, wanted: Sequence[str]) -> Table:
    """The columns ``wanted``; what Spark and Impala call binary is text, and dictionaries are what they stand for.

    Raises:
        SeriesError: it is no Parquet file, or damaged, or a column is not there exactly once.
    """
    try:
        opened = pq.ParquetFile(pa.BufferReader(data))
        names = opened.schema_arrow.names
        found = places(file, [normal(each) for each in names], wanted)
        table = opened.read(columns=[names[place] for place in found.values()])
        for each in found.values():
            table.column(names[each]).validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:  # not all that pyarrow finds damaged is its own
        raise SeriesError(f"{file} is no Parquet file, or is damaged") from error
    return Table(file, {each: _cells(file, each, table.column(names[place])) for each, place in found.items()})


def _cells(file: str, column_name: str, column: Any) -> Any:
    """As texts, numbers and times that Python has too."""
    kind = column.type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if any(each(kind) for each in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_large_string)):
        kind = pa.string()
    elif pa.types.is_timestamp(kind):  # Python's times have no nanoseconds
        kind = pa.timestamp("us", kind.tz)
    if pa.types.is_nested(kind):
        raise SeriesError(
            f"column {quoted(column_name)} of {file} has cells of type {name(str(kind))}; numbers, texts or times, one "
            "value a row, are expected"
        )
    try:
        cells = column.cast(kind, safe=not pa.types.is_timestamp(kind))
        if pa.types.is_temporal(kind):
            cells.unique().to_pylist()
    except (pa.ArrowException, OverflowError, LookupError, ValueError) as error:
        raise SeriesError(
            f"column {quoted(column_name)} of {file} has a time, a time zone or a text that cannot be read: "
            f"{printable(str(error), _REASON)}"
        ) from error
    return cells
