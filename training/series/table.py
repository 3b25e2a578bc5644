"""A file's wanted columns as Arrow has them, each row known by its line; knows nothing of what cells mean."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.series.panel import SeriesError
from training.terminal import name, quoted

_SHOWN = 8  # names of columns in a message


@dataclass(frozen=True, slots=True)
class Table:
    """The wanted ``columns`` of ``file``, each a pyarrow.ChunkedArray; ``lines`` [rows] are those of CSV, else None."""

    file: str
    columns: dict[str, Any]
    lines: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def at(self, row: int) -> str:
        """Where a row stands, to be read by people."""
        return f"row {row + 1} of {self.file}" if self.lines is None else f"line {self.lines[row]} of {self.file}"


def normal(text: str) -> str:
    """Typed and stored names can differ in how accents are composed."""
    return unicodedata.normalize("NFC", text.strip())


def places(file: str, names: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Where each wanted column stands among ``names``, which are normal.

    Raises:
        SeriesError: it is not there, or twice.
    """
    for each in wanted:
        if (count := names.count(normal(each))) > 1:
            raise SeriesError(f"{file} names {count} columns {quoted(each)}: rename all but one")
        if count == 0:
            if not names:
                raise SeriesError(f"{file} is empty: a header with the names of the columns is expected")
            shown = ", ".join(name(known) for known in names[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            raise SeriesError(f"{file} has no column {quoted(each)}; its header names {shown}{more}")
    return {each: names.index(normal(each)) for each in wanted}
