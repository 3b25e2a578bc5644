from __future__ import annotations

import asyncio
import hashlib
import resource
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from service.errors import LogFull, LogUnavailable, SettingsError
from service.request_log import committer
from service.request_log.committer import Committer
from service.request_log.database import sqlite_module
from service.request_log.listing import Filters
from service.request_log.reader import LogReader
from service.request_log.rows import Row, as_time
from service.request_log.writer import LogWriter
from tests.service.request_log.conftest import Execute, Lock, MakeRow, OpenWriter

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _said(row: Any) -> dict[str, Any]:
    """What ``row``, or what is stored of it, says of its request."""
    return {each.name: getattr(row, each.name) for each in fields(Row) if each.init}


async def _enter(writer: LogWriter, rows: list[Row]) -> list[type[BaseException] | None]:
    """What becomes of ``rows`` that were answered together: None where one is on record, or the error's class."""
    loop = asyncio.get_running_loop()
    waiters: list[asyncio.Future[None]] = [loop.create_future() for _ in rows]
    writer.enter(list(zip(rows, waiters, strict=True)))
    told = await asyncio.gather(*waiters, return_exceptions=True)
    return [None if each is None else type(each) for each in told]


async def test_a_row_is_committed_when_record_returns(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    row = make_row()
    async with open_writer() as writer:
        await writer.record(row)
        assert execute("SELECT id, request, response FROM requests") == [(row.id, row.request, row.response)]


async def test_everything_said_of_a_request_is_stored(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader
) -> None:
    row = make_row(task="sine", models=("sine-gru/1", "rule:drift"), client="key1", client_request_id="theirs")
    async with open_writer() as writer:
        await writer.record(row)
    stored = reader.get(row.id)
    assert _said(stored) == _said(row) | {"time": as_time(row.time)}
    assert (stored.request_bytes, stored.response_bytes) == (len(row.request), len(row.response))


async def test_rows_that_wait_at_the_same_time_share_a_transaction(open_writer: OpenWriter, make_row: MakeRow) -> None:
    async with open_writer() as writer:
        await asyncio.gather(*[writer.record(make_row()) for _ in range(500)])
        assert writer.stats.committed_rows == 500
        assert writer.stats.commits < 100


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 129])
async def test_a_batch_of_any_size_is_stored_whole(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute, rows: int
) -> None:
    expected = [make_row(models=("a/1", "b/1", "a/1")) for _ in range(rows)]
    async with open_writer() as writer:
        await asyncio.gather(*[writer.record(row) for row in expected])
    assert execute("SELECT id FROM requests ORDER BY id") == [(row.id,) for row in expected]
    assert execute("SELECT count(*) FROM uses") == [(2 * rows,)]


async def test_rows_that_fill_different_columns_are_stored_side_by_side(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader
) -> None:
    said = [{"task": "sine"}, {"client": "key1"}, {"client_request_id": ""}, {"request": b""}, {"response": b""}, {}]
    rows = [make_row(**each) for each in said]
    async with open_writer() as writer:
        await _enter(writer, rows)
        assert writer.stats.commits == 1
    for row in rows:
        assert _said(reader.get(row.id)) == _said(row) | {"time": as_time(row.time)}


