"""Series in CSV files, one row a value: UTF-8 with a header, no cell over two lines.

So that a part can be read alone a file is divided by its bytes, at ends of lines; that is why a compressed file is
refused, which has no such places.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from service.batch import files
from service.batch.covariates import Cells
from service.batch.job import Columns, Part, Source
from service.batch.planning import Runs, Start
from service.batch.series import Asked, grouped
from service.errors import SettingsError
from service.printable import printable

_BLOCK = 2**24  # bytes read at once
_LINE_FEED = 10
_HEADER = 2**20  # bytes in which the header must end
_DELIMITERS = ",;\t|"
_BOM = b"\xef\xbb\xbf"
# What an empty cell is called; pyarrow's own list, for what it converts and what is converted here.
_NULLS = tuple(pa_csv.ConvertOptions().null_values)
_FIRST_LINE = 2
_CELL = 40  # characters of one in a message
_TAIL = 2**16  # bytes at the end of a file that may be blank lines


class _Header:
    """The names of a file's columns, what separates cells, and where the rows begin."""

    def __init__(self, file: str, columns: Columns) -> None:
        where, wanted = files.name(file), columns.names
        system, path = files.located(file)
        try:
            with system.open_input_file(path) as data:
                begin = data.read(_HEADER)
        except OSError as error:
            raise SettingsError(f"{where} cannot be read: {printable(str(error), 200)}") from error
        if begin.startswith((b"\x1f\x8b", b"PK", b"BZh", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ")):
            raise SettingsError(f"{where} is compressed: unpack it, or write it as Parquet, which is compressed inside")
        line, ended, _ = begin.partition(b"\n")
        try:
            text = line.removeprefix(_BOM).decode().strip("\r")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{where} is not UTF-8: convert it first, for example with iconv") from error
        self.start = len(line) + len(ended)
        found = {each: next(csv.reader([text], delimiter=each), []) for each in _DELIMITERS}
        self.delimiter = max(found, key=lambda each: (len({*found[each]} & {*wanted}), len(found[each])))
        self.names = found[self.delimiter]
        for each in wanted:
            if self.names.count(each) != 1:
                raise SettingsError(
                    f"the header of {where} has no one column {printable(each, 60)}; it names "
                    f"{printable(', '.join(self.names), 200)}"
                )


def require(file: str, columns: Columns) -> None:
    """Refuse a file that is no CSV file with these columns.

    Raises:
        SettingsError: it is compressed, not UTF-8, or lacks a column.
    """
    if columns.id is None:
        raise SettingsError(
            f"{files.name(file)} has one value a row: name the column that tells series apart with --id"
        )
    _Header(file, columns)


def runs(source: Source) -> list[Runs]:
    """The series of every file, in their order."""
    found = []
    for file in source.files:
        system, path = files.located(file)
        with system.open_input_file(path) as data:
            size = data.size()
            tail = data.read_at(min(_TAIL, size), max(size - _TAIL, 0))
        end = size - len(tail) + len(tail.rstrip(b"\r\n"))  # blank lines there say nothing
        found.append(Runs(file, partial(_starts, file, source.columns, end), partial(int, end), _FIRST_LINE))
    return found


def digest(file: str) -> str:
    """The SHA-256 of the file."""
    system, path = files.located(file)
    with system.open_input_stream(path) as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def read(source: Source, part: Part) -> list[Asked]:
    """The series of a part; a cell that is no number is told by its line."""
    columns = source.columns
    header = _Header(part.file, columns)
    system, path = files.located(part.file)
    with system.open_input_file(path) as data:
        content = data.read_at(part.stop - part.start, part.start)
    wrong: dict[int, str] = {}
    numbers = [each for each in columns.names if columns.is_number(each)]
    try:
        table = _table(part.file, content, header, columns, pa.float64(), part.first)
        found = {each: table[each].combine_chunks() for each in columns.names}
    except pa.ArrowInvalid:
        table = _table(part.file, content, header, columns, pa.string(), part.first)
        found = {each: table[each].combine_chunks() for each in columns.names}
        for each in numbers:
            cells = pc.ascii_trim_whitespace(found[each])
            known = pc.if_else(pc.is_in(cells, pa.array(_NULLS)), None, cells)
            found[each] = _numbers(known, part.first, wrong)
    times = None if columns.time is None else found[columns.time]
    beside = None if columns.covariates is None else Cells(columns.covariates, found)
    return grouped(found[columns.id or ""], times, found[columns.value], wrong, beside)


def _numbers(cells: Any, first: int, wrong: dict[int, str]) -> Any:
    """Cells of text as numbers, as pyarrow reads them; those that are none are told in ``wrong`` by their rows."""
    try:
        return pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        if len(cells) > 1:
            half = len(cells) // 2
            later: dict[int, str] = {}
            both = (_numbers(cells[:half], first, wrong), _numbers(cells[half:], first + half, later))
            wrong.update({half + row: said for row, said in later.items()})
            return pa.concat_arrays(both)
        cell = cells[0].as_buffer().to_pybytes().decode(errors="replace")
        wrong[0] = f"line {first}: {printable(cell, _CELL)!r} is no number"
        return pa.nulls(1, pa.float64())


def _table(file: str, content: bytes, header: _Header, columns: Columns, value: Any, line: int) -> Any:
    """The wanted columns of some lines, the first of which is ``line``; values as the type ``value``, None without."""

    def refuse(row: Any) -> str:
        found.append(
            f"line {line + row.number - 1} of {where} has {row.actual_columns} cells; the header has "
            f"{row.expected_columns}. No cell may hold a line end, nor the separator without quotation marks"
        )
        return "skip"

    where, found = files.name(file), list[str]()
    types = {each: value if columns.is_number(each) else pa.string() for each in columns.names}
    if value is None:
        types = {each: kind for each, kind in types.items() if each in (columns.id, columns.time)}
    table = pa_csv.read_csv(
        io.BytesIO(content),
        pa_csv.ReadOptions(column_names=header.names, use_threads=False, block_size=max(len(content), 1)),
        pa_csv.ParseOptions(delimiter=header.delimiter, ignore_empty_lines=False, invalid_row_handler=refuse),
        pa_csv.ConvertOptions(column_types=types, include_columns=list(types), check_utf8=value != pa.string()),
    )
    if found:
        raise SettingsError(found[0])
    return table


def _starts(file: str, columns: Columns, end: int) -> Iterator[Start]:
    header, last = _Header(file, columns), None
    row = 0
    for place, content in _blocks(file, header.start, end):
        line = _FIRST_LINE + row
        try:
            ids = _table(file, content, header, columns, None, line)[columns.id].combine_chunks()
        except pa.ArrowInvalid as error:
            raise SettingsError(f"{files.name(file)} from line {line} on: {printable(str(error), 200)}") from error
        ends = np.flatnonzero(np.frombuffer(content, np.uint8) == _LINE_FEED)
        if len(ids) != len(ends) + (not content.endswith(b"\n")):
            raise SettingsError(f"{files.name(file)} from line {line} on has cells over several lines, or bare returns")
        if (missing := pc.index(ids, "").as_py()) >= 0:
            raise SettingsError(f"line {line + missing} of {files.name(file)} has no id, and so belongs to no series")
        starts = np.concatenate([[0], ends + 1])
        changed = pc.indices_nonzero(pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)))
        at = [0, *(changed.cast(pa.int64()).to_numpy() + 1).tolist()]
        for within, each in zip(at, ids.take(pa.array(at)).to_pylist(), strict=True):
            if each != last:
                yield Start(each, place + int(starts[within]), row + within, row + within)
            last = each
        row += len(ids)


def _blocks(file: str, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines from ``start`` to ``end``, each piece with its place."""
    system, path = files.located(file)
    with system.open_input_file(path) as data:
        data.seek(start)
        left = b""
        while block := data.read(max(min(_BLOCK, end - start - len(left)), 0)):
            whole, line_end, left = (left + block).rpartition(b"\n")
            if line_end:
                yield start, whole + line_end
                start += len(whole) + 1
        if left:
            yield start, left
