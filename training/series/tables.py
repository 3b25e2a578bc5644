"""Tables from CSV and Parquet files: cells by column, each row known by its line; knows nothing of what cells mean.

Text is UTF-8, or UTF-16 and UTF-32 with a byte order mark, plain or as gzip. What could be read in two ways is refused.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import to_install
from service.printable import printable
from training.series.panel import SeriesError
from training.terminal import name, quoted

_DELIMITERS = (",", ";", "\t", "|")
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is the beginning of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_OTHERS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive: save the sheet as CSV (UTF-8), or unpack it",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save the sheet as CSV (UTF-8)",
    b"BZh": "compressed by bzip2: unpack it first",
    b"\xfd7zXZ": "compressed by xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unpack it first",
}
_SHOWN = 8  # names of columns in a message
_REASON = 120  # characters of what another library says


@dataclass(frozen=True, slots=True)
class Table:
    """The wanted ``columns`` of ``file``, cell by cell; ``lines`` [rows] are the file's, None where it has none."""

    file: str
    columns: dict[str, list[Any]]
    lines: NDArray[np.intp] | None = None

    def at(self, row: int) -> str:
        """Where a row stands, to be read by people."""
        return f"row {row + 1} of {self.file}" if self.lines is None else f"line {self.lines[row]} of {self.file}"


def read(path: Path, wanted: Sequence[str]) -> Table:
    """The columns ``wanted`` of a file.

    Raises:
        SeriesError: the file cannot be read, is no table, or has not each wanted column exactly once.
    """
    file = name(path.name or str(path))
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise SeriesError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if data.startswith(_PARQUET) or path.suffix.lower() in (".parquet", ".pq"):
        table = _parquet(file, data, wanted)
    else:
        table = _csv(file, _text(file, data), wanted)
    if not table.columns[wanted[0]]:
        raise SeriesError(f"{file} has a header and no rows")
    return table


