"""Series in Parquet files: one row a value, with ids, or one list a series."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from service.batch import files
from service.batch.covariates import Cells
from service.batch.job import Columns, Form, Part, Source
from service.batch.planning import Id, Runs, Start
from service.batch.series import Asked, grouped, listed
from service.errors import SettingsError
from service.printable import printable

_ROWS = 65_536  # read at once
_FOOTER = 8  # bytes at the end of a file: how long what describes it is, and a magic word


def form_of(file: str, columns: Columns) -> tuple[Form, Any]:
    """In which form a file holds series, and the type of their ids.

    Raises:
        SettingsError: it is no Parquet file, or a column is missing or of no type that is read.
    """
    with _opened(file) as opened:
        schema = opened.schema_arrow
    where = files.name(file)
    for each in columns.names:
        if len(schema.get_all_field_indices(each)) != 1:
            raise SettingsError(f"{where} has no one column {printable(each, 60)}; it has {_named(schema.names)}")
    value = schema.field(columns.value).type
    lists = pa.types.is_list(value) or pa.types.is_large_list(value) or pa.types.is_fixed_size_list(value)
    if not _is_number(value.value_type if lists else value):
        raise SettingsError(f"{where}: the values are of type {value}; expected numbers, or lists of numbers")
    if lists and columns.time is not None:
        raise SettingsError(f"{where}: each list is one series, oldest value first, so that --time names nothing")
    if not lists and columns.id is None:
        raise SettingsError(f"{where} has one value a row: name the column that tells series apart with --id")
    if columns.covariates is not None:
        if lists:
            raise SettingsError(f"{where}: the model takes covariates, which need a row for each value, not lists")
        for each in columns.covariates.numbers:
            if not _is_number(kind := schema.field(each).type):
                raise SettingsError(f"{where}: the column {printable(each, 60)} is of type {kind}; expected numbers")
    return ("lists" if lists else "long"), _id_type(where, schema, columns.id)


def runs(source: Source) -> list[Runs]:
    """The series of every file, in their order."""
    found, number = [], 0
    for file in source.files:
        with _opened(file) as opened:
            rows = opened.metadata.num_rows
        first = number if source.columns.id is None else 1
        found.append(Runs(file, partial(_starts, file, source, first), partial(int, rows), first))
        number += rows
    return found


def digest(file: str) -> str:
    """The SHA-256 of what describes a file: types, sizes, places and bounds of all that is in it."""
    system, path = files.located(file)
    with system.open_input_file(path) as data:
        size = data.size()
        tail = data.read_at(_FOOTER, size - _FOOTER)
        length = int.from_bytes(tail[:4], "little") + _FOOTER
        return hashlib.sha256(data.read_at(length, size - length)).hexdigest()


def read(source: Source, part: Part) -> list[Asked]:
    """The series of a part."""
    columns = source.columns
    table = _rows(part, [*columns.names])
    values = table[columns.value].combine_chunks()
    if columns.id is None:
        ids: Any = pa.array(range(part.first, part.first + len(table)), pa.int64())
    else:
        ids = plain(table[columns.id])
    if source.form == "lists":
        return listed(ids, values)
    times = None if columns.time is None else table[columns.time].combine_chunks()
    cells = None
    if columns.covariates is not None:
        kinds = {each: pa.float64() if columns.is_number(each) else pa.string() for each in columns.covariates.names}
        beside = {each: pc.cast(table[each].combine_chunks(), kind, safe=False) for each, kind in kinds.items()}
        cells = Cells(columns.covariates, beside)
    return grouped(ids, times, pc.cast(values, pa.float64(), safe=False), {}, cells)


def plain(ids: Any) -> Any:
    """Ids as one array of text or of whole numbers."""
    joined = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    whole = pa.types.is_integer(joined.type)
    return pc.cast(joined, pa.int64() if whole else pa.string())


def _rows(part: Part, wanted: list[str]) -> Any:
    """The rows of a part: of the groups of rows that hold some of them, read no further than they go."""
    with _opened(part.file) as opened:
        groups, before, first = [], 0, None
        for group in range(opened.metadata.num_row_groups):
            rows = opened.metadata.row_group(group).num_rows
            if before < part.stop and before + rows > part.start:
                groups.append(group)
                first = before if first is None else first
            before += rows
        place, found = first or 0, []
        for batch in opened.iter_batches(_ROWS, row_groups=groups, columns=wanted, use_threads=False):
            begin, end = max(part.start - place, 0), min(part.stop - place, len(batch))
            if begin < end:
                found.append(batch.slice(begin, end - begin))
            place += len(batch)
            if place >= part.stop:
                break
    return pa.Table.from_batches(found)


def _starts(file: str, source: Source, first: int) -> Iterator[Start]:
    with _opened(file) as opened:
        if source.form == "lists":
            yield from _starts_of_lists(opened, file, source.columns, first)
            return
        last: Id | None = None
        for row, ids in _ids(opened, file, source.columns.id):
            changed = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
            at = [0, *(pc.indices_nonzero(changed).cast(pa.int64()).to_numpy() + 1).tolist()]
            for place, each in zip(at, ids.take(pa.array(at)).to_pylist(), strict=True):
                if each != last:
                    yield Start(each, row + place, row + place, row + place)
                last = each


def _starts_of_lists(opened: Any, file: str, columns: Columns, first: int) -> Iterator[Start]:
    """Every row, and how many values stand before it, were all lists of the file of one length."""
    described = opened.metadata
    groups = [described.row_group(each) for each in range(described.num_row_groups)]
    leaf = next(
        each
        for each in range(described.num_columns)
        if described.schema.column(each).path.partition(".")[0] == columns.value
    )
    length = sum(each.column(leaf).num_values for each in groups) / max(described.num_rows, 1)
    if columns.id is None:
        for row in range(described.num_rows):
            yield Start(first + row, row, row, int(row * length))
        return
    for row, ids in _ids(opened, file, columns.id):
        for place, each in enumerate(ids.to_pylist(), row):
            yield Start(each, place, place, int(place * length))


def _ids(opened: Any, file: str, column: str | None) -> Iterator[tuple[int, Any]]:
    """The ids piece by piece, each with its first row."""
    row = 0
    for batch in opened.iter_batches(_ROWS, columns=[column], use_threads=False):
        ids = plain(batch.column(0))
        if ids.null_count:
            place = row + pc.index(ids.is_null(), True).as_py() + 1
            raise SettingsError(f"row {place} of {files.name(file)} has no id, and so belongs to no series")
        if len(ids):
            yield row, ids
        row += len(batch)


def _opened(file: str) -> Any:
    system, path = files.located(file)
    try:
        return pq.ParquetFile(system.open_input_file(path), pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise SettingsError(f"{files.name(file)} cannot be read: {printable(str(error), 200)}") from error


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _id_type(where: str, schema: Any, column: str | None) -> Any:
    if column is None:
        return pa.int64()
    kind = schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    raise SettingsError(f"{where}: the ids are of type {kind}; expected text or whole numbers")


def _named(names: list[str]) -> str:
    return printable(", ".join(names[:8]), 200) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
