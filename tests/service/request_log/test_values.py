"""No value that came from a client is the log's failure, whatever the database and its driver make of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import DBAPIError

from service.errors import InvalidInput, LogUnavailable, UnknownRequest
from service.request_log.listing import Filters
from service.request_log.reader import LogReader
from service.request_log.retention import delete_before, delete_client
from service.request_log.tables import outcomes, scores
from tests.service.request_log.conftest import Execute, MakeRow, OpenWriter

pytestmark = pytest.mark.anyio

NO_TEXT = ["\0", "a\0b", "\ud800", "a\udfffb"]
NO_NUMBERS = [1 << 63, -(1 << 63) - 1, 10**400, math.inf, -math.inf, math.nan]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("client", NO_TEXT)
async def test_a_client_that_nobody_can_be_is_refused_and_the_log_goes_on(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute, client: str
) -> None:
    async with open_writer() as log:
        await log.record(row := make_row(client="a"))
        with pytest.raises(InvalidInput) as refused:
            await delete_client(log, client)
        assert refused.value.code == "not_storable"
        assert log.ready
        assert await delete_client(log, "x" * 100_000) == 0
        await log.record(other := make_row())
    assert execute("SELECT id FROM requests ORDER BY id") == [(row.id,), (other.id,)]


@pytest.mark.parametrize("value", [*NO_TEXT, *NO_NUMBERS])
async def test_every_statement_is_guarded(
    open_writer: OpenWriter, reader: LogReader, make_row: MakeRow, value: Any
) -> None:
    given = select(bindparam("given", value))

    def read(connection: Connection) -> object:
        return connection.execute(given).all()

    def write(connection: Connection) -> object:
        rows = [{"id": "a", "time": 1, "known": b"[1]"}, {"id": value, "time": value, "known": b"[1]"}]
        return connection.execute(insert(outcomes), rows)

    async with open_writer() as log:
        for job in (read, write):
            with pytest.raises(InvalidInput):
                await log.run(job)
        assert log.ready
        assert await log.run(lambda connection: connection.execute(select(outcomes)).all()) == []
        await log.record(make_row())
    with pytest.raises(InvalidInput), reader._reading() as connection:
        read(connection)


async def test_what_only_the_database_refuses_fails_its_own_job(
    open_writer: OpenWriter, make_row: MakeRow, backend: str
) -> None:
    double = {"id": "a", "time": 1, "known": b"[1]"}

    def twice(connection: Connection) -> object:
        return [connection.execute(insert(outcomes).values(double)) for _ in "12"]

    def too_large(connection: Connection) -> object:
        step = {"model": "a", "sequence": 1 << 40, "step": 1, "error": 0.0}
        return connection.execute(insert(scores).values(id="a", **step))

    async with open_writer() as log:
        for job in (twice, too_large) if backend == "postgresql" else (twice,):
            with pytest.raises(InvalidInput):
                await log.run(job)
            assert log.ready
            await log.record(make_row())


async def test_a_table_that_is_missing_is_the_logs_failure(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    async with open_writer() as log:
        await log.record(make_row())
        execute("ALTER TABLE requests RENAME TO elsewhere")
        with pytest.raises(LogUnavailable):
            await log.record(make_row())
        assert not log.ready
        execute("ALTER TABLE elsewhere RENAME TO requests")


@pytest.mark.parametrize("text", [*NO_TEXT, "x" * 100_000, "%", "'; DROP TABLE requests"])
def test_text_to_look_for_finds_nothing_and_harms_nobody(reader: LogReader, text: str) -> None:
    for filters in (Filters(endpoint=text), Filters(model=text)):
        assert reader.page(filters, 10).requests == ()
        assert reader.sizes(filters, 10) == []
    with pytest.raises(UnknownRequest):
        reader.get(text)
    with pytest.raises(InvalidInput):
        reader.page(Filters(), 10, text)
    assert reader.page(Filters(), 10).requests == ()


@pytest.mark.parametrize("time", [-(1 << 62), -1, 0, (1 << 62), 10**30])
async def test_times_of_any_size_are_before_or_after_everything(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, time: int
) -> None:
    is_late = time > 0
    async with open_writer() as log:
        await log.record(make_row())
        assert len(reader.page(Filters(since=time), 10).requests) == (not is_late)
        assert len(reader.page(Filters(until=time), 10).requests) == is_late
        assert reader.quality(time, time).models == ()
        assert reader.stats(time, time + 3_600_000_000).endpoints == ()
        assert await delete_before(log, time) == is_late


def test_a_read_that_the_database_fails_says_no_sql(reader: LogReader, execute: Execute) -> None:
    execute("ALTER TABLE requests RENAME TO elsewhere")
    with pytest.raises(LogUnavailable) as failed:
        reader.page(Filters(), 1)
    assert isinstance(failed.value.__cause__, DBAPIError)
    assert "SELECT" not in failed.value.detail
    execute("ALTER TABLE elsewhere RENAME TO requests")
