"""What one worker process does for the command line: whole pieces of work, from a recipe to files.

Imports TensorFlow inside the functions only, since the parent process names them and never runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from training.recipes import Recipe

if TYPE_CHECKING:
    from training.trainer import Progress


def train_and_export(recipe: Recipe, seed: int, out: Path, count: int, report: Callable[[Progress], None]) -> None:
    """Train ``recipe`` and write its folder below ``out``, scored on ``count`` sequences a test set."""
    from training import export, trainer

    export.export(recipe, seed, trainer.train(recipe, seed, report), out, count)
