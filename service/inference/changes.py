"""What several processes tell each other through a folder: what became of which model. Knows no model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

# A folder is adopted that one of these processes wrote itself, and removed for good.
Change = Literal["load", "unload", "adopt", "remove"]
_PREFIX = "model-"
_Stamp = tuple[int, int]  # modification time and inode of the file that tells of a change


class Changes:
    """The changes that lie in ``folder``, a file for each model; none without a folder, where a process is alone."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, _Stamp] = {}

    def tell(self, name: str, change: Change, digest: str = "") -> None:
        """Leave word for the other processes, with the ``digest`` of the card of what was adopted.

        The file appears whole or not at all.
        """
        if self._folder is None:
            return
        making = self._folder / f".{os.getpid()}"
        making.write_text(f"{change} {digest}")
        self._known[name] = _stamp(making)
        making.rename(self._folder / f"{_PREFIX}{name}")

    def news(self) -> Iterator[tuple[str, Change, str]]:
        """What others told of a model's name since the last time, each with its digest.

        Each is news until the next is asked for: who looks for the model meanwhile waits until this one was done.
        """
        if self._folder is None:
            return
        for file in sorted(self._folder.glob(f"{_PREFIX}*")):
            name, stamp = file.name.removeprefix(_PREFIX), _stamp(file)
            if self._known.get(name) != stamp:
                change, _, digest = file.read_text().partition(" ")
                yield name, cast("Change", change), digest
                self._known[name] = stamp

    def is_news(self, name: str) -> bool:
        """Whether others told something of ``name``, which is a file's name, since the last time."""
        if self._folder is None:
            return False
        try:
            return self._known.get(name) != _stamp(self._folder / f"{_PREFIX}{name}")
        except FileNotFoundError:
            return False


def _stamp(file: Path) -> _Stamp:
    status = file.stat()
    return status.st_mtime_ns, status.st_ino
