"""Rows into the database, many to a statement. Knows the tables and nothing of queues or threads.

``executemany`` would drop and retake the interpreter lock for every row; one statement for a whole batch does it
once. Each number of rows has one text, which the driver prepares once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table

from service.request_log.rows import Bodies, Row, keep
from service.request_log.tables import requests, uses

Values = tuple[Any, ...]
_ROWS_AT_MOST = 64  # of one statement: 1,200 variables, far below what any SQLite or PostgreSQL takes


def stored(row: Row, bodies: Bodies, body_limit: int) -> tuple[Values, tuple[Values, ...]]:
    """What is written for ``row``: its values for ``requests``, in the order of the columns, and those for ``uses``."""
    request = keep(row.request, row.status, bodies, body_limit)
    response = keep(row.response, row.status, bodies, body_limit)
    values = (
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
        request.size,
        response.size,
        request.sha256,
        response.sha256,
        request.body,
        response.body,
    )
    used = tuple((model, row.endpoint, row.status, row.id, row.duration_us) for model in dict.fromkeys(row.models))
    return values, used


def insert(connection: Connection, rows: Sequence[tuple[Values, tuple[Values, ...]]]) -> None:
    """Insert all of ``rows`` in the connection's transaction. Raises the driver's own errors."""
    _insert(connection, requests, [values for values, _ in rows])
    _insert(connection, uses, list(chain.from_iterable(used for _, used in rows)))


def _insert(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    # The driver's own cursor: what SQLAlchemy does around each statement takes longer than some of them.
    with closing(connection.connection.cursor()) as cursor:
        for start in range(0, len(rows), _ROWS_AT_MOST):
            part = rows[start : start + _ROWS_AT_MOST]
            cursor.execute(_statement(connection.dialect, table, len(part)), tuple(chain.from_iterable(part)))


@lru_cache(maxsize=4 * _ROWS_AT_MOST)
def _statement(dialect: Dialect, table: Table, rows: int) -> str:
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    row = "(" + ", ".join([mark] * len(table.columns)) + ")"
    return f"INSERT INTO {table.name} ({names}) VALUES " + ", ".join([row] * rows)  # noqa: S608  (our own names)
