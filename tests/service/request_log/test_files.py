"""What happens to acknowledged rows when somebody moves, removes or replaces the log's files while it is in use."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import LogUnavailable
from service.request_log.listing import Filters
from service.request_log.migrate import migrate
from service.request_log.reader import LogReader
from tests.service.request_log.conftest import MakeRow, OpenWriter

pytestmark = pytest.mark.anyio
# ruff: noqa: ASYNC240  (what is moved here is small, and on a local disk)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _ids(file: Path) -> set[str]:
    """What a fresh process finds. Not this one: connections of a process share what they know of a file."""
    found = subprocess.run([sys.executable, "-c", _LOOK, file], capture_output=True, text=True, check=True)
    sound, *ids = found.stdout.split()
    assert sound == "ok"
    return set(ids)


_LOOK = """
import sys
try:
    from pysqlite3 import dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
connection = sqlite.connect(f"file:{sys.argv[1]}?mode=rw", uri=True)
print(connection.execute("PRAGMA integrity_check").fetchone()[0])
print(*[identity for (identity,) in connection.execute("SELECT id FROM requests")])
connection.close()
"""


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110  (what is waited for happens in another thread)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("suffixes", [["-wal"], ["-shm"], ["-wal", "-shm"]])
async def test_a_wal_that_is_removed_loses_nothing_that_was_acknowledged(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, suffixes: list[str]
) -> None:
    before, after = [make_row() for _ in range(5)], make_row()
    async with open_writer() as log:
        await asyncio.gather(*[log.record(row) for row in before])
        for suffix in suffixes:
            _beside(file, suffix).unlink()
        with pytest.raises(LogUnavailable, match="moved, removed or replaced"):
            await log.record(make_row())
        await asyncio.wait_for(log.wait_ready(), 60)
        await log.record(after)
        assert _ids(file) >= {row.id for row in (*before, after)}
    assert _ids(file) >= {row.id for row in (*before, after)}


@pytest.mark.parametrize("suffixes", [[""], ["", "-wal", "-shm"]])
async def test_a_log_that_is_moved_away_and_back_is_unavailable_meanwhile_and_whole_afterwards(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, tmp_path: Path, suffixes: list[str]
) -> None:
    before, after = make_row(), make_row()
    (tmp_path / "away").mkdir()
    async with open_writer() as log:
        await log.record(before)
        for suffix in suffixes:
            _beside(file, suffix).rename(tmp_path / "away" / (file.name + suffix))
        await _until(lambda: not log.ready)  # noticed though nothing is asked
        with pytest.raises(LogUnavailable):
            await log.record(make_row())
        assert not file.exists()
        assert _ids(tmp_path / "away" / file.name) == {before.id}
        for suffix in suffixes:
            moved = tmp_path / "away" / (file.name + suffix)
            if moved.exists():
                moved.rename(_beside(file, suffix))
        await asyncio.wait_for(log.wait_ready(), 60)
        await log.record(after)
        assert _ids(file) == {before.id, after.id}
    assert _ids(file) == {before.id, after.id}


def test_a_process_without_descriptors_left_writes_again_when_it_has_some(url: str, file: Path, tmp_path: Path) -> None:
    away = tmp_path / "away.db"
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_DESCRIPTORS, url, file, away], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split()
    assert _ids(file) >= {before, after}  # and of what was refused, what was written before it was found to be gone


# In a process of its own: the limit is of the whole process.
_WITHOUT_DESCRIPTORS = """
import asyncio, os, resource, sys
from pathlib import Path
from service.errors import LogUnavailable
from service.request_log.rows import Row, identify
from service.request_log.writer import LogWriter

def row():
    identity, time = identify()
    return Row(identity, time, "/predict", None, (), 200, None, None, None, 1, 1, 1, b"", b"")

async def main(url, file, away):
    log = LogWriter(
        url, durability="process", bodies="full", body_limit=65536, queue_rows=1000, queue_bytes=1 << 20,
        on_failure="refuse", commit_timeout=5.0,
    )
    await log.start()
    await log.record(before := row())
    _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    file.rename(away)
    for _ in range(3):
        try:
            await log.record(row())
        except LogUnavailable as failure:
            last = failure.detail
        else:
            sys.exit("a row was written into a file that is gone")
        await asyncio.sleep(0.3)  # and an attempt that nobody waits for
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    away.rename(file)
    await asyncio.wait_for(log.wait_ready(), 60)
    await log.record(after := row())
    await log.close()
    print(before.id, after.id)

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
"""


async def test_another_log_in_its_place_is_opened_and_not_mixed_with_what_was_there(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, url: str, tmp_path: Path, reader: LogReader
) -> None:
    other = tmp_path / "other.db"
    migrate(f"sqlite:///{other}")
    before, after = [make_row() for _ in range(50)], make_row()
    async with open_writer() as log:
        await asyncio.gather(*[log.record(row) for row in before])
        assert len(reader.page(Filters(), 100).requests) == 50
        file.rename(tmp_path / "old.db")
        other.rename(file)
        await _until(lambda: not log.ready)
        await asyncio.wait_for(log.wait_ready(), 60)
        await log.record(after)
        assert [row.id for row in reader.page(Filters(), 100).requests] == [after.id]
    assert _ids(file) == {after.id}
    assert _ids(tmp_path / "old.db") == {row.id for row in before}


async def test_a_log_that_is_removed_stays_unavailable_and_nobody_makes_another(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, reader: LogReader
) -> None:
    async with open_writer() as log:
        await log.record(make_row())
        for path in (file, _beside(file, "-wal"), _beside(file, "-shm")):
            path.unlink()
        for _ in range(2):
            with pytest.raises(LogUnavailable):
                await log.record(make_row())
        await asyncio.sleep(0.3)  # some attempts to open it again
        assert not log.ready
        with pytest.raises(LogUnavailable, match="no file"):
            reader.page(Filters(), 1)
    assert not file.exists()


async def test_two_writers_that_lose_their_wal_go_on_with_one_that_is_sound(
    open_writer: OpenWriter, make_row: MakeRow, file: Path
) -> None:
    acknowledged: list[str] = []
    async with open_writer() as one, open_writer() as other:
        for turn in range(4):
            refused = 0
            for log in (one, other, one, other, one):
                await asyncio.wait_for(log.wait_ready(), 60)
                row = make_row()
                try:
                    await log.record(row)
                except LogUnavailable:
                    refused += 1
                else:
                    acknowledged.append(row.id)
            assert refused <= (2 if turn else 0)  # each writer notices once
            if turn < 3:
                for suffix in ("-wal", "-shm"):
                    _beside(file, suffix).unlink()
        assert _ids(file) >= set(acknowledged)
    assert _ids(file) >= set(acknowledged)


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    reader = LogReader(f"sqlite:///{tmp_path / 'absent.db'}")
    with pytest.raises(LogUnavailable, match="no file"):
        reader.page(Filters(), 1)
    reader.close()
    assert list(tmp_path.iterdir()) == []


async def test_the_files_beside_a_log_are_those_where_a_link_leads_to(
    open_writer: OpenWriter, make_row: MakeRow, file: Path, tmp_path: Path
) -> None:
    real = tmp_path / "elsewhere" / "real.db"
    real.parent.mkdir()
    file.rename(real)
    file.symlink_to(real)
    async with open_writer() as log:
        await log.record(row := make_row())
        _beside(real, "-wal").unlink()
        await _until(lambda: not log.ready)
        await asyncio.wait_for(log.wait_ready(), 60)
    assert _ids(real) == {row.id}
