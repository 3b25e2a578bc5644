"""Export, deletion, backup and check: what becomes of a log in the long run."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import pytest

from service.errors import LogUnavailable, SettingsError
from service.request_log import export as export_module
from service.request_log import retention, writer
from service.request_log.database import sqlite_module
from service.request_log.export import Export, Format
from service.request_log.listing import Filters, first_id
from service.request_log.maintenance import backup, check
from service.request_log.migrate import migrate
from service.request_log.outcomes import record_outcome
from service.request_log.reader import LogReader
from service.request_log.retention import delete_before, delete_client, forget_old
from service.request_log.rows import Row
from service.request_log.writer import LogWriter
from tests.service.request_log.conftest import READERS, Execute, Lock, MakeRow, OpenWriter

CANARY = b"canary-5e0c2f"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _files_with_the_canary(file: Path) -> list[str]:
    return [path.name for path in file.parent.iterdir() if CANARY in path.read_bytes()]


def _export(reader: LogReader, filters: Filters, form: Format) -> bytes:
    return b"".join(iter(Export(reader, filters, form).piece, b""))


async def _record(log: LogWriter, *rows: Row) -> None:
    await asyncio.gather(*[log.record(row) for row in rows])


async def test_an_export_has_every_row_as_its_single_answer_shows_it(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "_ROWS", 3)
    rows = [make_row(models=("a/1", "b/1")) for _ in range(7)] + [make_row(request=b"\xff\x00")]
    async with open_writer() as log:
        await _record(log, *rows)
    lines = [orjson.loads(line) for line in _export(reader, Filters(), "jsonl").splitlines()]
    assert [line["id"] for line in lines] == [row.id for row in reversed(rows)]
    assert lines[-1]["request"] == {"sequence": [1, 2, 3, 4]}
    assert lines[-1]["models"] == ["a/1", "b/1"]
    assert lines[0]["request"] == "/wA="
    table = list(csv.DictReader(io.StringIO(_export(reader, Filters(), "csv").decode())))
    assert [line["id"] for line in table] == [line["id"] for line in lines]
    assert json.loads(table[-1]["request"]) == lines[-1]["request"]
    assert (table[0]["request"], table[-1]["time"]) == ("/wA=", lines[-1]["time"])


async def test_an_export_keeps_to_its_filters(open_writer: OpenWriter, make_row: MakeRow, reader: LogReader) -> None:
    async with open_writer() as log:
        await _record(log, make_row(), make_row(endpoint="/compare"))
    assert len(_export(reader, Filters(endpoint="/compare"), "jsonl").splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("-1", "'-1"),
        ("  @A1", "'  @A1"),
        ("a;=1+1;+2", "a;'=1+1;'+2"),  # where semicolons part cells, as in most of Europe
        ("a\t-1", "a\t'-1"),
        ("a\n=1", "a\n'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1,-2;3", "a=1,-2;3"),
    ],
)
async def test_a_csv_cell_cannot_become_a_formula(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, text: str, cell: str
) -> None:
    async with open_writer() as log:
        await _record(log, make_row(client_request_id=text))
    (line,) = csv.DictReader(io.StringIO(_export(reader, Filters(), "csv").decode(), newline=""))
    assert line["client_request_id"] == cell
    assert orjson.loads(_export(reader, Filters(), "jsonl"))["client_request_id"] == text


async def test_a_piece_of_an_export_is_bounded_in_bytes(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "_BYTES", 10_000)
    rows = [make_row(request=b"[1]", response=b"1" * size) for size in (9_000, 20_000, 3_000, 3_000, 3_000, 3_000)]
    async with open_writer() as log:
        await _record(log, *rows)
    pieces = [orjson.loads(b"[%s]" % piece.strip().replace(b"\n", b",")) for piece in _pieces(reader)]
    assert [[line["response_bytes"] for line in piece] for piece in pieces] == [[3_000] * 3, [3_000], [20_000], [9_000]]
    assert [line["id"] for piece in pieces for line in piece] == [row.id for row in reversed(rows)]


def _pieces(reader: LogReader) -> list[bytes]:
    return list(iter(Export(reader, Filters(), "jsonl").piece, b""))


async def test_rows_are_written_while_an_export_is_under_way(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "_ROWS", 1)
    async with open_writer() as log:
        await _record(log, make_row(), make_row())
        export = Export(reader, Filters(), "jsonl")
        assert export.piece()
        await log.record(make_row())
        await log.empty_wal()
        assert len(list(iter(export.piece, b""))) == 1


async def test_after_deletion_the_bytes_are_gone_from_every_file(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, reader: LogReader
) -> None:
    old = [make_row(request=CANARY * 200, client="leaver") for _ in range(500)]
    async with open_writer(queue_bytes=1 << 24) as log:
        await _record(log, *old)
        kept = make_row()
        await log.record(kept)
        assert _files_with_the_canary(file)
        assert await delete_client(log, "leaver") == 500
        assert _files_with_the_canary(file) == []
        assert [row.id for row in reader.page(Filters(), 10).requests] == [kept.id]


async def test_deleting_before_a_time_deletes_that_and_all_that_hangs_on_it(
    open_writer: OpenWriter, make_row: MakeRow, execute: Execute, url: str
) -> None:
    answer = b'{"predictions":[{"value":5,"model":"sine-gru","version":"1","intervals":null,"check":null}]}'
    models = ("sine-gru/1", "sine-lstm/1")
    old = make_row(id="00000000-03e8-7000-8000-000000000001", time=1_000_000, response=answer, models=models)
    new = make_row(response=answer, models=models)
    async with open_writer() as log:
        await _record(log, old, new)
        for row in (old, new):
            await log.run(record_outcome(row.id, READERS, value=5.0))
        assert await delete_before(log, 1_000_000) == 0
        assert await delete_before(log, 1_001_000) == 1
        assert await delete_before(log, 1_001_000) == 0
    assert execute("SELECT id FROM requests UNION ALL SELECT id FROM uses") == [(new.id,)] * 3
    assert execute("SELECT id FROM outcomes UNION ALL SELECT id FROM scores") == [(new.id,)] * 2
    assert check(url) == []


async def test_a_reader_of_another_program_that_stays_makes_the_deletion_say_so_until_it_is_gone(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_WAL_ATTEMPTS", 1)
    async with open_writer() as log:
        await log.record(make_row(client="leaver", request=CANARY))
        with closing(sqlite_module().connect(file, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM requests").fetchall()
            with pytest.raises(LogUnavailable, match="WAL"):
                await delete_client(log, "leaver")
            with pytest.raises(LogUnavailable, match="WAL"):  # nothing is left to delete but the bytes
                await delete_client(log, "leaver")
            assert _files_with_the_canary(file)
            other.execute("COMMIT")
        assert await delete_client(log, "leaver") == 0
        assert _files_with_the_canary(file) == []
        assert log.ready


async def test_old_rows_are_forgotten_from_the_start_on(
    open_writer: OpenWriter, make_row: MakeRow, reader: LogReader
) -> None:
    paused = asyncio.Event()

    async def pause(_seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    old, recent, new = _made(40), _made(3), make_row()
    async with open_writer() as log:
        await _record(log, make_row(**old), kept := make_row(**recent), new)
        task = asyncio.create_task(forget_old(log, 30, pause=pause))
        await asyncio.wait_for(paused.wait(), 60)
        task.cancel()
        assert [row.id for row in reader.page(Filters(), 10).requests] == [new.id, kept.id]


def _made(days_ago: float) -> dict[str, Any]:
    """Id and time of a row that was made so long ago."""
    time = round((datetime.now(UTC).timestamp() - days_ago * 86_400) * 1e6)
    return {"id": f"{first_id(time)}-7000-8000-000000000001", "time": time}


@pytest.mark.parametrize("logged_since", [False, True])
async def test_a_clock_that_jumped_deletes_nothing_for_a_day(
    open_writer: OpenWriter,
    make_row: MakeRow,
    reader: LogReader,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    logged_since: bool,
) -> None:
    looks = 0

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            now = monotonic()
            monkeypatch.setattr(retention, "monotonic", lambda: now + 86_400)
        if looks == 3:
            await asyncio.Event().wait()
        ids.append([row.id for row in reader.page(Filters(), 10).requests])

    ids: list[list[str]] = []
    rows = [make_row(**_made(days)) for days in (500, 420, 400)] + ([make_row()] if logged_since else [])
    async with open_writer() as log:
        await _record(log, *rows)
        task = asyncio.create_task(forget_old(log, 30, pause=pause))
        await _until(lambda: looks == 3)
        task.cancel()
    assert ids == [[row.id for row in reversed(rows)]] * 2
    assert caplog.text.count("nothing is deleted for a day") == 1
    assert [row.id for row in reader.page(Filters(), 10).requests] == [row.id for row in rows[3:]]


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110  (what is waited for happens in another thread)
            await asyncio.sleep(0.001)


async def test_deletion_that_fails_is_tried_again_later(
    open_writer: OpenWriter,
    make_row: MakeRow,
    lock: Lock,
    reader: LogReader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def pause(_seconds: float) -> None:
        over = asyncio.Event()
        pauses.put_nowait(over)
        await over.wait()

    async with open_writer(commit_timeout=2.0) as log:
        await _record(log, make_row(**_made(31)), make_row(**_made(3)))
        lock.take()
        task = asyncio.create_task(forget_old(log, 30, pause=pause))
        first = await asyncio.wait_for(pauses.get(), 60)
        assert "could not be deleted yet" in caplog.text
        lock.release()
        await asyncio.wait_for(log.wait_ready(), 60)
        first.set()
        await asyncio.wait_for(pauses.get(), 60)
        task.cancel()
        assert len(reader.page(Filters(), 10).requests) == 1


async def test_a_backup_taken_while_rows_are_written_is_a_whole_log(
    open_writer: OpenWriter, make_row: MakeRow, url: str, file: Path
) -> None:
    target = file.with_name("copy.db")
    row = make_row()
    async with open_writer() as log:
        await log.record(row)
        copying = asyncio.create_task(asyncio.to_thread(backup, url, target))
        await _record(log, *[make_row() for _ in range(50)])
        await copying
    copied = f"sqlite:///{target}"
    assert check(copied) == []
    reader = LogReader(copied)
    assert reader.get(row.id).response == row.response
    reader.close()
    migrate(copied)
    assert not target.with_name("copy.db.partial").exists()


def test_a_backup_never_replaces_a_file(url: str, file: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(SettingsError, match="exists"):
        backup(url, tmp_path / "copy.db")
    with pytest.raises(SettingsError, match="no request log"):
        backup(f"sqlite:///{tmp_path / 'absent.db'}", tmp_path / "other.db")
    with pytest.raises(SettingsError, match="pg_dump"):
        backup("postgresql+psycopg://host/x", tmp_path / "other.db")
    with pytest.raises(LogUnavailable):
        backup(url, tmp_path / "no-such-folder" / "copy.db")


def test_checking_a_log_that_is_not_there_says_so_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no request log"):
        check(f"sqlite:///{tmp_path / 'absent.db'}")
    assert list(tmp_path.iterdir()) == []


async def test_all_files_of_a_log_and_its_backup_are_for_their_owner_only(
    open_writer: OpenWriter, make_row: MakeRow, url: str, file: Path
) -> None:
    async with open_writer() as log:
        await log.record(make_row())
        backup(url, file.with_name("copy.db"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    names = ["unroll.db", "unroll.db-wal", "unroll.db-shm", "unroll.db-turns", "copy.db"]
    assert modes == dict.fromkeys(names, 0o600)


def test_check_finds_a_stray_row_and_a_damaged_page(url: str, file: Path, execute: Execute) -> None:
    assert check(url) == []
    execute("INSERT INTO outcomes VALUES ('nobody', 1, x'00')")
    assert check(url) == ["1 rows of outcomes belong to no request"]
    execute("DROP INDEX ix_requests_client")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'scores'")
    with pytest.raises(LogUnavailable, match="scores"):
        check(url)
