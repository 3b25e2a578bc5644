"""Series in files, mapped and not held: whoever takes one sees a part of the file, and nobody has all in memory.

A process that is handed a panel of such series gets the folder's name alone. What is held for each series is its name
and where it begins.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from training.series.panel import Keep, OwnSeries

_VALUES, _FILLED, _INDEX = "values.f8", "filled.b1", "index.json"
# Before the number of the process whose folder it is.
_ROOM = ".series-"


class Stored(Sequence[OwnSeries]):
    """The series that :func:`store` wrote into ``folder``; they have no columns beside their values."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, place: int) -> OwnSeries: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[OwnSeries]: ...
    def __getitem__(self, place: int | slice) -> OwnSeries | Sequence[OwnSeries]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        place = range(len(self))[place]
        part = slice(self._ends[place], self._ends[place + 1])
        start = self._starts[place]
        moment = None if np.isnat(start) else start
        return OwnSeries(self._names[place], self._values[part], self._filled[part], start=moment)

    def __iter__(self) -> Iterator[OwnSeries]:
        return map(self.__getitem__, range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Stored, (self._folder,)

    @cached_property
    def _index(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._folder / _INDEX).read_text())
        return found

    @cached_property
    def _names(self) -> list[str]:
        names: list[str] = self._index["names"]
        return names

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.concatenate(([0], np.cumsum(self._index["lengths"], dtype=np.int64)))

    @cached_property
    def _starts(self) -> NDArray[np.datetime64]:
        return np.array(self._index["starts"], "datetime64[s]")

    @cached_property
    def _values(self) -> NDArray[np.float64]:
        return np.asarray(np.memmap(self._folder / _VALUES, "<f8", "r"))

    @cached_property
    def _filled(self) -> NDArray[np.bool_]:
        return np.asarray(np.memmap(self._folder / _FILLED, np.bool_, "r"))


@contextmanager
def room(folder: Path) -> Iterator[Keep]:
    """Keeps series below ``folder`` for as long as it is open; what a killed process left there is removed."""
    for left in folder.glob(f"{_ROOM}*"):
        if not _is_alive(int(left.name.removeprefix(_ROOM).split("-")[0])):
            shutil.rmtree(left, ignore_errors=True)
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=f"{_ROOM}{os.getpid()}-", dir=folder, ignore_cleanup_errors=True) as made:
            numbers = count()
            yield lambda series: store(series, Path(made) / str(next(numbers)))
    finally:
        with suppress(OSError):  # what a run that was refused leaves is nothing
            for each in new:
                each.rmdir()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def store(series: Iterable[OwnSeries], folder: Path) -> Sequence[OwnSeries]:
    """Write ``series``, taken one after the other, into ``folder``, which is made."""
    index: dict[str, list[Any]] = {"names": [], "lengths": [], "starts": []}
    folder.mkdir(parents=True)
    with (folder / _VALUES).open("wb") as values, (folder / _FILLED).open("wb") as filled:
        for each in series:
            each.values.astype("<f8", copy=False).tofile(values)
            each.filled.tofile(filled)
            index["names"].append(each.name)
            index["lengths"].append(len(each.values))
            index["starts"].append("NaT" if each.start is None else str(each.start))
    (folder / _INDEX).write_text(json.dumps(index))
    return Stored(folder)
