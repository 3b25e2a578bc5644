"""How the request log opens its database: driver, pragmas, and what its failures mean. Knows no table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from service.errors import LogUnavailable, SettingsError, to_install

try:
    from pysqlite3 import dbapi2 as _driver
except ImportError:  # only Linux has the wheel; elsewhere the interpreter's own library serves
    import sqlite3 as _driver

Durability = Literal["power", "process"]
BEGIN_WRITING = "BEGIN IMMEDIATE"  # of SQLite: with its lock at once, so that waiting for it can be bounded
_SYNCHRONOUS = {"power": "FULL", "process": "NORMAL"}


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
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError(
            "the database URL is not one: expected sqlite:///FILE or postgresql+psycopg://..."
        ) from error
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"the request log is kept in SQLite or PostgreSQL, not in {backend}")
    if backend == "postgresql" and url.get_driver_name() != "psycopg":
        raise SettingsError("PostgreSQL is reached with psycopg: postgresql+psycopg://...")
    if backend == "sqlite" and sqlite_file(url) is None:
        raise SettingsError("a request log in memory would be lost: give a file, sqlite:///FILE")
    return url


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite URL; None for PostgreSQL and for a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).absolute()


def open_writer(url: URL, durability: Durability, timeout: float) -> Engine:
    """An engine for one writing connection at a time; ``timeout`` in seconds bounds each wait for a lock."""
    if sqlite_file(url) is not None:
        return _open_sqlite(
            url,
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


def open_reader(url: URL, timeout: float) -> Engine:
    """An engine whose connections cannot write; ``timeout`` in seconds bounds each wait for a lock or connection."""
    pool = {"poolclass": QueuePool, "pool_timeout": timeout}
    if sqlite_file(url) is not None:
        pragmas: dict[str, int | str] = {"busy_timeout": round(timeout * 1000), "query_only": "ON"}
        return _open_sqlite(url, begin="BEGIN", pragmas=pragmas, pool=pool)
    # A connection that its server gave up meanwhile is noticed before it is used.
    pool["pool_pre_ping"] = True
    # It takes recursive queries for large ones, and would compile each for longer than it runs.
    return _open_postgresql(url, "-c default_transaction_read_only=on -c jit=off", timeout, pool=pool)


def _open_sqlite(url: URL, *, begin: str, pragmas: dict[str, int | str], pool: dict[str, Any]) -> Engine:
    # 256 prepared statements: the multi-row inserts have one text per number of rows and set of filled columns.
    engine = create_engine(
        url,
        module=sqlite_module(),
        connect_args={"cached_statements": 256, "isolation_level": None},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name}={value}").fetchall()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _open_postgresql(url: URL, options: str, timeout: float, *, pool: dict[str, Any]) -> Engine:
    try:
        return create_engine(
            url,
            paramstyle="format",
            connect_args={"connect_timeout": max(2, round(timeout)), "options": options},
            **pool,
        )
    except ModuleNotFoundError as error:
        raise SettingsError(f"PostgreSQL needs an extra: {to_install('postgresql')}") from error


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
