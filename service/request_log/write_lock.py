"""Which of the processes that write one SQLite file may write now, each in its turn; knows nothing of what is written.

SQLite's own waiting is a lottery in which the process that just wrote wins again: others wait for seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import LogUnavailable

try:
    import fcntl
except ImportError:  # Windows: SQLite's own lock is still there, only less fair
    fcntl = None  # type: ignore[assignment]

_GATE, _TURN = 0, 1  # bytes of the lock file


class WriteLock:
    """Lets one process at a time write. Whoever has just written passes the gate after those who wait there."""

    def __init__(self, file: Path | None) -> None:
        """``file`` is made beside the database and stays empty; None (PostgreSQL) means that nobody waits."""
        self._file = file
        self._descriptor: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn and hold it. Raises :class:`LogUnavailable` when the lock file cannot be made."""
        if self._file is None or fcntl is None:
            yield
            return
        if self._descriptor is None:
            self._descriptor = _open(self._file)
        lock = self._descriptor
        fcntl.lockf(lock, fcntl.LOCK_EX, 1, _GATE)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX, 1, _TURN)
        finally:
            fcntl.lockf(lock, fcntl.LOCK_UN, 1, _GATE)
        try:
            yield
        finally:
            fcntl.lockf(lock, fcntl.LOCK_UN, 1, _TURN)

    def close(self) -> None:
        """Give the lock file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LogUnavailable(f"the request log's lock file {file} cannot be opened: {error.strerror}") from error
