"""How the request log opens its database: driver, pragmas, and what its failures mean. Knows no table."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from service.errors import InvalidInput, LogUnavailable, Problem, SettingsError, to_install
from service.request_log.files import LogFiles
from service.request_log.interrupt import check_before_each_statement

try:
    from pysqlite3 import dbapi2 as _driver
except ImportError:  # only Linux has the wheel; elsewhere the interpreter's own library serves
    import sqlite3 as _driver

Durability = Literal["power", "process"]
BEGIN_WRITING = "BEGIN IMMEDIATE"  # of SQLite: with its lock at once, so that waiting for it can be bounded
_SYNCHRONOUS = {"power": "FULL", "process": "NORMAL"}
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def sqlite_module() -> ModuleType:
    """The SQLite driver: the one with its own recent library where it is installed, else Python's."""
    module: ModuleType = _driver
    return module


def bears_several_writers(version: tuple[int, ...]) -> bool:
    """Whether that SQLite is free of the bug by which two writers can corrupt a database in WAL mode."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def parse_url(text: str) -> URL:
    """``text`` as a database URL. Raises :class:`SettingsError` for one that cannot hold a request log."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):  # the last for a port that is no number
        # Without its cause, which may repeat a password.
        raise SettingsError(
            "the database URL is not one: expected sqlite:///FILE or postgresql+psycopg://USER@HOST:PORT/DATABASE"
        ) from None
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"the request log is kept in SQLite or PostgreSQL, not in {backend}")
    if backend == "postgresql" and url.get_driver_name() != "psycopg":
        raise SettingsError("PostgreSQL is reached with psycopg: postgresql+psycopg://...")
    if backend == "sqlite" and url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError("an SQLite file is reached in one way only: sqlite:///FILE")
    if backend == "sqlite" and sqlite_file(url) is None:
        raise SettingsError("a request log in memory would be lost: give a file, sqlite:///FILE")
    if backend == "sqlite" and url.query:
        raise SettingsError("the database URL of an SQLite file takes no parameters: sqlite:///FILE")
    return url


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite URL; None for PostgreSQL and for a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).absolute()


def open_writer(url: URL, durability: Durability, timeout: float, *, create: bool = False) -> Engine:
    """An engine for one writing connection at a time; ``timeout`` in seconds bounds each wait for a lock.

    Only with ``create`` a file that is not there is made.
    """
    file = sqlite_file(url)
    if file is not None:
        return _open_sqlite(
            file,
            mode="rwc" if create else "rw",
            begin=BEGIN_WRITING,
            pragmas={
                "busy_timeout": round(timeout * 1000),
                # Bytes, of a new file. With 4096 it is twice the frames, and a checkpoint takes a fifth longer.
                "page_size": 8192,
                "journal_mode": "WAL",
                "synchronous": _SYNCHRONOUS[durability],
                # Of pages, within a commit that somebody waits for: for what is no answer, as a large deletion. Answers
                # are checkpointed between commits, and sooner.
                "wal_autocheckpoint": 2000,
                "secure_delete": "ON",  # what is deleted is overwritten
            },
            pool={"poolclass": NullPool},
        )
    bound = f"-c statement_timeout={timeout:.3f}s -c lock_timeout={timeout:.3f}s"
    synchronous_commit = "on" if durability == "power" else "off"
    return _open_postgresql(
        url,
        f"{bound} -c synchronous_commit={synchronous_commit}",
        timeout,
        pool={"poolclass": NullPool},
    )


def open_reader(url: URL, timeout: float, *, beside_writer: bool = False) -> Engine:
    """An engine whose connections cannot write; ``timeout`` in seconds bounds each wait for a lock or connection.

    ``beside_writer`` is for a process that writes the log too: a WAL that somebody took away is then left to the
    writer, which still has what was in it. Raises :class:`SettingsError` where PostgreSQL's driver is missing.
    """
    file = sqlite_file(url)
    if file is not None:
        pragmas: dict[str, int | str] = {"busy_timeout": round(timeout * 1000), "query_only": "ON"}
        files = LogFiles(file)

        def require() -> None:
            now = files.look()
            if now.database is None:
                raise LogUnavailable(f"the request log cannot be reached: there is no file {file}")
            if beside_writer and now.wal is None:
                raise LogUnavailable("the request log cannot be reached: its WAL was taken away")

        # Opened for each read: what lies at the path now, and nothing stays open that does not any more.
        pool = {"poolclass": NullPool}
        engine = _open_sqlite(file, mode="rw", begin="BEGIN", pragmas=pragmas, pool=pool, require=require)
    else:
        # A connection that its server gave up meanwhile is noticed before it is used.
        pooled = {"poolclass": QueuePool, "pool_timeout": timeout, "pool_pre_ping": True}
        # It takes recursive queries for large ones, and would compile each for longer than it runs.
        options = f"-c default_transaction_read_only=on -c jit=off -c statement_timeout={timeout:.3f}s"
        engine = _open_postgresql(url, options, timeout, pool=pooled)
    check_before_each_statement(engine)
    return engine


def _open_sqlite(
    file: Path,
    *,
    mode: str,
    begin: str,
    pragmas: dict[str, int | str],
    pool: dict[str, Any],
    require: Callable[[], None] = lambda: None,
) -> Engine:
    def connect() -> Any:
        require()
        # 256 prepared statements: the multi-row inserts have one text per number of rows and set of filled columns.
        connection = sqlite_module().connect(
            f"file:{quote(str(file))}?mode={mode}",
            uri=True,
            cached_statements=256,
            isolation_level=None,
            check_same_thread=False,  # the pool hands a connection to one thread after the other
        )
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name}={value}").fetchall()
        return connection

    engine = create_engine("sqlite://", creator=connect, module=sqlite_module(), **pool)
    _refuse_what_no_database_holds(engine)

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _open_postgresql(url: URL, options: str, timeout: float, *, pool: dict[str, Any]) -> Engine:
    try:
        engine = create_engine(
            url,
            paramstyle="format",
            connect_args={"connect_timeout": max(2, round(timeout)), "options": options},
            **pool,
        )
    except ModuleNotFoundError as error:
        raise SettingsError(f"PostgreSQL needs an extra: {to_install('postgresql')}") from error
    _refuse_what_no_database_holds(engine)
    return engine


def _refuse_what_no_database_holds(engine: Engine) -> None:
    """Check every value before a driver sees it: what drivers make of one is no two times the same.

    So a value that came from a client is the client's failure, on either database, and never the log's.
    """

    @event.listens_for(engine, "before_cursor_execute")
    def refuse(_connection: Any, _cursor: Any, _statement: Any, parameters: Any, _context: Any, many: bool) -> None:
        for values in parameters if many else (parameters,):
            for value in values.values() if isinstance(values, dict) else values:
                if not _can_be_held(value):
                    expected = "text without NUL and lone surrogates, finite numbers, whole ones of 64 bits at the most"
                    raise InvalidInput(
                        f"expected {expected}", code="not_storable", problems=(Problem("request", expected),)
                    )


def _can_be_held(value: object) -> bool:
    if isinstance(value, str):
        return _NO_TEXT.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(1 << 63) <= value < 1 << 63


@contextmanager
def failures_as_unavailable() -> Iterator[None]:
    """Turns any failure of the database into :class:`LogUnavailable`; the message says what kind, never the SQL."""
    try:
        yield
    except SQLAlchemyError as error:
        raise LogUnavailable(f"the request log cannot be reached: {reason(error)}") from error


def reason(error: Exception) -> str:
    """The driver's own first line: no statement, no parameters."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__
