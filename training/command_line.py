"""What command lines that train share: which models, how many at a time, and how an error or Ctrl-C ends.

Imports no TensorFlow.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from service.cores import cores
from service.errors import UnrollError, to_install
from service.printable import Parser
from training import registry
from training.arguments import positive
from training.drawing import recipes as drawing
from training.drawing.recipes import DrawingRecipe
from training.general.recipes import RECIPES, TASK, SeriesRecipe
from training.jobs import Cluster, Workers
from training.recipes import CELLS, Recipe
from training.tasks.drawing import NAME
from training.terminal import say
from training.text import recipes as writing
from training.text.recipes import WritingRecipe

MODELS = Path("models")


def ended(run: Callable[[Console], int]) -> int:
    """The exit status of ``run``: its own when it did its work, 1 when it failed, 130 after Ctrl-C."""
    console = Console(stderr=True)
    try:
        return run(console)
    except KeyboardInterrupt:
        say(console, "stopped:", "yellow", "nothing half-written is left")
        return 130
    except UnrollError as error:
        say(console, f"{error.code}:", "red", error.detail)
        return 1
    except OSError as error:
        # A disk that is full, a folder that somebody else's rights protect: the file and the reason are all there is.
        place = "" if error.filename is None else f"{error.filename}: "
        say(console, "failed:", "red", f"{place}{error.strerror or error}")
        return 1


def parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; ends the program in words where they leave no model."""
    options = parser.parse_args(arguments)
    if "jobs" in options:
        options.jobs = _workers(parser, options)
    if "task" in options and not (chosen(options) or general(options) or writers(options)):
        parser.error("no model is left: the names, --task and --cell exclude one another")
    return options


def choice() -> Parser:
    """The options that choose models; :func:`chosen` reads them."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "models", nargs="*", type=_model, metavar="model", help="names of models (default: all but the series models)"
    )
    parser.add_argument(
        "--task", choices=[*registry.task_names(), *writing.TASKS, NAME, TASK], help="only models of this task"
    )
    parser.add_argument("--cell", choices=CELLS, help="only models of this cell")
    return parser


def chosen(options: argparse.Namespace) -> list[Recipe]:
    """The recipes that names, ``--task`` and ``--cell`` leave, all when nothing is said."""
    return [
        recipe
        for recipe in registry.recipes().values()
        if (not options.models or recipe.name in options.models)
        and (options.task is None or recipe.task == options.task)
        and (options.cell is None or recipe.cell == options.cell)
    ]


def general(options: argparse.Namespace) -> list[SeriesRecipe]:
    """The recipes of general series models that are named, or all of their task: each takes an hour or so."""
    return [
        recipe
        for recipe in RECIPES.values()
        if (recipe.name in options.models or (options.task == TASK and not options.models))
        and options.task in (None, TASK)
        and options.cell in (None, recipe.cell)
    ]


def writers(options: argparse.Namespace) -> list[WritingRecipe | DrawingRecipe]:
    """The recipes of models that write or draw, as :func:`chosen`."""
    recipes: list[WritingRecipe | DrawingRecipe] = [*writing.RECIPES.values(), *drawing.RECIPES.values()]
    return [
        recipe
        for recipe in recipes
        if (not options.models or recipe.name in options.models)
        and options.task in (None, recipe.task)
        and options.cell in (None, recipe.cell)
    ]


def working() -> Parser:
    """The options of whatever trains: models at a time, and test sequences."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--jobs", type=positive, help=f"models at a time, each on one core (default here: {cores()}; on Ray: all cores)"
    )
    parser.add_argument("--count", type=positive, default=10_000, help="test sequences a set (default: 10000)")
    return parser


def spread() -> Parser:
    """The options of what may be spread over several machines."""
    parser = Parser(add_help=False)
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="this machine's cores, or Ray's")
    parser.add_argument("--address", help="the Ray cluster; without it one is begun on this machine")
    return parser


def _workers(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Workers:
    """Who does the work that the options speak of."""
    if "engine" not in options or options.engine == "local":
        if getattr(options, "address", None) is not None:
            parser.error("--address names a Ray cluster: say --engine ray as well")
        return options.jobs or cores()
    if importlib.util.find_spec("ray") is None:
        parser.error(f"ray is not installed: {to_install('ray')}")
    return Cluster(options.address, options.jobs)


def _model(text: str) -> str:
    if text not in {**registry.recipes(), **RECIPES, **writing.RECIPES, **drawing.RECIPES}:
        raise argparse.ArgumentTypeError(f"no model is called {text!r}; `python -m training list` names them")
    return text
