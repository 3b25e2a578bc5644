"""Keeps what a candidate became: weights and a record of how, in one file that is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
