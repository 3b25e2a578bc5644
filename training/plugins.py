"""Tasks that other packages bring along through the entry point group ``unroll.tasks``; trains nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from service.errors import UnrollError
from training.recipes import PUBLISHED, TASKS, Recipe
from training.tasks.task import Task

GROUP = "unroll.tasks"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


class PluginError(UnrollError):
    """A package's entry point does not lead to a task that can be used."""

    code = "plugin"


@cache
def tasks() -> Mapping[str, Task]:
    """All installed tasks by name.

    Raises:
        PluginError: an entry point cannot be imported, is no Task, or its name is bad or taken.
    """
    found: dict[str, Task] = {}
    for point in entry_points(group=GROUP):
        task = _loaded(point)
        if task.name in found or task.name in TASKS:
            raise PluginError(f"two tasks are called {task.name}; rename that of {point.value}")
        found[task.name] = task
    return found


def recipes() -> dict[str, Recipe]:
    """The published models and those of installed tasks, by name."""
    own = [recipe for task in tasks().values() for recipe in task.recipes()]
    return {**PUBLISHED, **{recipe.name: recipe for recipe in own}}


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
