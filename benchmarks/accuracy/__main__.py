"""``python -m benchmarks.accuracy train | evaluate | reproduce | forecasting | competition | anomalies | report``.

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
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.anomalies import command as anomalies
from benchmarks.accuracy.forecasting import command as forecasting
from training import command_line, jobs
from training.__main__ import main as training
from training.arguments import folder, natural, positive, target
from training.command_line import MODELS, chosen
from training.registry import PUBLISHED
from training.terminal import written

# Finished runs are kept beside the models: what RESULTS.md says is rendered from both.
RUNS = Path("models/runs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 when it did its work, 1 when it failed, 2 for bad arguments, 130 after Ctrl-C."""

    def run(console: Console) -> int:
        options = command_line.parsed(_parser(), arguments)
        result: int = options.run(options, console)
        return result

    return command_line.ended(run)


def _train(options: argparse.Namespace, _: Console) -> int:
    from benchmarks.accuracy import run_store

    work = {"--jobs": options.jobs, "--count": options.count, "--seed": options.seed, "--out": options.models_dir}
    began = time.perf_counter()
    status = training(["train", *PUBLISHED, *(str(each) for pair in work.items() for each in pair)])
    if status == 0:
        took = {"seconds": time.perf_counter() - began, "jobs": options.jobs}
        made_so = run_store.fingerprint_of_all(PUBLISHED.values(), options.count)
        run_store.store(options.out, run_store.Run(run_store.WHOLE, options.seed, made_so, took))
    return status


def _evaluate(options: argparse.Namespace, console: Console) -> int:
    from benchmarks.accuracy import plans

    jobs.run(
        plans.evaluation(chosen(options), options.seeds, options.models_dir, options.out, options.count),
        options.jobs,
        console,
    )
    return 0


def _reproduce(options: argparse.Namespace, console: Console) -> int:
    from benchmarks.accuracy import lecture, plans, run_store

    jobs.run(plans.reproduction(options.seeds, options.out, options.count), options.jobs, console)
    Console().print(lecture.report(list(run_store.runs(options.out))), markup=False, highlight=False, soft_wrap=True)
    return 0


def _report(options: argparse.Namespace, console: Console) -> int:
    from benchmarks.accuracy import report
    from benchmarks.accuracy.forecasting import report as forecasts

    files = report.write(options.models_dir, options.out, options.readme)
    for path in [*files, *forecasts.write(options.document, forecasts.kept())]:
        written(console, path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description="Hold the published models against their targets."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    working = command_line.working()
    stored = argparse.ArgumentParser(add_help=False)
    stored.add_argument("--out", type=target, default=str(RUNS), help="folder of stored runs (default: models/runs)")
    placed = argparse.ArgumentParser(add_help=False)
    placed.add_argument("--models-dir", type=folder, default=MODELS, help="folder of models (default: models)")

    train = commands.add_parser(
        "train", parents=[working, stored], help="train all published models, and store how long that took"
    )
    train.add_argument("--models-dir", type=target, default=str(MODELS), help="folder of models (default: models)")
    train.add_argument("--seed", type=natural, default=0, help="seed of weights and data (default: 0)")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser(
        "evaluate",
        parents=[command_line.choice(), working, command_line.spread(), stored, placed],
        help="train with further seeds and store the scores",
    )
    evaluate.add_argument("--seeds", type=positive, default=3, help="seeds 0, 1, ...; 0 is published (default: 3)")
    evaluate.set_defaults(run=_evaluate)

    reproduce = commands.add_parser(
        "reproduce",
        parents=[working, command_line.spread(), stored],
        help="re-run the lecture's own models and labs, and print the table",
    )
    reproduce.add_argument("--seeds", type=positive, default=10, help="seeds 0, 1, ... (default: 10)")
    reproduce.set_defaults(run=_reproduce)

    forecasting.add(commands)
    forecasting.add_competition(commands)
    anomalies.add(commands)

    report = commands.add_parser(
        "report", help="write RESULTS.md, docs/accuracy.md, their plots and the READMEs' table"
    )
    report.add_argument("--out", type=folder, default=RUNS, help="folder of stored runs (default: models/runs)")
    report.add_argument("--models-dir", type=target, default=str(MODELS), help="folder of models (default: models)")
    report.add_argument(
        "--readme",
        type=Path,
        nargs="+",
        default=[Path("README.md"), Path("README.ko.md")],
        help="files with the table (default: README.md README.ko.md)",
    )
    report.add_argument("--document", type=Path, default=Path("docs/accuracy.md"), help="default: docs/accuracy.md")
    report.set_defaults(run=_report)
    return parser


if __name__ == "__main__":
    sys.exit(main())
