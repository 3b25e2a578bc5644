"""Every task by name: the published, and those of other packages in the entry point group ``unroll.tasks``.

Trains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from service.errors import UnrollError
from training.recipes import CELLS, Recipe
from training.tasks.lecture import Comparison, MemoryLab, SineLab, Slide
from training.tasks.linear import Linear
from training.tasks.memory import Memory
from training.tasks.sine import Sine
from training.tasks.task import Task

GROUP = "unroll.tasks"
_OWN: tuple[Task, ...] = (Linear(), Sine(), Memory(), Slide(), Comparison(), SineLab(), MemoryLab())
# The tuned models first, and all of one cell before the next.
PUBLISHED: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in sorted(
        (recipe for task in _OWN for recipe in task.recipes()),
        key=lambda recipe: (recipe.family == "textbook", CELLS.index(recipe.cell)),
    )
}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


class PluginError(UnrollError):
    """A package's entry point does not lead to a task that can be used."""

    code = "plugin"


@cache
def tasks() -> Mapping[str, Task]:
    """All tasks by name.

    Raises:
        PluginError: an entry point cannot be imported, is no Task, or its name is bad or taken.
    """
    found = {task.name: task for task in _OWN}
    for point in entry_points(group=GROUP):
        task = _loaded(point)
        if task.name in found:
            raise PluginError(f"two tasks are called {task.name}; rename that of {point.value}")
        found[task.name] = task
    return found


def recipes() -> dict[str, Recipe]:
    """The published models and those of installed tasks, by name."""
    every = [recipe for task in tasks().values() for recipe in task.recipes()]
    return {**PUBLISHED, **{recipe.name: recipe for recipe in every}}


def task_of(recipe: Recipe) -> Task:
    """The task that draws what ``recipe`` is trained on."""
    return tasks()[recipe.data]


def task_names() -> list[str]:
    """What cards call the tasks: some have models by several recipes' data."""
    return list(dict.fromkeys(recipe.task for recipe in recipes().values()))


def _loaded(point: EntryPoint) -> Task:
    try:
        kind = point.load()
    except Exception as error:  # whatever a package of somebody else's does when it is imported
        raise PluginError(f"the task {point.name} ({point.value}) cannot be imported: {error!r}") from error
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        raise PluginError(f"{point.value} is no subclass of training.tasks.task.Task")
    missing = [name for name in ("name", "description") if not isinstance(getattr(kind, name, None), str)]
    if missing:
        raise PluginError(f"{point.value} lacks {' and '.join(missing)}")
    if kind.name != point.name or not _NAME.fullmatch(kind.name):
        raise PluginError(
            f"{point.value} is called {kind.name!r} and its entry point {point.name!r}: both must be one "
            "name of small letters, digits and hyphens"
        )
    try:
        return kind()
    except TypeError as error:
        raise PluginError(f"{point.value} cannot be made without arguments: {error}") from error
