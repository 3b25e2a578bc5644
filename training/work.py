"""What a worker process does for ``train``: from a recipe to a model folder.

Imports TensorFlow inside the function only, since the parent process names it and never runs it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.drawing.recipes import DrawingRecipe
from training.general.recipes import SeriesRecipe
from training.progress import Report
from training.recipes import Recipe
from training.text.recipes import WritingRecipe


def train_and_export(recipe: Recipe, seed: int, out: Path, count: int, report: Report) -> None:
    """Train ``recipe`` and write its folder below ``out``, scored on ``count`` sequences a test set."""
    from training import export, trainer

    export.export(recipe, seed, trainer.train(recipe, seed, report), out, count)


def train_general(recipe: SeriesRecipe, seed: int, out: Path, count: int, report: Report) -> None:
    """Train a general series model and write its folder below ``out``, going on from where an earlier run stopped.

    Until it is done its state lies in ``out`` as ``.<name>-<seed>.npz``.
    """
    from training.general import export, fitting

    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / f".{recipe.name}-{seed}.npz"
    export.export(recipe, seed, fitting.fit(recipe, seed, checkpoint, report), out, count)
    checkpoint.unlink()


def trained(recipe: WritingRecipe | DrawingRecipe) -> Callable[..., None]:
    """Which of the two below trains ``recipe``."""
    return train_drawing if isinstance(recipe, DrawingRecipe) else train_writing


def train_drawing(recipe: DrawingRecipe, seed: int, out: Path, count: int, report: Report) -> None:
    """Train a model that draws and write its folder below ``out``."""
    from training.drawing import export, fitting

    export.export(recipe, seed, fitting.fit(recipe, seed, report), out, count)


def train_writing(recipe: WritingRecipe, seed: int, out: Path, count: int, report: Report) -> None:
    """Train a model that writes and write its folder below ``out``."""
    from training.text import export, fitting

    export.export(recipe, seed, fitting.fit(recipe, seed, report), out, count)
