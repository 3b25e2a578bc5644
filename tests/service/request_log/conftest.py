"""A request log on a real file, and rows for it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from service.request_log.database import sqlite_module
from service.request_log.migrate import migrate
from service.request_log.reader import LogReader
from service.request_log.rows import Row, identify
from service.request_log.writer import LogWriter

MakeRow = Callable[..., Row]
OpenWriter = Callable[..., AbstractAsyncContextManager[LogWriter]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "unroll.db"


@pytest.fixture
def url(file: Path) -> str:
    url = f"sqlite:///{file}"
    migrate(url)
    return url


@pytest.fixture
def reader(url: str) -> Iterator[LogReader]:
    reader = LogReader(url)
    yield reader
    reader.close()


@pytest.fixture
def make_row() -> MakeRow:
    def make(**changes: Any) -> Row:
        identity, time = identify()
        fields: dict[str, Any] = {
            "id": identity,
            "time": time,
            "endpoint": "/predict",
            "task": None,
            "models": ("sine-gru/1",),
            "status": 200,
            "code": None,
            "client": None,
            "client_request_id": None,
            "sequences": 1,
            "values": 4,
            "duration_us": 120,
            "request": b'{"sequence":[1,2,3,4]}',
            "response": b'{"predictions":[{"value":5}]}',
        }
        return Row(**{**fields, **changes})

    return make


@pytest.fixture
def open_writer(url: str) -> OpenWriter:
    @asynccontextmanager
    async def opened(**changes: Any) -> AsyncIterator[LogWriter]:
        settings: dict[str, Any] = {
            "durability": "process",
            "bodies": "full",
            "body_limit": 65536,
            "queue_rows": 1000,
            "queue_bytes": 1 << 20,
            "on_failure": "refuse",
            "commit_timeout": 5.0,
        }
        writer = LogWriter(url, **{**settings, **changes})
        await writer.start()
        try:
            yield writer
        finally:
            await writer.close()

    return opened


@pytest.fixture
def execute(file: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """Another program that opens the database."""

    def run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite_module().connect(file)) as connection, connection:
            return list(connection.execute(statement, parameters).fetchall())

    return run


@pytest.fixture
def lock(file: Path, url: str) -> Iterator[sqlite3.Connection]:
    """Another program that holds the write lock until it rolls back."""
    with closing(sqlite_module().connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
