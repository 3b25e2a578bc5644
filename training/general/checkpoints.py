"""Writes and reads the state of an unfinished training: one file, replaced whole."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from service.errors import UnrollError
from training.general.recipes import SeriesRecipe

_VARIABLE = "variable_"
# Updates made, seconds taken, and the mean loss over each pool.
State = tuple[int, float, list[float]]


class CheckpointError(UnrollError):
    """A file that training cannot go on from."""

    code = "checkpoint"


def save(path: Path, recipe: SeriesRecipe, seed: int, variables: Sequence[Any], state: State) -> None:
    """Write everything that is needed to go on."""
    arrays: dict[str, Any] = {_name(place): ops.convert_to_numpy(each) for place, each in enumerate(variables)}
    staged = path.with_name(f"{path.name}.new.npz")
    np.savez(staged, origin=_origin(recipe, seed), state=json.dumps(state), **arrays)
    os.replace(staged, path)


def load(path: Path, recipe: SeriesRecipe, seed: int, variables: Sequence[Any]) -> State:
    """Bring ``variables`` to where ``path`` left them; those of a finished run are its weights, the first ones.

    Raises:
        CheckpointError: the file is no checkpoint, or one of another recipe or seed.
    """
    try:
        with np.load(path) as saved:
            if str(saved["origin"]) != _origin(recipe, seed):
                raise CheckpointError(f"{path} is of another recipe or seed: remove it, or go on with that one")
            updates, seconds, losses = json.loads(str(saved["state"]))
            ended = updates == recipe.plan.updates
            saved_variables = [each for each in saved.files if each.startswith(_VARIABLE)]
            for place, variable in enumerate(variables[: len(saved_variables)] if ended else variables):
                variable.assign(saved[_name(place)])
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise CheckpointError(f"{path} is no checkpoint: {error}") from error
    return updates, seconds, losses


def _origin(recipe: SeriesRecipe, seed: int) -> str:
    return json.dumps({**asdict(recipe), "seed": seed}, sort_keys=True)


def _name(place: int) -> str:
    return f"{_VARIABLE}{place}"
