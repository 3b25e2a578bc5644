"""Rows into the database, many to a statement. Knows the tables and nothing of queues or threads.

``executemany`` would drop and retake the interpreter lock for every row; one statement for a whole batch does it
once. Each number of rows, with the columns that they fill, has one text, which the driver prepares once.

SQLite's driver looks for a way to adapt each None and each ``bytes`` that it is given, and finds out by an exception
that there is none: for eight of them a row that took as long as all the rest of an insert. So columns that no row of
a statement fills are left out, and bodies are handed over as ``bytearray``, which it takes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Table

from service.request_log.appending import Append, append
from service.request_log.database import BEGIN_WRITING
from service.request_log.rows import Bodies, Row, keep
from service.request_log.tables import requests, uses

Values = tuple[Any, ...]
_ROWS_AT_MOST = 64  # of one statement: 1,200 variables, far below what any SQLite or PostgreSQL takes


class Prepared(NamedTuple):
    """What is written for some rows: values for ``requests`` and for ``uses``, in the order of their columns."""

    requests: list[Values]
    uses: list[Values]


def prepare(rows: Sequence[Row], bodies: Bodies, body_limit: int) -> Prepared:
    """``rows`` as they are written, before the database is asked for its lock."""
    return Prepared(
        [_values(row, bodies, body_limit) for row in rows],
        [
            (model, row.endpoint, row.status, row.id, row.duration_us)
            for row in rows
            if len(row.models) > 1
            for model in dict.fromkeys(row.models)
        ],
    )


def insert(connection: Connection, rows: Prepared, appends: Sequence[Append] = ()) -> list[int]:
    """Commit all of ``rows`` and ``appends`` as one transaction of the driver's own; the places of appends that lost.

    After a failure the connection is to be dropped. Raises the driver's own errors. What SQLAlchemy does around a
    transaction takes longer than a row.
    """
    driver, dialect = connection.connection, connection.dialect
    statements = [*_statements(dialect, requests, rows.requests), *_statements(dialect, uses, rows.uses)]
    sqlite = dialect.name == "sqlite"
    with nullcontext() if sqlite else _in_one_trip(driver.driver_connection), closing(driver.cursor()) as cursor:
        # In SQLite one statement is a transaction already, and takes its lock as this does.
        if not sqlite or appends or len(statements) > 1:
            cursor.execute(BEGIN_WRITING if sqlite else "BEGIN")
        for text, values in statements:
            cursor.execute(text, values)
        lost = append(cursor, dialect, appends) if appends else []
        if sqlite:
            driver.commit()
        else:
            cursor.execute("COMMIT")
    return lost


@contextmanager
def _in_one_trip(driver: Any) -> Iterator[None]:
    """Send statements to PostgreSQL one after another and wait once, where one asks for rows once more.

    The driver would begin by itself, and wait for that; so it is let out of it until all is done.
    """
    driver.autocommit = True
    with driver.pipeline():
        yield
    driver.autocommit = False


def _values(row: Row, bodies: Bodies, body_limit: int) -> Values:
    request, request_size, request_sha256 = keep(row.request, row.status, bodies, body_limit)
    response, response_size, response_sha256 = keep(row.response, row.status, bodies, body_limit)
    return (
        row.id,
        row.time,
        row.endpoint,
        row.task,
        " ".join(row.models),
        row.status,
        row.code,
        row.client,
        row.client_request_id,
        row.sequences,
        row.values,
        row.duration_us,
        request_size,
        response_size,
        request_sha256,
        response_sha256,
        None if request is None else bytearray(request),
        None if response is None else bytearray(response),
    )


def _statements(dialect: Dialect, table: Table, rows: Sequence[Values]) -> list[tuple[str, Values]]:
    found = []
    for start in range(0, len(rows), _ROWS_AT_MOST):
        part = rows[start : start + _ROWS_AT_MOST]
        columns = enumerate(zip(*part, strict=True))
        # Of most columns the first value tells that they are not empty.
        filled = tuple([n for n, each in columns if each[0] is not None or each.count(None) < len(part)])
        values = chain.from_iterable(map(itemgetter(*filled), part))
        found.append((_text(dialect, table, len(part), filled), tuple(values)))
    return found


@lru_cache(maxsize=8 * _ROWS_AT_MOST)
def _text(dialect: Dialect, table: Table, rows: int, filled: tuple[int, ...]) -> str:
    columns = [column for column in table.columns if column.computed is None]
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(columns[place].name) for place in filled)
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    row = "(" + ", ".join([mark] * len(filled)) + ")"
    return f"INSERT INTO {table.name} ({names}) VALUES " + ", ".join([row] * rows)  # noqa: S608  (our own names)
