"""The command line: ``python -m training list | train | benchmark | example``.

Imports no TensorFlow before it trains.
"""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # While nothing is under way Ctrl-C ends the program at once, not by a traceback of whatever it was importing.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console

from service import DISTRIBUTION
from service.printable import Parser
from training import command_line, jobs
from training.arguments import natural, positive, target
from training.classic.published import TASKS
from training.classic.settings import DOCUMENT, RECORD
from training.command_line import MODELS, chosen, general, writers
from training.general.recipes import RECIPES
from training.recipes import Recipe, shortened
from training.series import options as own_series
from training.terminal import table, written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 when it did its work, 1 when it failed, 2 for bad arguments, 130 after Ctrl-C."""

    def run(console: Console) -> int:
        parser = _parser()
        options = command_line.parsed(parser, arguments)
        if wrong := own_series.misused(options) if "series" in options else None:
            parser.error(wrong)
        result: int = options.run(options, console)
        return result

    return command_line.ended(run)


def _list(options: argparse.Namespace, _: Console) -> int:
    rows = []
    for recipe in chosen(options):
        layers = [f"Dense({units})" for units in recipe.before]
        layers += [f"{recipe.cell}({units})" for units in recipe.units]
        layers += [f"Dense({units})" for units in (*recipe.after, 1)]
        rows.append((recipe.name, recipe.task, recipe.cell, " ".join(layers), recipe.data))
    rows += [(each.name, each.task, each.cell, " ".join(each.layers), each.task) for each in writers(options)]
    for each in general(options) if options.models or options.task else RECIPES.values():
        shape = each.shape
        layers = [f"Dense({shape.dense})", *[f"{each.cell}({shape.units})"] * 2, f"Dense({shape.head})"]
        rows.append((each.name, each.task, each.cell, " ".join(layers), each.task))
    Console().print(table(("model", "task", "cell", "layers", "data"), rows))
    return 0


def _train(options: argparse.Namespace, console: Console) -> int:
    if options.series is not None:
        from training.series import command

        return command.run(options, console)
    from training import work

    recipes = [shortened(recipe, options.steps) if options.steps else recipe for recipe in chosen(options)]
    # The longest first, so that the last one does not run alone for long.
    recipes.sort(key=_length, reverse=True)
    series = [recipe.shortened(options.steps) if options.steps else recipe for recipe in general(options)]
    rest = (options.seed, options.out, options.count)
    waiting = [jobs.Job(each.name, work.train_general, (each, *rest)) for each in series]
    writing = [recipe.shortened(options.steps) if options.steps else recipe for recipe in writers(options)]
    waiting += [jobs.Job(each.name, work.trained(each), (each, *rest)) for each in writing]
    waiting += [jobs.Job(each.name, work.train_and_export, (each, *rest)) for each in recipes]
    jobs.run(waiting, options.jobs, console)
    return 0


def _length(recipe: Recipe) -> tuple[bool, bool, int]:
    """What makes training long, roughly: much data drawn afresh, gates, and how many timesteps are read."""
    read = sum(stage.steps * stage.batch * (stage.timesteps + stage.horizon) for stage in recipe.stages)
    return recipe.family != "textbook", recipe.cell != "simplernn", read


def _example(options: argparse.Namespace, console: Console) -> int:
    from training.series import examples

    path = examples.write(options.dataset, options.to)
    written(console, path)
    return 0


def _benchmark(options: argparse.Namespace, console: Console) -> int:
    from training.classic import command

    return command.run(options, console)


def _parser() -> Parser:
    parser = Parser(prog="python -m training", description="Train, score and export Unroll's models.")
    parser.add_argument("--version", action="version", version=f"unroll {version(DISTRIBUTION)}")
    commands = parser.add_subparsers(required=True, metavar="command")
    choice = command_line.choice()

    listing = commands.add_parser("list", parents=[choice], help="what there is to train")
    listing.set_defaults(run=_list)

    train = commands.add_parser(
        "train",
        parents=[choice, command_line.working(), command_line.spread()],
        help="train models and write their folders",
    )
    train.add_argument("--seed", type=natural, default=0, help="seed of weights and data (default: 0)")
    train.add_argument("--steps", type=positive, help="at most this many updates a stage, for a quick trial")
    train.add_argument(
        "--out", "--models-dir", type=target, default=str(MODELS), help="folder of models (default: models)"
    )
    own_series.add_arguments(train)
    train.set_defaults(run=_train)

    benchmark = commands.add_parser("benchmark", help="run a published task of memory or arithmetic beside its figures")
    benchmark.add_argument("benchmark", choices=list(TASKS), help="which one")
    benchmark.add_argument("--only", help="of its rows only those with this in their name")
    benchmark.add_argument("--seeds", type=positive, default=3, help="runs of each setting (default: 3)")
    benchmark.add_argument("--jobs", type=positive, default=1, help="runs at a time, each on one core (default: 1)")
    benchmark.add_argument("--record", default=str(RECORD), help="runs that are done, one a line")
    benchmark.add_argument("--document", default=str(DOCUMENT), help="where the table stands")
    benchmark.set_defaults(run=_benchmark)

    example = commands.add_parser("example", help="write a real series as CSV (needs the extra `series`)")
    example.add_argument("dataset", choices=own_series.EXAMPLES, help="a data set that statsmodels brings along")
    example.add_argument("--to", type=target, default=".", help="folder for the CSV (default: this one)")
    example.set_defaults(run=_example)
    return parser


if __name__ == "__main__":
    sys.exit(main())
