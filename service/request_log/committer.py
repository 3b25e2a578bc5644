"""The one connection that writes: turns, transactions, checkpoints, recovery. Knows nothing of queues or the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.errors import LogUnavailable
from service.request_log.database import Durability, open_writer, parse_url, reason, sqlite_file
from service.request_log.insert import insert, prepare
from service.request_log.rows import Bodies, Row
from service.request_log.turns import Turns

log = logging.getLogger(__name__)

Job = Callable[[Connection], object]

_WAL_BYTES = 64 << 20  # above this the WAL is emptied even if that means to wait for a reader
_CHECKPOINT_BYTES = 1 << 20  # of rows, between two checkpoints: some 2 MB of WAL
_ROW_BYTES = 256  # about what a row takes without its bodies
_READER_MS = 200  # how long that may hold up the next batch


class Committer:
    """Used by one thread. A database that fails raises :class:`LogUnavailable`; the next call starts afresh."""

    def __init__(self, url: str, durability: Durability, bodies: Bodies, body_limit: int, timeout: float) -> None:
        parsed = parse_url(url)
        self._file = sqlite_file(parsed)
        self._engine = open_writer(parsed, durability, timeout)
        self._busy_ms = round(timeout * 1000)
        self._bodies, self._body_limit = bodies, body_limit
        driver = self._engine.dialect.loaded_dbapi
        # Failures of one row, which must not fail the others of its batch; all others are failures of the database.
        self._row_failures: tuple[type[Exception], ...] = (
            *(driver.IntegrityError, driver.DataError, driver.ProgrammingError),
            *(UnicodeError, OverflowError),
        )
        self._failures: tuple[type[Exception], ...] = (SQLAlchemyError, driver.Error, *self._row_failures)
        self._connection: Connection | None = None
        self._written = 0
        self.turns = Turns(_beside(self._file, "-turns"))

    def commit(self, rows: Sequence[Row]) -> dict[int, LogUnavailable]:
        """Commit ``rows`` in one transaction; with none, write what changes nothing, to see whether it can be done.

        Gives the rows that cannot be stored, by position, with the reason.
        """
        if not rows:
            self._transact(lambda connection: connection.exec_driver_sql(_PROBE[connection.dialect.name]))
            return {}
        try:
            self._insert(rows)
        except LogUnavailable as failure:
            if not isinstance(failure.__cause__, self._row_failures):
                raise
            if len(rows) == 1:
                return {0: failure}
        else:
            return {}
        refused = [self.commit([row]) for row in rows]
        return {position: failure[0] for position, failure in enumerate(refused) if failure}

    def run(self, job: Job) -> object:
        """The result of ``job``, in a transaction of its own."""
        return self._transact(job)

    def checkpoint(self) -> None:
        """Bring what was written into the database, when it is time to; cut a WAL that has outgrown its bound.

        For after the answers are told: it syncs the disk twice, and nobody has to wait for that. A failure is only
        logged: the next commit meets it too.
        """
        wal = _beside(self._file, "-wal")
        if wal is None or self._written < _CHECKPOINT_BYTES:
            return
        self._written = 0
        try:
            self._attempt(lambda connection: connection.connection.cursor().execute(_CHECKPOINT).fetchone())
            if wal.stat().st_size > _WAL_BYTES:
                self.empty_wal()
        except FileNotFoundError:  # somebody took the WAL away; the open file goes on
            return
        except LogUnavailable as failure:
            log.warning("%s", failure.detail)

    def empty_wal(self) -> bool:
        """Bring all of the WAL into the database and cut it to nothing; False if a reader that stays prevents it."""
        if self._file is None:
            return True
        try:
            connection = self._connected()
            cursor = connection.connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_READER_MS}")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout={self._busy_ms}")
        except self._failures as error:
            raise self._failed(error) from error
        return not busy

    def close(self) -> None:
        """Give back the connection and the lock file."""
        self._drop()
        self._engine.dispose()
        self.turns.close()

    def _insert(self, rows: Sequence[Row]) -> None:
        prepared = prepare(rows, self._bodies, self._body_limit)
        self._written += sum(_ROW_BYTES + len(row.request) + len(row.response) for row in rows)
        self._attempt(lambda connection: insert(connection, prepared))

    def _transact(self, job: Job) -> object:
        def in_transaction(connection: Connection) -> object:
            with connection.begin():
                return job(connection)

        return self._attempt(in_transaction)

    def _attempt(self, job: Job) -> object:
        try:
            return job(self._connected())
        except self._failures as error:
            raise self._failed(error) from error

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _failed(self, error: Exception) -> LogUnavailable:
        self._drop()
        detail = type(error).__name__ if isinstance(error, UnicodeError | OverflowError) else reason(error)
        return LogUnavailable(f"the request log cannot be written: {detail}")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


_PROBE = {"sqlite": "PRAGMA user_version = 0", "postgresql": "LOCK TABLE requests IN ROW EXCLUSIVE MODE"}
_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"


def _beside(file: Path | None, suffix: str) -> Path | None:
    return None if file is None else file.with_name(file.name + suffix)
