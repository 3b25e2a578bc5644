"""Finished runs as JSON files, one each, so that a long evaluation can stop and go on; knows nothing of training."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from service.errors import UnrollError
from training.recipes import Recipe

# The run of all published recipes by one command: how long it took.
WHOLE = "S13"


class RunStoreError(UnrollError):
    """A stored result cannot be read."""

    code = "run_store"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: what was run (``key``), with which seed, and its numbers."""

    key: str
    seed: int
    fingerprint: str
    numbers: dict[str, Any]


def fingerprint(recipe: Recipe, count: int) -> str:
    """Digest of everything but the seed that determines a run's numbers.

    What a recipe leaves at its default is left out, so that a field added later does not make old runs strangers.
    """
    defaults = {field.name: field.default for field in fields(recipe)}
    said = {name: value for name, value in recipe.settings().items() if value != defaults[name]}
    return hashlib.sha256(json.dumps([said, count]).encode()).hexdigest()


def fingerprint_of_all(recipes: Iterable[Recipe], count: int) -> str:
    """The same for several recipes that were trained by one command."""
    together = "".join(fingerprint(recipe, count) for recipe in recipes)
    return hashlib.sha256(together.encode()).hexdigest()


def store(folder: Path, run: Run) -> None:
    """Write ``run`` whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".run-", dir=folder)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(run), file, indent=1)
        os.replace(name, _path(folder, run.key, run.seed))
    except BaseException:
        os.unlink(name)
        raise


def stored(folder: Path, key: str, seed: int, fingerprint: str) -> bool:
    """Whether that run is there, made in that very way."""
    path = _path(folder, key, seed)
    return path.is_file() and _read(path).fingerprint == fingerprint


def runs(folder: Path) -> Iterator[Run]:
    """All stored runs by key and seed."""
    yield from sorted((_read(path) for path in folder.glob("*.json")), key=lambda run: (run.key, run.seed))


def _path(folder: Path, key: str, seed: int) -> Path:
    return folder / f"{key}.{seed}.json"


def _read(path: Path) -> Run:
    try:
        return Run(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise RunStoreError(f"{path.name} is no stored run: remove it and run again") from error