def _text(file: str, data: bytes) -> str:
    for magic, what in _OTHERS.items():
        if data.startswith(magic):
            raise SeriesError(f"{file} is {what}")
    encoding = next((each for mark, each in _BOMS.items() if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and data.count(0) > len(data) // 4:
        raise SeriesError(f"{file} is UTF-16 without a byte order mark, or no text: save it as UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        where = f"line {len(data[: error.start + 1].splitlines())} of {file}" if "8" in encoding else file
        raise SeriesError(
            f"{where} is not {encoding.removesuffix('-sig').upper()}: save it as UTF-8, or convert it, for example "
            "with iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    if (place := text.find("\0")) >= 0:
        line = sum(1 for _ in io.StringIO(text[: place + 1], newline=""))
        raise SeriesError(f"line {line} of {file} has a NUL byte, and so is no text")
    return text


def _csv(file: str, text: str, wanted: Sequence[str]) -> Table:
    lines = io.StringIO(text, newline="")
    delimiters: Sequence[str] = _DELIMITERS
    # Excel's own way to say what separates the cells.
    said = re.match(r'sep=([^ "\r\n])\r?\n', text)
    if said:
        delimiters, above = (said[1],), 1
        lines.readline()
    else:
        above = 0
    records, names = _header(file, lines, delimiters, wanted, above)
    places = _places(file, names, wanted)
    columns: dict[str, list[Any]] = {each: [] for each in wanted}
    numbers: list[int] = []
    blank: list[tuple[int, list[str]]] = []
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            blank.append((line, cells))
            continue
        # Blank lines at the end of a file say nothing; before further rows they may.
        for each, gaps in (*_rows_of_gaps(file, blank, len(names)), (line, cells)):
            _require_count(file, each, gaps, len(names))
            numbers.append(each)
            for column, place in places.items():
                columns[column].append(gaps[place])
        blank.clear()
    return Table(file, columns, np.array(numbers, np.intp))


def _header(
    file: str, lines: io.StringIO, delimiters: Sequence[str], wanted: Sequence[str], above: int
) -> tuple[Iterator[tuple[int, list[str]]], list[str]]:
    """The records that follow the header, and its names: by the delimiter that gives most of those that are wanted."""
    begin = lines.tell()
    found: dict[str, list[str]] = {}
    refused: SeriesError | None = None
    for delimiter in delimiters:
        lines.seek(begin)
        try:
            found[delimiter] = _names(_records(file, lines, delimiter, above))
        except SeriesError as error:
            refused = refused or error
    if not found and refused is not None:
        raise refused
    best = max(found, key=lambda each: (len(set(found[each]) & set(map(_normal, wanted))), len(found[each])))
    lines.seek(begin)
    records = _records(file, lines, best, above)
    return records, _names(records)


def _names(records: Iterator[tuple[int, list[str]]]) -> list[str]:
    """The first record that is not blank; a column without a name at its end is none."""
    names = next((cells for _, cells in records if any(cell.strip() for cell in cells)), [])
    names = [_normal(each) for each in names]
    while names and not names[-1]:
        names.pop()
    return names


def _normal(text: str) -> str:
    """Typed and stored names can differ in how accents are composed."""
    return unicodedata.normalize("NFC", text.strip())


def _records(file: str, lines: io.StringIO, delimiter: str, above: int) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins; ``above`` lines stand before the first."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            why = "a quotation mark is never closed" if "unexpected end" in str(error) else str(error)
            raise SeriesError(f"line {line} of {file} is no CSV: {why}") from error
        if cells is None:
            return
        yield line, cells


def _rows_of_gaps(file: str, blank: Sequence[tuple[int, list[str]]], count: int) -> list[tuple[int, list[str]]]:
    """Of blank records amid a file those that are rows without values."""
    for line, cells in blank:
        if count == 1 and not cells:
            raise SeriesError(
                f"line {line} of {file} is blank: write NA where a value is missing, or delete the line where none is"
            )
    return [(line, cells) for line, cells in blank if count == 1 or len(cells) > 1]


def _require_count(file: str, line: int, cells: Sequence[str], count: int) -> None:
    if len(cells) < count or any(cell.strip() for cell in cells[count:]):
        raise SeriesError(
            f"line {line} of {file} has {len(cells)} cells; the header has {count}. Cells that hold the separator, "
            "such as a decimal comma among commas, need quotation marks"
        )


def _parquet(file: str, data: bytes, wanted: Sequence[str]) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise SeriesError(f"reading Parquet needs the extra: {to_install('series')}; CSV needs none") from error
    try:
        content = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data))
        names = content.schema_arrow.names
        places = _places(file, [_normal(each) for each in names], wanted)
        columns = content.read(columns=[names[place] for place in places.values()])
    except (pyarrow.ArrowException, OSError, ValueError) as error:  # not all that pyarrow finds damaged is its own
        raise SeriesError(f"{file} is no Parquet file, or is damaged") from error
    return Table(file, {each: _cells(file, each, columns.column(names[place])) for each, place in places.items()})


def _cells(file: str, column_name: str, column: Any) -> list[Any]:
    import pyarrow

    try:
        if pyarrow.types.is_timestamp(column.type):  # Python's times have no nanoseconds
            column = column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
        if pyarrow.types.is_binary(column.type):  # as Spark and Impala write text
            column = column.cast(pyarrow.string())
        return list(column.to_pylist())
    except (pyarrow.ArrowException, OverflowError, LookupError, ValueError) as error:
        raise SeriesError(
            f"column {quoted(column_name)} of {file} has a time, a time zone or a text that cannot be read: "
            f"{printable(str(error), _REASON)}"
        ) from error


def _places(file: str, names: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Where each wanted column stands."""
    for each in wanted:
        if (count := names.count(_normal(each))) > 1:
            raise SeriesError(f"{file} names {count} columns {quoted(each)}: rename all but one")
        if count == 0:
            if not names:
                raise SeriesError(f"{file} is empty: a header with the names of the columns is expected")
            shown = ", ".join(name(known) for known in names[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            raise SeriesError(f"{file} has no column {quoted(each)}; its header names {shown}{more}")
    return {each: names.index(_normal(each)) for each in wanted}
