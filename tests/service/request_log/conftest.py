"""A request log on a real database, and rows for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from service.protocols.native.codecs import CODECS
from service.request_log.database import open_writer as open_engine
from service.request_log.database import parse_url
from service.request_log.migrate import migrate
from service.request_log.reader import LogReader
from service.request_log.rows import Row, identify
from service.request_log.writer import LogWriter
from tests.system.postgresql import Server, running_server

MakeRow = Callable[..., Row]
OpenWriter = Callable[..., AbstractAsyncContextManager[LogWriter]]
Execute = Callable[[str], list[tuple[Any, ...]]]

# Who reads what an answer claimed, as the service itself has them.
READERS = {codec.path: codec.claims for codec in CODECS if codec.claims is not None}

_numbers = count(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever does not speak of SQLite's file holds for PostgreSQL too."""
    names = metafunc.fixturenames
    if "backend" in names and "file" not in names:
        postgresql = pytest.param("postgresql", marks=pytest.mark.system)
        metafunc.parametrize("backend", ["sqlite", postgresql], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of an SQLite log; a test that asks for it runs on SQLite only."""
    return tmp_path / "unroll.db"


@pytest.fixture
def new_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database without tables."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'unroll.db'}"
    return str(request.getfixturevalue("postgresql").create(f"log{next(_numbers)}"))


@pytest.fixture
def url(new_url: str) -> str:
    migrate(new_url)
    return new_url


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
def execute(url: str) -> Iterator[Execute]:
    """Another program that opens the database."""
    engine = open_engine(parse_url(url), "process", 5)

    def run(statement: str) -> list[tuple[Any, ...]]:
        with engine.begin() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    yield run
    engine.dispose()


class Lock:
    """Another program that can hold the log so that nobody else writes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self) -> None:
        self._connection.begin()
        if self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE")

    def release(self) -> None:
        self._connection.rollback()


@pytest.fixture
def lock(url: str) -> Iterator[Lock]:
    engine = open_engine(parse_url(url), "process", 5)
    with engine.connect() as connection:
        yield Lock(connection)
    engine.dispose()
