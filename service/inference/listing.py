"""What lies in the folders that models come from, and which of it counts. Reads no model."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

from service.cards import CARD, MODEL_FILES
from service.folders import model_folders

# Time of change (also of who may read it), size and inode of each file; or the error of one that cannot be looked at.
Fingerprint = tuple[tuple[int, int, int] | int, ...]
Key = tuple[str, str]  # name and version


def scan(folders: Iterable[Path]) -> tuple[dict[Path, Fingerprint], dict[Path, str]]:
    """Every ``<name>/<version>`` under ``folders``, and what cannot be looked into, or is no name, with the reason."""
    found: dict[Path, Fingerprint] = {}
    barred: dict[Path, str] = {}
    for folder in folders:
        paths, refused = model_folders(folder)
        found.update({path: _fingerprint(path) for path in paths})
        barred.update(refused)
    return found, barred


def chosen_of(folders: list[Path], paths: Iterable[Path], barred: Container[Path]) -> dict[Key, Path]:
    """The folder that counts for each name and version: none where one that would count more cannot be looked into."""
    order = {folder: place for place, folder in enumerate(folders)}
    ranked = sorted(paths, key=lambda path: -order[path.parents[1]])
    return {
        (path.parent.name, path.name): path
        for path in ranked
        if not any(folder / path.parent.name in barred for folder in folders[: order[path.parents[1]]])
    }


def _fingerprint(path: Path) -> Fingerprint:
    return tuple(_file(path / name) for name in (CARD, *MODEL_FILES))


def _file(path: Path) -> tuple[int, int, int] | int:
    try:
        status = path.lstat()
    except OSError as error:
        return error.errno or 0
    return status.st_ctime_ns, status.st_size, status.st_ino
