"""Recipes that are trained for a comparison only, beside the published ones; knows no library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

from service.cards import Cell
from training.recipes import CELLS, Recipe
from training.registry import PUBLISHED
from training.tasks import memory

# The lecture's tasks, which the targets are about.
Task = Literal["linear", "sine", "memory"]
TASKS: tuple[Task, ...] = get_args(Task)


def _equal(cell: Cell, units: int) -> Recipe:
    name = f"textbook-memory-{cell}"
    return replace(PUBLISHED[name], name=f"{name}-{units}", units=(units,))


# LAB 10-2 at equal parameters, about the 531 of LSTM(10); equal units are the textbook models themselves.
EQUAL_PARAMETERS: Mapping[Cell, Recipe] = {
    "simplernn": _equal("simplernn", 21),
    "lstm": PUBLISHED["textbook-memory-lstm"],
    "gru": _equal("gru", 11),
}


def _short(recipe: Recipe) -> Recipe:
    stages = tuple(replace(stage, timesteps=min(stage.timesteps, memory.LAB_LENGTH)) for stage in recipe.stages)
    return replace(recipe, name=f"{recipe.name}-short", stages=stages)


# Trained on at most 30 pairs, scored like the published models.
SHORT_MEMORY: Mapping[Cell, Recipe] = {cell: _short(PUBLISHED[f"memory-{cell}"]) for cell in CELLS}
