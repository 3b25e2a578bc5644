"""Whether the files at the log's path are still those that are open. Knows files and nothing of what is in them.

A file that is moved or removed stays open: what is written to it is gone with the process, and nobody is told.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from service.errors import LogUnavailable

try:
    import fcntl
except ImportError:  # Windows, where nobody can take away a file that is open
    fcntl = None  # type: ignore[assignment]

Stamp = tuple[int, int] | None  # device and inode; None where no file can be reached

_DESCRIPTORS = "/proc/self/fd"  # of Linux
_SHARED_BYTES = (0x40000002, 510)  # start and length of what SQLite locks in a database that is in use


@contextmanager
def _reached() -> Iterator[None]:
    """Say what the system says: no descriptor is left, a folder may not be entered. It passes, as failed writes do."""
    try:
        yield
    except OSError as error:
        raise LogUnavailable(f"the request log's files cannot be reached: {error.strerror}") from error


class Stamps(NamedTuple):
    """What lies at each path at one moment."""

    database: Stamp
    wal: Stamp
    shm: Stamp


class LogFiles:
    """The three files of an SQLite log that is in use."""

    def __init__(self, file: Path) -> None:
        self._database = str(file)
        real = os.path.realpath(file)  # SQLite keeps the other two beside the file that a link leads to
        self._wal, self._shm = f"{real}-wal", f"{real}-shm"

    def look(self) -> Stamps:
        """What lies there now; some microseconds."""
        return Stamps(_stamp(self._database), _stamp(self._wal), _stamp(self._shm))

    @_reached()
    def remove_wal(self, stamps: Stamps) -> None:
        """Remove WAL and its index where they are still those of ``stamps``: another database must not meet them."""
        now = self.look()
        for path, there, ours in ((self._wal, now.wal, stamps.wal), (self._shm, now.shm, stamps.shm)):
            if there is not None and there == ours:
                os.unlink(path)


@_reached()
def are_open(stamps: Stamps) -> bool:
    """Whether this process has all of those files open, as far as the system tells.

    A connection gets the index of the WAL from others of its process: until those are closed, one that is gone.
    """
    if not os.path.isdir(_DESCRIPTORS):
        return True
    found = {stamp for _, stamp in _open_files()}
    return all(stamp in found for stamp in stamps)


@_reached()
def keep_from_closing(database: Stamp) -> None:
    """Let no connection of this process to ``database`` be the one that closes it last; the process's end does.

    The last one brings the WAL that it knows into the database, and removes what lies at the WAL's *path*: by now
    that may be somebody else's. It looks whether it is the last by a lock, which is refused from here on.
    """
    for descriptor, stamp in _open_files():
        if stamp is not None and stamp == database:
            again = os.dup(int(descriptor))  # nobody is asked whether we may, as when opening it anew
            start, length = _SHARED_BYTES
            lock = struct.pack("hhqqi0q", fcntl.F_RDLCK, os.SEEK_SET, start, length, 0)
            fcntl.fcntl(again, fcntl.F_OFD_SETLK, lock)
            return  # never closed: that would release SQLite's own locks, which belong to the process


def _open_files() -> Iterator[tuple[str, Stamp]]:
    """Descriptors of this process, where the system shows them."""
    if os.path.isdir(_DESCRIPTORS):
        for descriptor in os.listdir(_DESCRIPTORS):
            yield descriptor, _stamp(f"{_DESCRIPTORS}/{descriptor}")


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # a Path would take longer than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
