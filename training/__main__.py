"""The command line: ``python -m training list | train | example | evaluate | report | reproduce``.

Imports no TensorFlow before it trains.
"""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # While nothing is under way Ctrl-C ends the program at once, not by a traceback of whatever it was importing.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from service import DISTRIBUTION
from service.errors import UnrollError
from training import jobs, plugins
from training.arguments import folder, natural, positive, target
from training.recipes import CELLS, PUBLISHED, TASKS, Recipe, shortened
from training.series import options as own_series
from training.terminal import say, table, written

# Finished runs are kept beside the models: what RESULTS.md says is rendered from both.
MODELS, RUNS = Path("models"), Path("models/runs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 when it did its work, 1 when it failed, 2 for bad arguments, 130 after Ctrl-C."""
    console = Console(stderr=True)
    try:
        parser = _parser()
        options = parser.parse_args(arguments)
        if wrong := own_series.misused(options) if "series" in options else None:
            parser.error(wrong)
        if "task" in options and not chosen(options):
            parser.error("no model is left: the names, --task and --cell exclude one another")
        result: int = options.run(options, console)
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
    return result


def chosen(options: argparse.Namespace) -> list[Recipe]:
    """The recipes that names, ``--task`` and ``--cell`` leave, all when nothing is said."""
    return [
        recipe
        for recipe in plugins.recipes().values()
        if (not options.models or recipe.name in options.models)
        and (options.task is None or recipe.task == options.task)
        and (options.cell is None or recipe.cell == options.cell)
    ]


def _list(options: argparse.Namespace, _: Console) -> int:
    rows = []
    for recipe in chosen(options):
        layers = [f"Dense({units})" for units in recipe.before]
        layers += [f"{recipe.cell}({units})" for units in recipe.units]
        layers += [f"Dense({units})" for units in (*recipe.after, 1)]
        rows.append((recipe.name, recipe.task, recipe.cell, " ".join(layers), recipe.data))
    Console().print(table(("model", "task", "cell", "layers", "data"), rows))
    return 0


def _train(options: argparse.Namespace, console: Console) -> int:
    if options.series is not None:
        from training.series import command

        return command.run(options, console)
    from training import results, runs

    recipes = [shortened(recipe, options.steps) if options.steps else recipe for recipe in chosen(options)]
    # The longest first, so that the last one does not run alone for long.
    recipes.sort(key=_work, reverse=True)
    rest = (options.seed, options.out, options.count)
    work = [jobs.Job(recipe.name, runs.train_and_export, (recipe, *rest)) for recipe in recipes]
    began = time.perf_counter()
    jobs.run(work, options.jobs, console)
    if {recipe.name: recipe for recipe in recipes} == PUBLISHED:
        took = {"seconds": time.perf_counter() - began, "jobs": options.jobs}
        made_so = results.fingerprint_of_all(PUBLISHED.values(), options.count)
        results.store(options.out / RUNS.name, results.Run(results.WHOLE, options.seed, made_so, took))
    return 0


def _work(recipe: Recipe) -> tuple[bool, bool, int]:
    """What makes training long, roughly: much data drawn afresh, gates, and how many timesteps are read."""
    read = sum(stage.steps * stage.batch * (stage.timesteps + stage.horizon) for stage in recipe.stages)
    return not recipe.textbook, recipe.cell != "simplernn", read


def _example(options: argparse.Namespace, console: Console) -> int:
    from training.series import examples

    path = examples.write(options.dataset, options.to)
    written(console, path)
    return 0


def _evaluate(options: argparse.Namespace, console: Console) -> int:
    from training import plans

    jobs.run(
        plans.evaluation(chosen(options), options.seeds, options.models_dir, options.out, options.count),
        options.jobs,
        console,
    )
    return 0


def _reproduce(options: argparse.Namespace, console: Console) -> int:
    from training import plans, results, textbook

    jobs.run(plans.reproduction(options.seeds, options.out, options.count), options.jobs, console)
    Console().print(textbook.report(list(results.runs(options.out))), markup=False, highlight=False, soft_wrap=True)
    return 0


def _report(options: argparse.Namespace, console: Console) -> int:
    from training import report

    for path in report.write(options.models_dir, options.out, options.readme):
        written(console, path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train, score and export Unroll's models.")
    parser.add_argument("--version", action="version", version=f"unroll {version(DISTRIBUTION)}")
    commands = parser.add_subparsers(required=True, metavar="command")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("models", nargs="*", type=_model, metavar="model", help="names of models (default: all)")
    common.add_argument("--task", choices=(*TASKS, *plugins.tasks()), help="only models of this task")
    common.add_argument("--cell", choices=CELLS, help="only models of this cell")
    working = argparse.ArgumentParser(add_help=False)
    cores = jobs.cores()
    working.add_argument(
        "--jobs", type=positive, default=cores, help=f"models at a time, each on one core (default here: {cores})"
    )
    working.add_argument("--count", type=positive, default=10_000, help="test sequences a set (default: 10000)")
    stored = argparse.ArgumentParser(add_help=False)
    stored.add_argument("--out", type=target, default=str(RUNS), help="folder of stored runs (default: models/runs)")
    placed = argparse.ArgumentParser(add_help=False)
    placed.add_argument("--models-dir", type=folder, default=MODELS, help="folder of models (default: models)")

    listing = commands.add_parser("list", parents=[common], help="what there is to train")
    listing.set_defaults(run=_list)

    train = commands.add_parser("train", parents=[common, working], help="train models and write their folders")
    train.add_argument("--seed", type=natural, default=0, help="seed of weights and data (default: 0)")
    train.add_argument("--steps", type=positive, help="at most this many updates a stage, for a quick trial")
    train.add_argument(
        "--out", "--models-dir", type=target, default=str(MODELS), help="folder of models (default: models)"
    )
    own_series.add_arguments(train)
    train.set_defaults(run=_train)

    example = commands.add_parser("example", help="write a real series as CSV (needs the extra `series`)")
    example.add_argument("dataset", choices=own_series.EXAMPLES, help="a data set that statsmodels brings along")
    example.add_argument("--to", type=target, default=".", help="folder for the CSV (default: this one)")
    example.set_defaults(run=_example)

    evaluate = commands.add_parser(
        "evaluate", parents=[common, working, stored, placed], help="train with further seeds and store the scores"
    )
    evaluate.add_argument("--seeds", type=positive, default=3, help="seeds 0, 1, ...; 0 is published (default: 3)")
    evaluate.set_defaults(run=_evaluate)

    reproduce = commands.add_parser(
        "reproduce", parents=[working, stored], help="re-run the lecture's own models and labs, and print the table"
    )
    reproduce.add_argument("--seeds", type=positive, default=10, help="seeds 0, 1, ... (default: 10)")
    reproduce.set_defaults(run=_reproduce)

    report = commands.add_parser("report", help="write RESULTS.md, its plots and the READMEs' table")
    report.add_argument("--out", type=folder, default=RUNS, help="folder of stored runs (default: models/runs)")
    report.add_argument("--models-dir", type=target, default=str(MODELS), help="folder of models (default: models)")
    report.add_argument(
        "--readme",
        type=Path,
        nargs="+",
        default=[Path("README.md"), Path("README.ko.md")],
        help="files with the table (default: README.md README.ko.md)",
    )
    report.set_defaults(run=_report)
    return parser


def _model(text: str) -> str:
    if text not in plugins.recipes():
        raise argparse.ArgumentTypeError(f"no model is called {text!r}; `python -m training list` names them")
    return text


if __name__ == "__main__":
    sys.exit(main())
