"""The folder that the served models come from: load, unload, and watch it. Knows no HTTP.

A model is replaced in one step, after its new folder was read, checked and its golden answers met; requests that are
being answered keep the one they started with.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.cards import CARD, MODEL_FILES
from service.errors import ModelRejected, UnknownModel
from service.inference.catalog import Catalog, Runtime, load_model
from service.inference.model import Model

log = logging.getLogger(__name__)

# Modification time, size and inode of each file of a model folder; None for one that is missing.
Fingerprint = tuple[tuple[int, int, int] | None, ...]
Key = tuple[str, str]  # name and version
Change = tuple[int, int]  # modification time and inode of the file that tells of it
_CHANGE = "model-"
_FOLLOW_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Entry:
    """One version in the repository. ``reason`` says why it, or what its folder holds now, is not served."""

    name: str
    version: str
    served: bool
    reason: str


class Repository:
    """The models under one folder and the catalog of those that are served. Its methods block and are thread-safe."""

    def __init__(self, folder: Path, runtime: Runtime = "onnx", changes: Path | None = None) -> None:
        """Read ``folder``; see :meth:`Catalog.load`.

        ``changes`` is a folder through which several processes tell each other what was loaded and unloaded.
        """
        self._folder, self._runtime = folder, runtime
        self._changes = changes
        self._followed: dict[str, Change] = {}
        self._lock = threading.Lock()
        self._unloaded: dict[str, list[str]] = {}
        self._missing: set[Key] = set()
        self._seen = self._scan()
        self.catalog = Catalog.load(folder, runtime)
        self.follow()

    def index(self) -> list[Entry]:
        """Every version that is served, was refused or was unloaded."""
        refused = {(name, version): reason for (name, version), reason in map(_keyed, self.catalog.refused.items())}
        unloaded = {(name, version): "unloaded" for name, versions in self._unloaded.items() for version in versions}
        served = {(model.card.name, model.card.version) for model in self.catalog.everyone()}
        reasons = {**unloaded, **refused}
        return [
            Entry(name, version, (name, version) in served, reasons.get((name, version), ""))
            for name, version in sorted(served | reasons.keys(), key=lambda key: (key[0], key[1].zfill(9)))
        ]

    def load(self, name: str) -> None:
        """Read all versions of ``name`` afresh and serve them in place of the old ones.

        Raises:
            UnknownModel: there is no such folder.
            ModelRejected: a version is bad; whatever was served before goes on.
        """
        with self._lock:
            self._load(name)
            self._tell(name, "load")

    def unload(self, name: str) -> None:
        """Serve ``name`` no longer, until it is loaded again; raises :class:`UnknownModel`."""
        with self._lock:
            self._unload(name)
            self._tell(name, "unload")

    def follow(self) -> None:
        """Do what other processes were told since the last time."""
        if self._changes is None:
            return
        with self._lock:
            for file in sorted(self._changes.glob(f"{_CHANGE}*")):
                name, status = file.name.removeprefix(_CHANGE), file.stat()
                change = (status.st_mtime_ns, status.st_ino)
                if self._followed.get(name) == change:
                    continue
                self._followed[name] = change
                try:
                    {"load": self._load, "unload": self._unload}[file.read_text()](name)
                except (ModelRejected, UnknownModel) as error:  # this process missed it, or is there already
                    log.warning("another process changed %s, this one could not: %s", name, error.detail)

    def look(self) -> None:
        """Take in what is new or changed in the folder since the last look; what is bad leaves the old serving.

        A folder that is gone is served until it is missed twice: whoever replaces it may be between two steps.
        """
        with self._lock:
            found = self._scan()
            missing = self._seen.keys() - found.keys()
            gone = missing & self._missing
            self._missing = missing - gone
            changed = {key for key, prints in found.items() if self._seen.get(key) != prints}
            for name in sorted({name for name, _ in changed | gone}):
                if name not in self._unloaded:
                    self._take_in(name, {version for each, version in changed if each == name}, gone)
            self._seen = {**{key: self._seen[key] for key in self._missing}, **found}

    def _load(self, name: str) -> None:
        found = {key: prints for key, prints in self._scan().items() if key[0] == name}
        if not found:
            raise UnknownModel("the repository has no folder of that name")
        models = {version: self._read((name, version)) for _, version in found}
        refused = {version: model.detail for version, model in models.items() if isinstance(model, ModelRejected)}
        if refused:
            self.catalog.refuse(name, refused)
            raise ModelRejected("; ".join(refused.values()))
        self.catalog.put(name, [model for model in models.values() if isinstance(model, Model)], {})
        self._unloaded.pop(name, None)
        self._forget(name)
        self._seen.update(found)

    def _unload(self, name: str) -> None:
        versions = self.catalog.versions(name)
        if not versions:
            raise UnknownModel("no model of that name is served")
        self._unloaded[name] = versions
        self.catalog.put(name, [], {})

    def _tell(self, name: str, change: str) -> None:
        """Leave word of a ``change`` for the other processes; the file appears whole or not at all."""
        if self._changes is None:
            return
        making = self._changes / f".{os.getpid()}"
        making.write_text(change)
        status = making.stat()
        self._followed[name] = (status.st_mtime_ns, status.st_ino)
        making.rename(self._changes / f"{_CHANGE}{name}")

    def _take_in(self, name: str, changed: set[str], gone: set[Key]) -> None:
        before = {model.card.version: model for model in self.catalog.everyone() if model.card.name == name}
        stay = {version: model for version, model in before.items() if (name, version) not in gone}
        refused = {}
        for version in changed:
            model = self._read((name, version))
            if isinstance(model, Model):
                stay[version] = model
                log.info("%s/%s is served", name, version)
            else:
                refused[version] = model.detail
                log.warning("%s", model.detail)
        for version in before.keys() - stay.keys():
            log.info("%s/%s is gone and no longer served", name, version)
        self.catalog.put(name, list(stay.values()), refused)

    def _read(self, key: Key) -> Model | ModelRejected:
        try:
            return load_model(self._folder.joinpath(*key), self._runtime)
        except ModelRejected as error:
            return error

    def _scan(self) -> dict[Key, Fingerprint]:
        return {(path.parent.name, path.name): _fingerprint(path) for path in self._paths()}

    def _paths(self) -> Iterator[Path]:
        return (path for path in sorted(self._folder.glob("*/[1-9]*")) if path.is_dir())

    def _forget(self, name: str) -> None:
        self._seen = {key: prints for key, prints in self._seen.items() if key[0] != name}
        self._missing = {key for key in self._missing if key[0] != name}


async def watch_folder(repository: Repository, seconds: float) -> None:
    """Look into the folder every so many ``seconds``, for ever."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(repository.look)
        except OSError as error:  # a folder that cannot be read now may be read at the next look
            log.warning("the models' folder cannot be read (%s)", error.strerror)


async def follow_others(repository: Repository) -> None:
    """Do what other processes are told, for ever."""
    while True:
        await asyncio.sleep(_FOLLOW_SECONDS)
        await asyncio.to_thread(repository.follow)


def _fingerprint(path: Path) -> Fingerprint:
    return tuple(_file(path / name) for name in (CARD, *MODEL_FILES))


def _file(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _keyed(item: tuple[str, str]) -> tuple[Key, str]:
    reference, reason = item
    name, _, version = reference.partition("/")
    return (name, version), reason
