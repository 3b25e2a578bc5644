"""What careless hands do to the files of a log that is in use, and which rows that may cost."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path

from service.request_log.migrate import migrate

SUFFIXES = ("", "-wal", "-shm")
_NOTICE_SECONDS = 60.0  # the service looks every second; the machine may be busy

Deed = Callable[[Path, random.Random], Coroutine[None, None, None]]


async def moved_away_and_back(database: Path, dice: random.Random) -> None:
    """The database alone, or with all that lies beside it. Costs nothing."""
    suffixes = dice.choice((SUFFIXES, SUFFIXES[:1]))
    away = database.with_name("away")
    away.mkdir(exist_ok=True)
    moved = _move(database, away / database.name, suffixes)
    await asyncio.sleep(dice.uniform(0.0, 2.0))
    for suffix in moved:
        if not _beside(database, suffix).exists():
            _beside(away / database.name, suffix).rename(_beside(database, suffix))
    shutil.rmtree(away)


async def wal_removed(database: Path, dice: random.Random) -> None:
    """With its index or without. Costs nothing once the service has noticed."""
    wal = _beside(database, "-wal")
    with wal.open("rb") as held:  # else the next file might get its inode's number
        before = os.fstat(held.fileno()).st_ino
        for suffix in dice.choice((["-wal"], ["-wal", "-shm"])):
            _beside(database, suffix).unlink(missing_ok=True)
        await _until(lambda: wal.exists() and wal.stat().st_ino != before)


async def index_removed(database: Path, _dice: random.Random) -> None:
    """The index of the WAL can be made from it. Costs nothing."""
    _beside(database, "-shm").unlink(missing_ok=True)


async def replaced(database: Path, _dice: random.Random) -> None:
    """By a log that is empty. Costs what was there before."""
    fresh = database.with_name("fresh.db")
    migrate(f"sqlite:///{fresh}")
    fresh.rename(database)


async def removed(database: Path, _dice: random.Random) -> None:
    """With all that lies beside it. Costs what was there before."""
    for suffix in SUFFIXES:
        _beside(database, suffix).unlink(missing_ok=True)


HARMLESS: tuple[Deed, ...] = (moved_away_and_back, wal_removed, index_removed)
COSTLY: tuple[Deed, ...] = (replaced, removed)


def _move(source: Path, target: Path, suffixes: tuple[str, ...]) -> list[str]:
    moved = [suffix for suffix in suffixes if _beside(source, suffix).exists()]
    for suffix in moved:
        _beside(source, suffix).rename(_beside(target, suffix))
    return moved


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(_NOTICE_SECONDS):
        while not done():  # noqa: ASYNC110  (it is another process that does it)
            await asyncio.sleep(0.01)
