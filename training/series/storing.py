"""Keeps what a candidate became, and what is ready of one: weights and a record, each file whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.series.merging import Weights

_RECORD = "record"


def save(path: Path, weights: Weights, record: Mapping[str, Any]) -> None:
    """Write ``weights`` and ``record``, of what JSON knows, with folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}")
    arrays: dict[str, Any] = {str(place): each for place, each in enumerate(weights)}
    arrays[_RECORD] = np.array(json.dumps(record))
    try:
        with making.open("wb") as file:
            np.savez(file, **arrays)
        making.rename(path)
    finally:
        making.unlink(missing_ok=True)


def load(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Read what :func:`save` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        weights = [stored[str(place)] for place in range(len(stored.files) - 1)]
        return weights, json.loads(str(stored[_RECORD]))


def record(path: Path) -> dict[str, Any]:
    """The record alone."""
    with np.load(path, allow_pickle=False) as stored:
        found: dict[str, Any] = json.loads(str(stored[_RECORD]))
        return found


@dataclass(frozen=True, slots=True)
class Parts:
    """What is ready of a candidate that is not whole yet, each part a file in ``folder``; kept nowhere if that is None.

    A run that was killed goes on from there, and ends with the bytes that it would have ended with.
    """

    folder: Path | None = None

    def get(self, name: str) -> tuple[Weights, dict[str, Any]] | None:
        """What :meth:`put` kept under that name, None where nothing is."""
        path = self._path(name)
        return load(path) if path is not None and path.is_file() else None

    def put(self, name: str, weights: Weights, record: Mapping[str, Any]) -> None:
        """Keep a part, in the place of what was kept under its name."""
        if (path := self._path(name)) is not None:
            save(path, weights, record)

    def remove(self) -> None:
        """Forget all, when the whole is kept."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{name}.npz"