async def test_a_waiter_that_is_cancelled_leaves_its_row_and_disturbs_nobody(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    async with open_writer() as writer:
        tasks = [asyncio.create_task(writer.record(make_row())) for _ in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [n == 3 for n in range(10)]
    assert execute("SELECT count(*) FROM requests") == [(10,)]


async def test_close_commits_everything_that_was_accepted(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    async with open_writer() as writer:
        for _ in range(200):
            writer.note(make_row(status=422, code="invalid_input"))
    assert execute("SELECT count(*) FROM requests") == [(200,)]
    assert writer.stats.queued_rows == writer.stats.queued_bytes == 0
    with pytest.raises(LogUnavailable):
        await writer.record(make_row())


async def test_a_full_queue_refuses_before_any_work(open_writer: OpenWriter, make_row: MakeRow, lock: Lock) -> None:
    async with open_writer(queue_rows=2) as writer:
        lock.take()
        waiting = [asyncio.create_task(writer.record(make_row())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(LogFull):
            writer.admit()
        with pytest.raises(LogFull):
            await writer.record(make_row())
        writer.note(make_row(status=422))
        assert writer.stats.skipped_rows == 1
        lock.release()
        await asyncio.gather(*waiting)
        writer.admit()


async def test_the_queue_is_bounded_in_bytes_too(open_writer: OpenWriter, make_row: MakeRow, lock: Lock) -> None:
    async with open_writer(queue_bytes=100) as writer:
        lock.take()
        waiting = asyncio.create_task(writer.record(make_row(request=b"x" * 100)))
        await asyncio.sleep(0)
        with pytest.raises(LogFull):
            writer.admit()
        lock.release()
        await waiting


async def test_a_database_locked_by_another_program_fails_by_the_deadline_and_heals_by_itself(
    open_writer: OpenWriter, make_row: MakeRow, lock: Lock, execute: Execute
) -> None:
    deadline = 1.0
    lock.take()
    async with open_writer(commit_timeout=deadline) as writer:
        assert not writer.ready
        with pytest.raises(LogUnavailable):
            writer.admit()
        lock.release()
        await asyncio.wait_for(writer.wait_ready(), 60)
        lock.take()
        began = asyncio.get_running_loop().time()
        with pytest.raises(LogUnavailable):
            await writer.record(make_row())
        assert asyncio.get_running_loop().time() - began < 10 * deadline
        writer.note(note := make_row(status=422, code="invalid_input"))
        lock.release()
        await asyncio.wait_for(writer.wait_ready(), 60)
        await writer.record(row := make_row())
    assert execute("SELECT id FROM requests ORDER BY id") == [(note.id,), (row.id,)]


async def test_a_disk_that_is_full_fails_and_heals_by_itself(
    open_writer: OpenWriter, make_row: MakeRow, file: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with open_writer() as writer:
        await writer.record(make_row())
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.with_name("unroll.db-wal").stat().st_size, hard))
        try:
            with pytest.raises(LogUnavailable):
                await writer.record(make_row())
            assert not writer.ready
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await asyncio.wait_for(writer.wait_ready(), 60)
        await writer.record(make_row())


async def test_with_serve_a_failing_log_is_counted_and_nobody_is_refused(
    open_writer: OpenWriter, make_row: MakeRow, lock: Lock
) -> None:
    lock.take()
    async with open_writer(commit_timeout=0.1, on_failure="serve") as writer:
        writer.admit()
        await writer.record(make_row())
        assert writer.stats.skipped_rows == 1
        assert not writer.ready


async def test_a_row_that_cannot_be_stored_does_not_fail_its_neighbours(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    twin = make_row()
    async with open_writer() as writer:
        await writer.record(twin)
        rows = [make_row(), twin, make_row(task="\ud800"), make_row(values=1 << 70), make_row()]
        results = await asyncio.gather(*[writer.record(row) for row in rows], return_exceptions=True)
        assert [type(result) for result in results] == [type(None), *[LogUnavailable] * 3, type(None)]
        assert writer.ready
    assert execute("SELECT count(*) FROM requests") == [(3,)]


async def test_rows_that_were_answered_together_fail_each_for_itself(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    twin = make_row()
    async with open_writer() as writer:
        await writer.record(twin)
        entries = [[make_row(), twin, make_row()], [make_row(values=1 << 70), make_row()], [make_row()]]
        told = await asyncio.gather(*[_enter(writer, rows) for rows in entries])
        assert told == [[None, LogUnavailable, None], [LogUnavailable, None], [None]]
        assert writer.stats.queued_rows == writer.stats.queued_bytes == 0
        assert writer.stats.committed_rows == 5
    assert execute("SELECT count(*) FROM requests") == [(5,)]


async def test_the_bound_of_the_queue_is_met_in_the_midst_of_rows_that_were_answered_together(
    open_writer: OpenWriter, make_row: MakeRow, lock: Lock, execute: Execute
) -> None:
    async with open_writer(queue_rows=2) as writer:
        lock.take()
        entered = asyncio.gather(_enter(writer, [make_row() for _ in range(4)]))
        await asyncio.sleep(0)
        assert writer.stats.queued_rows == 2
        lock.release()
        assert await entered == [[None, None, LogFull, LogFull]]
    assert execute("SELECT count(*) FROM requests") == [(2,)]
    async with open_writer(queue_rows=2, on_failure="serve") as writer:
        assert await _enter(writer, [make_row() for _ in range(4)]) == [None] * 4
        assert (writer.stats.committed_rows, writer.stats.skipped_rows) == (2, 2)


async def test_the_log_heals_where_nothing_but_jobs_are_left(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    begun, over = threading.Event(), threading.Event()

    def stuck(_connection: Connection) -> None:
        begun.set()
        over.wait(60)

    async with open_writer(commit_timeout=0.5) as writer:
        first = asyncio.create_task(writer.run(stuck))
        await asyncio.to_thread(begun.wait, 60)
        second = asyncio.create_task(writer.run(lambda _: None))
        with pytest.raises(LogUnavailable):
            await writer.record(make_row())
        assert not writer.ready
        over.set()
        await asyncio.gather(first, second)
        await asyncio.wait_for(writer.wait_ready(), 60)
        await writer.record(make_row())
    assert execute("SELECT count(*) FROM requests") == [(1,)]


async def test_a_refused_request_keeps_its_size_and_never_its_body(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader
) -> None:
    row = make_row(status=422, code="invalid_input", request=b'{"api_key":"secret"}')
    async with open_writer() as writer:
        writer.note(row)
    stored = reader.get(row.id)
    assert (stored.request, stored.request_sha256, stored.request_bytes) == (None, None, 20)


@pytest.mark.parametrize(("bodies", "limit"), [("full", 10), ("shape", 1000)])
async def test_a_body_that_is_not_kept_leaves_its_digest(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, bodies: str, limit: int
) -> None:
    row = make_row()
    async with open_writer(bodies=bodies, body_limit=limit) as writer:
        await writer.record(row)
    stored = reader.get(row.id)
    assert (stored.request, stored.response) == (None, None)
    assert stored.request_sha256 == hashlib.sha256(row.request).hexdigest()
    assert stored.response_sha256 == hashlib.sha256(row.response).hexdigest()
    assert stored.response_bytes == len(row.response)


async def test_bodies_off_keeps_neither_body_nor_digest(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader
) -> None:
    row = make_row()
    async with open_writer(bodies="off") as writer:
        await writer.record(row)
    stored = reader.get(row.id)
    assert (stored.request, stored.request_sha256) == (None, None)
    assert replace(stored, request=None) == stored


async def test_a_job_runs_between_batches_and_its_own_error_reaches_its_caller(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    def fails(connection) -> None:
        connection.exec_driver_sql("DELETE FROM requests")
        raise KeyError("mine")

    async with open_writer() as writer:
        await writer.record(make_row())
        with pytest.raises(KeyError, match="mine"):
            await writer.run(fails)
        assert (
            await writer.run(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM requests").scalar())
            == 1
        )
        assert writer.ready


async def test_two_writers_on_one_file_lose_nothing(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute
) -> None:
    async with open_writer() as one, open_writer() as other:
        await asyncio.gather(*[writer.record(make_row()) for _ in range(200) for writer in (one, other)])
    assert execute("SELECT count(*) FROM requests") == [(400,)]


async def test_the_wal_is_brought_into_the_database_between_commits(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, file: Path
) -> None:
    sizes: list[list[int]] = []
    async with open_writer(queue_bytes=1 << 24) as writer:
        for _ in range(20):
            await asyncio.gather(*[writer.record(make_row(response=b"x" * 10_000)) for _ in range(50)])
            assert len(reader.page(Filters(), 1).requests) == 1  # its connection stays open
            await writer.run(lambda connection: connection)
            sizes.append([each.stat().st_size for each in (file, file.with_name("unroll.db-wal"))])
    assert sizes[-1][0] > 8_000_000
    assert max(wal for _, wal in sizes) < 4_000_000


async def test_nobody_waits_for_a_checkpoint(
    open_writer: OpenWriter, make_row: MakeRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def checkpoint(committer: Committer) -> None:
        if committer._written:  # else it belongs to the attempt that opened the log, and comes before any row
            begun.set()
            assert may_end.wait(60)

    monkeypatch.setattr(Committer, "checkpoint", checkpoint)
    async with open_writer() as writer:
        await writer.record(make_row())
        assert await asyncio.to_thread(begun.wait, 60)
        assert not may_end.is_set()
        may_end.set()


@pytest.mark.usefixtures("file")
async def test_a_checkpoint_that_fails_is_only_logged(
    open_writer: OpenWriter,
    make_row: MakeRow,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    execute: Execute,
) -> None:
    monkeypatch.setattr(committer, "_CHECKPOINT_BYTES", 0)
    monkeypatch.setattr(committer, "_CHECKPOINT", "SELECT * FROM elsewhere")
    async with open_writer() as writer:
        for _ in range(3):
            await writer.record(make_row())
        assert writer.ready
    assert "no such table: elsewhere" in caplog.text
    assert execute("SELECT count(*) FROM requests") == [(3,)]


async def test_a_wal_that_grew_while_somebody_read_is_cut_afterwards(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "_WAL_BYTES", 2 << 20)
    wal = file.with_name("unroll.db-wal")
    async with open_writer(queue_bytes=1 << 24) as writer:

        async def write(batches: int) -> None:
            for _ in range(batches):
                await asyncio.gather(*[writer.record(make_row(response=b"x" * 10_000)) for _ in range(50)])
            await writer.run(lambda connection: connection)

        await write(1)
        with closing(sqlite_module().connect(file, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM requests").fetchall()
            await write(10)
            assert wal.stat().st_size > 4 << 20
            other.execute("COMMIT")
        await write(5)
        assert wal.stat().st_size < 2 << 20


async def test_a_reader_that_stays_holds_up_neither_rows_nor_readiness(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "_WAL_BYTES", 0)
    monkeypatch.setattr(committer, "_CHECKPOINT_BYTES", 0)
    async with open_writer() as writer:
        await writer.record(make_row())
        with closing(sqlite_module().connect(file, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM requests").fetchall()
            for _ in range(3):
                await writer.record(make_row())
            assert writer.ready


async def test_a_thread_that_dies_makes_the_log_unready_and_tells_everyone(
    open_writer: OpenWriter, make_row: MakeRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_committer: Committer, _rows: list[Row]) -> None:
        raise RuntimeError

    async with open_writer() as writer:
        monkeypatch.setattr(Committer, "commit", broken)
        both = asyncio.gather(
            writer.record(make_row()), writer.run(lambda connection: connection), return_exceptions=True
        )
        told = await asyncio.wait_for(both, 60)
        assert [type(each) for each in told] == [LogUnavailable, LogUnavailable]
        await writer.wait_stopped()
        assert not writer.ready
        assert writer.stats.queued_rows == writer.stats.queued_bytes == 0
        with pytest.raises(LogUnavailable):
            await writer.run(lambda connection: connection)


async def test_a_row_whose_turn_does_not_come_is_refused_in_time_and_never_stored(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, execute: Execute
) -> None:
    # Another process that holds the turn and does nothing: locks of one process do not see each other.
    code = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    async with open_writer(commit_timeout=1.0) as writer:
        command = [sys.executable, "-c", code, str(file.with_name("unroll.db-turns"))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # noqa: ASYNC220
            assert other.stdout is not None
            other.stdout.readline()
            with pytest.raises(LogUnavailable, match="in time"):
                await writer.record(make_row())
            assert not writer.ready
            other.communicate(b"\n")
        await asyncio.wait_for(writer.wait_ready(), 60)
        await writer.record(row := make_row())
    assert execute("SELECT id FROM requests") == [(row.id,)]


async def test_a_lock_file_that_cannot_be_opened_is_unavailable(open_writer: OpenWriter, url: str, file: Path) -> None:
    file.with_name("unroll.db-turns").mkdir()
    async with open_writer() as writer:
        with pytest.raises(LogUnavailable, match="turns"):
            writer.admit()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(SettingsError, match="memory"):
        LogWriter(
            "sqlite://",
            durability="power",
            bodies="full",
            body_limit=1,
            queue_rows=1,
            queue_bytes=1,
            on_failure="refuse",
            commit_timeout=1,
        )
