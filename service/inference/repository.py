"""The folders that the served models come from: load, unload, and look into them. Knows no HTTP.

Of two folders with the same name and version, in two places, the one in the place named first counts. A model is
replaced in one step, after its new folder was read, checked and its golden answers met; requests that are being
answered keep the one they started with.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from service.errors import ModelPending, ModelRejected, UnknownModel
from service.folders import ModelFolder, is_name, read_folder, reference_of
from service.inference.catalog import Catalog, Runtime
from service.inference.changes import Change, Changes
from service.inference.listing import Key, chosen_of, scan
from service.inference.model import Model
from service.inference.opening import Opening

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One version in the repository. ``reason`` says why it, or what its folder holds now, is not served."""

    name: str
    version: str
    served: bool
    reason: str


class Repository:
    """The models under some folders and the catalog of those that are served. Its methods block and are thread-safe."""

    def __init__(
        self,
        *folders: Path,
        runtime: Runtime = "onnx",
        changes: Path | None = None,
        ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """Read every ``<name>/<version>`` under ``folders``; a bad one is refused by name and the others serve.

        ``changes`` is a folder through which several processes tell each other what was loaded and unloaded;
        ``ending`` tells whether this one is to end.
        """
        self.folders = list({folder.resolve(): folder for folder in folders}.values())  # each once
        self._changes = Changes(changes)
        self._opening = Opening(runtime, ending, self._withdraw)
        self._lock = threading.Lock()
        self._unloaded: dict[str, list[str]] = {}
        self._missing: set[Path] = set()
        self._seen, self._barred = scan(self.folders)
        self._chosen = chosen_of(self.folders, self._seen, self._barred)
        read = self._read(self._chosen.values())
        refused = {reference_of(path): each.detail for path, each in read.items() if isinstance(each, ModelRejected)}
        self.catalog = Catalog([each for each in read.values() if isinstance(each, Model)], refused)
        self.catalog.catch_up = self._catch_up
        self._bar()
        self.follow()

    def complaints(self) -> list[str]:
        """What is wrong with the folders, each with its name and the reason."""
        return sorted({*self._barred.values(), *self.catalog.refused.values()})

    def in_words(self) -> str:
        """What is served, and what is not."""
        served = f"{len(self.catalog)} models"
        if complaints := len(self.complaints()):
            return f"{served} ({complaints} refused, see above)"
        if not len(self.catalog):
            return f"{served} (there is no <name>/<version> in {' or '.join(map(str, self.folders))})"
        return served

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
            self._changes.tell(name, "load")

    def unload(self, name: str) -> None:
        """Serve ``name`` no longer, until it is loaded again; raises :class:`UnknownModel`."""
        with self._lock:
            self._unload(name)
            self._changes.tell(name, "unload")

    def adopt(self, name: str, digest: str) -> None:
        """Serve a folder that this service itself wrote, whose card has that ``digest``; raises as :meth:`load`."""
        with self._lock:
            self._adopt(name, digest)
            self._changes.tell(name, "adopt", digest)

    def remove(self, name: str) -> None:
        """Delete the own model ``name`` for good; raises UnknownModel, or OSError where it cannot be deleted."""
        with self._lock:
            folder = self.folders[0] / name
            if not (is_name(name) and folder.is_dir()):
                raise UnknownModel("no own model has that name")
            with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as aside:
                os.replace(folder, Path(aside) / "old")
            self._forget(name)
            self._changes.tell(name, "remove")

    def folder(self, name: str) -> ModelFolder:
        """What the folder of the served model ``name`` holds, of its highest version; raises as the catalog, or
        ModelRejected where it has changed to something bad.
        """
        card = self.catalog.get(name).card
        return read_folder(self._chosen[card.name, card.version])

    def follow(self) -> None:
        """Do what other processes were told since the last time."""
        with self._lock:
            for name, change, digest in self._changes.news():
                try:
                    self._do(change, name, digest)
                except (ModelRejected, UnknownModel) as error:  # this process missed it, or is there already
                    log.warning("another process changed %s, this one could not: %s", name, error.detail)

    def look(self) -> None:
        """Take in what is new or changed in the folders since the last look; what is bad leaves the old serving.

        A folder that is gone is served until it is missed twice: whoever replaces it may be between two steps. One
        that cannot be looked into any more is served on.
        """
        with self._lock:
            found, barred = scan(self.folders)
            missing = {path for path in self._seen.keys() - found.keys() if barred.keys().isdisjoint(path.parents)}
            kept = self._seen.keys() - found.keys() - (missing & self._missing)
            self._missing = missing - self._missing
            present = {**{path: self._seen[path] for path in kept}, **found}
            names = {path.name for path in barred}
            held = {key: path for key, path in self._chosen.items() if key[0] in names and path in present}
            chosen = {**chosen_of(self.folders, present, barred), **held}
            changed = {
                key: path
                for key, path in chosen.items()
                if self._chosen.get(key) != path or self._seen.get(path) != present[path]
            }
            gone = self._chosen.keys() - chosen.keys()
            for reason in sorted(set(barred.values()) - set(self._barred.values())):
                log.warning("%s", reason)
            self._seen, self._barred, self._chosen = present, barred, chosen
            read = self._read([path for key, path in changed.items() if key[0] not in self._unloaded])
            for name in sorted({name for name, _ in changed.keys() | gone} - self._unloaded.keys()):
                self._take_in(name, {path.name: read[path] for key, path in changed.items() if key[0] == name}, gone)
            self._bar()

    def try_others(self) -> None:
        """Find out which of the models that were not loaded at once can be; those that cannot are refused."""
        untried = {(each.card.name, each.card.version): each for each in self.catalog.everyone() if not each.tried}
        if not untried:
            return
        paths = {path: untried[key] for key, path in self._chosen.items() if key in untried}
        for path, refusal in self._opening.refusals(list(paths)).items():
            if not isinstance(refusal, ModelPending) and self.catalog.find(path.parent.name, path.name) is paths[path]:
                log.warning("%s", refusal.detail)
                self._withdraw(path, refusal.detail)
        self.catalog.refresh()

    def _load(self, name: str) -> None:
        found, self._barred = scan(self.folders)
        chosen = {key: path for key, path in chosen_of(self.folders, found, self._barred).items() if key[0] == name}
        barred = [reason for path, reason in self._barred.items() if name in (path.name, path.parent.name)]
        if not chosen:
            raise ModelRejected("; ".join(barred)) if barred else UnknownModel("no folder has that name")
        models = self._read(chosen.values())
        refused = {path.name: each.detail for path, each in models.items() if isinstance(each, ModelRejected)}
        if refused:
            self.catalog.refuse(name, refused)
            raise ModelRejected("; ".join(refused.values()))
        self.catalog.put(name, [model for model in models.values() if isinstance(model, Model)], {})
        self._unloaded.pop(name, None)
        self._chosen = {**{key: path for key, path in self._chosen.items() if key[0] != name}, **chosen}
        here = {path: prints for path, prints in found.items() if path.parent.name == name}
        self._seen = {**{path: prints for path, prints in self._seen.items() if path.parent.name != name}, **here}
        self._missing = {path for path in self._missing if path.parent.name != name}
        self._bar()

    def _do(self, change: Change, name: str, digest: str) -> None:
        """What another process did."""
        if change == "adopt":
            self._adopt(name, digest)
        else:
            {"load": self._load, "unload": self._unload, "remove": self._forget}[change](name)

    def _catch_up(self, name: str) -> bool:
        """Whether ``name`` may be served after all: another process has told of it, and this one has not looked since.

        So a model that was made by one process is there when the client's next request comes to another.
        """
        is_news = is_name(name) and self._changes.is_news(name)
        if is_news:
            self.follow()
        return is_news

    def _adopt(self, name: str, digest: str) -> None:
        self._opening.vouch(digest)
        self._load(name)

    def _forget(self, name: str) -> None:
        self.catalog.put(name, [], {})
        self._unloaded.pop(name, None)
        self._chosen = {key: path for key, path in self._chosen.items() if key[0] != name}
        self._seen = {path: prints for path, prints in self._seen.items() if path.parent.name != name}
        self._missing = {path for path in self._missing if path.parent.name != name}

    def _unload(self, name: str) -> None:
        versions = self.catalog.versions(name)
        if not versions:
            raise UnknownModel("no model of that name is served")
        self._unloaded[name] = versions
        self.catalog.put(name, [], {})

    def _take_in(self, name: str, read: dict[str, Model | ModelRejected], gone: set[Key]) -> None:
        before = {version: self.catalog.get(name, version) for version in self.catalog.versions(name)}
        stay = {version: model for version, model in before.items() if (name, version) not in gone}
        refused = {
            version: reason
            for (each, version), reason in map(_keyed, self.catalog.refused.items())
            if each == name and version not in read and (name, version) in self._chosen
        }
        for version, model in read.items():
            if isinstance(model, Model):
                stay[version] = model
                log.info("%s/%s is served", name, version)
            else:
                refused[version] = model.detail
                log.warning("%s", model.detail)
        for version in before.keys() - stay.keys():
            log.info("%s/%s is gone and no longer served", name, version)
        self.catalog.put(name, list(stay.values()), refused)

    def _read(self, paths: Iterable[Path]) -> dict[Path, Model | ModelRejected]:
        """Each folder's model or why it is refused; one whose turn did not come is new again at the next look."""
        read = self._opening.models(paths)
        for path, each in read.items():
            if isinstance(each, ModelPending):
                self._seen.pop(path, None)
        return read

    def _withdraw(self, path: Path, reason: str) -> None:
        self.catalog.withdraw(path.parent.name, path.name, reason)

    def _bar(self) -> None:
        """Names of folders that cannot be looked into, or are no names, are among the refused, and no others."""
        read = {
            "/".join(key): reason for key, reason in map(_keyed, self.catalog.refused.items()) if key in self._chosen
        }
        names = [reason for path, reason in self._barred.items() if path not in self.folders]
        self.catalog.refused = {**read, **{reason.partition(": ")[0]: reason for reason in names}}


def _keyed(item: tuple[str, str]) -> tuple[Key, str]:
    reference, reason = item
    name, _, version = reference.partition("/")
    return (name, version), reason
