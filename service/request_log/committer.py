"""The one connection that writes: turns, transactions, checkpoints, recovery. Knows nothing of queues or the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from service.errors import AppendLost, InvalidInput, LogUnavailable
from service.request_log.appending import Append
from service.request_log.database import Durability, open_writer, parse_url, reason, sqlite_file
from service.request_log.files import LogFiles, Stamps, are_open, keep_from_closing
from service.request_log.insert import insert, prepare
from service.request_log.queue import Written
from service.request_log.rows import Bodies, Row
from service.request_log.write_lock import WriteLock

log = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[Connection], T]

_WAL_BYTES = 64 << 20  # above this the WAL is emptied even if that means to wait for a reader
_CHECKPOINT_BYTES = 1 << 20  # of rows, between two checkpoints: some 2 MB of WAL
_ROW_BYTES = 256  # about what a row takes without its bodies
_READER_MS = 200  # how long that may hold up the next batch


class Committer:
    """Used by one thread. A database that fails raises :class:`LogUnavailable`; the next call starts afresh."""

    def __init__(self, url: str, durability: Durability, bodies: Bodies, body_limit: int, timeout: float) -> None:
        parsed = parse_url(url)
        self._file = sqlite_file(parsed)
        self._files = None if self._file is None else LogFiles(self._file)
        self._opened: Stamps | None = None  # the files of the connection that is open
        self._engine = open_writer(parsed, durability, timeout)
        self._busy_ms = round(timeout * 1000)
        self._bodies, self._body_limit = bodies, body_limit
        driver = self._engine.dialect.loaded_dbapi
        # Failures of a value, which must fail neither others of its batch nor the log; all others are the database's.
        self._value_failures: tuple[type[Exception], ...] = (
            *(driver.IntegrityError, driver.DataError, IntegrityError, DataError),
            *(UnicodeError, OverflowError),
        )
        self._failures: tuple[type[Exception], ...] = (SQLAlchemyError, driver.Error, *self._value_failures)
        self._connection: Connection | None = None
        self._written = 0
        self._wal = _beside(self._file, "-wal")
        self.write_lock = WriteLock(_beside(self._file, "-turns"))

    def commit(self, rows: Sequence[Written]) -> dict[int, LogUnavailable]:
        """Commit ``rows`` in one transaction; with none, write what changes nothing, to see whether it can be done.

        Gives the rows that cannot be stored, by position, with the reason; that of an append may be
        :class:`AppendLost`.
        """
        if not rows:
            self._transact(lambda connection: connection.exec_driver_sql(_PROBE[connection.dialect.name]))
            return {}
        try:
            return self._insert(rows)
        except LogUnavailable as failure:
            if not isinstance(failure.__cause__, self._value_failures):
                raise
            if len(rows) == 1:
                return {0: failure}
        refused = [self.commit([row]) for row in rows]
        return {position: failure[0] for position, failure in enumerate(refused) if failure}

    def run(self, job: Job[T]) -> T:
        """The result of ``job``, in a transaction of its own; :class:`InvalidInput` for a value that cannot be held."""
        try:
            return self._transact(job)
        except LogUnavailable as failure:
            if isinstance(failure.__cause__, self._value_failures):
                raise InvalidInput("the request log cannot hold such a value", code="not_storable") from failure
            raise

    def is_current(self) -> bool:
        """Whether what would be written is where a fresh process would look for it."""
        if self._files is None or self._connection is None:
            return True
        return self._files.look() == self._opened

    def checkpoint(self) -> None:
        """Bring what was written into the database, when it is time to; cut a WAL that has outgrown its bound.

        For after the answers are told: it syncs the disk twice, and nobody has to wait for that. A failure is only
        logged: the next commit meets it too.
        """
        if self._wal is None or self._written < _CHECKPOINT_BYTES:
            return
        self._written = 0
        try:
            self._attempt(lambda connection: connection.connection.cursor().execute(_CHECKPOINT).fetchone())
            if self._wal.stat().st_size > _WAL_BYTES:
                self.empty_wal()
        except OSError:  # somebody took the WAL away, or what leads to it; the open file goes on
            return
        except LogUnavailable as failure:
            log.warning("%s", failure.detail)

    def empty_wal(self) -> bool:
        """Bring all of the WAL into the database and cut it to nothing; False if a reader that stays prevents it."""
        return self._file is None or bool(self._attempt(self._truncate_wal))

    def close(self) -> None:
        """Give back the connection and the lock file."""
        try:
            self._drop()
        except LogUnavailable as failure:
            log.warning("%s", failure.detail)
        self._engine.dispose()
        self.write_lock.close()

    def _insert(self, written: Sequence[Written]) -> dict[int, LogUnavailable]:
        rows: list[Row] = []
        appends: dict[int, Append] = {}
        for place, each in enumerate(written):
            self._written += _ROW_BYTES + each.size
            if isinstance(each, Append):
                appends[place] = each
            else:
                rows.append(each)
        prepared = prepare(rows, self._bodies, self._body_limit)
        lost = self._attempt(partial(insert, rows=prepared, appends=list(appends.values())))
        places = list(appends)
        return {places[place]: AppendLost("somebody else appended to this stream first") for place in lost}

    def _transact(self, job: Job[T]) -> T:
        def in_transaction(connection: Connection) -> T:
            with connection.begin():
                return job(connection)

        return self._attempt(in_transaction)

    def _attempt(self, job: Job[T]) -> T:
        """What ``job`` gives, done in files that lay at the log's path before and after it."""
        # With the turn in hand: another process that has made new ones, as a worker that starts may at any time, has
        # written into them before or will after. Else one would write over what the other has acknowledged.
        self._require_current()
        try:
            result = job(self._connected())
        except self._failures as error:
            raise self._failed(error) from error
        self._require_current()
        return result

    def _connected(self) -> Connection:
        if self._connection is None:
            if self._file is not None and not self._file.exists():
                raise LogUnavailable(f"the request log cannot be written: there is no file {self._file}")
            self._connection = self._engine.connect()
            if self._files is not None:
                self._opened = self._files.look()
                if not are_open(self._opened):
                    self._drop()
                    raise LogUnavailable("the request log is opened anew when all reads of what was there have ended")
        return self._connection

    def _truncate_wal(self, connection: Connection) -> bool:
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_READER_MS}")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={self._busy_ms}")
        return not busy

    def _require_current(self) -> None:
        """Raise :class:`LogUnavailable` where the files were moved, removed or replaced; the next call opens anew.

        What was committed and is in the WAL only is saved into the database that it belongs to. Not where somebody
        has begun another WAL for that very database: two of them would mix.
        """
        if self.is_current():
            return
        assert self._files is not None and self._opened is not None and self._connection is not None  # noqa: S101, PT018
        now, opened = self._files.look(), self._opened
        moved = now.database != opened.database
        if moved or (now.wal in (None, opened.wal) and now.shm in (None, opened.shm)):
            try:
                saved = self._truncate_wal(self._connection)
            except self._failures as error:
                raise LogUnavailable(f"the request log's files were moved or removed: {reason(error)}") from error
            if not saved:
                raise LogUnavailable("the request log's files were moved or removed, and another program reads them")
            if moved:
                self._files.remove_wal(opened)
        self._drop()
        raise LogUnavailable(
            f"the files of the request log {self._file} were moved, removed or replaced while it was in use"
        )

    def _failed(self, error: Exception) -> LogUnavailable:
        self._drop()
        detail = type(error).__name__ if isinstance(error, UnicodeError | OverflowError) else reason(error)
        return LogUnavailable(f"the request log cannot be written: {detail}")

    def _drop(self) -> None:
        if self._opened is not None and not self.is_current():
            keep_from_closing(self._opened.database)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


_PROBE = {"sqlite": "PRAGMA user_version = 0", "postgresql": "LOCK TABLE requests IN ROW EXCLUSIVE MODE"}
_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"


def _beside(file: Path | None, suffix: str) -> Path | None:
    return None if file is None else file.with_name(file.name + suffix)
