"""The request log on a PostgreSQL that goes away and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pytest

from service.errors import LogUnavailable
from service.request_log.database import open_writer, parse_url
from service.request_log.insert import insert, prepare
from service.request_log.listing import Filters
from service.request_log.migrate import migrate
from service.request_log.reader import LogReader
from service.request_log.rows import Row, identify
from service.request_log.writer import LogWriter
from tests.system.postgresql import Server, running_server

pytestmark = [pytest.mark.system, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


def _writer(url: str) -> LogWriter:
    settings: dict[str, Any] = {"durability": "power", "bodies": "full", "body_limit": 65536, "on_failure": "refuse"}
    return LogWriter(url, queue_rows=1000, queue_bytes=1 << 24, commit_timeout=5.0, **settings)


def _row() -> Row:
    identity, time = identify()
    return Row(identity, time, "/predict", None, ("a/1",), 200, None, None, None, 1, 4, 10, b"{}", b"\x00\xff")


async def test_a_server_that_goes_away_loses_no_acknowledged_row_and_is_taken_up_again(server: Server) -> None:
    url = server.create("outage")
    migrate(url)
    writer, reader = _writer(url), LogReader(url)
    acknowledged: list[str] = []
    under_way, refused = asyncio.Event(), asyncio.Event()

    async def client() -> None:
        while len(acknowledged) < 400:
            row = _row()
            try:
                writer.admit()
                await writer.record(row)
            except LogUnavailable:
                refused.set()
                await writer.wait_ready()
            else:
                acknowledged.append(row.id)
                if len(acknowledged) == 100:
                    under_way.set()

    await writer.start()
    clients = [asyncio.create_task(client()) for _ in range(8)]
    await asyncio.wait_for(under_way.wait(), 30)
    await asyncio.to_thread(server.stop)
    await asyncio.wait_for(refused.wait(), 30)
    assert not writer.ready
    with pytest.raises(LogUnavailable):
        reader.page(Filters(), 1)
    await asyncio.to_thread(server.start)
    await asyncio.wait_for(asyncio.gather(*clients), 60)
    await writer.close()
    stored = [row.id for row in reader.page(Filters(), 1000).requests]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)
    reader.close()


async def test_a_service_that_starts_without_its_database_becomes_ready_when_it_comes(server: Server) -> None:
    url = server.create("absent")
    migrate(url)
    await asyncio.to_thread(server.stop)
    with pytest.raises(LogUnavailable):
        migrate(url)
    writer = _writer(url)
    await writer.start()
    assert not writer.ready
    await asyncio.to_thread(server.start)
    await asyncio.wait_for(writer.wait_ready(), 30)
    await writer.record(_row())
    await writer.close()
    assert writer.stats.committed_rows == 1


async def test_two_machines_migrate_one_new_database_at_the_same_time(server: Server) -> None:
    url = server.create("together")
    await asyncio.gather(*[asyncio.to_thread(migrate, url) for _ in range(4)])
    reader = LogReader(url)
    assert reader.page(Filters(), 1).requests == ()
    reader.close()


@pytest.mark.parametrize("rows", [1, 200])
def test_a_batch_takes_one_round_trip(server: Server, tmp_path: Path, rows: int) -> None:
    url = server.create(f"trips_{rows}")
    migrate(url)
    engine = open_writer(parse_url(url), "power", 5.0)
    with engine.connect() as connection, (tmp_path / "trace").open("w+") as trace:
        prepared = prepare([_row() for _ in range(rows)], "full", 65536)
        insert(connection, prepared)  # the first one may have more to do
        wire = cast("Any", connection.connection.driver_connection).pgconn
        wire.trace(trace.fileno())
        insert(connection, prepare([_row() for _ in range(rows)], "full", 65536))
        wire.untrace()
        trace.seek(0)
        assert connection.exec_driver_sql("SELECT count(*) FROM requests").scalar() == 2 * rows
        connection.rollback()
        # Whose messages follow on whose, one letter for all in a row: the client's, the server's.
        senders = "".join(key for key, _ in groupby(line.split("\t")[1] for line in trace.read().splitlines()))
    engine.dispose()
    assert senders == "FB"
