"""Tables from files of any kind that is read, packed or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.series import csv_tables, decoding, parquet_tables
from training.series.panel import SeriesError
from training.series.table import Table
from training.terminal import name


def read(path: Path, wanted: Sequence[str]) -> Table:
    """The columns ``wanted`` of a file: Parquet, or else CSV.

    Raises:
        SeriesError: the file cannot be read, is no table, or has not each wanted column exactly once.
    """
    file = name(path.name or str(path))
    data = decoding.content(file, path)
    if data.startswith(parquet_tables.MAGIC) or path.suffix.lower() in (".parquet", ".pq"):
        table = parquet_tables.read(file, data, wanted)
    else:
        table = csv_tables.read(file, data, decoding.encoding_of(file, data), wanted)
    if not len(table):
        raise SeriesError(f"{file} has a header and no rows")
    return table
