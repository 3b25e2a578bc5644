"""``python -m benchmarks.accuracy anomalies --data DIR``: runs the exam on series that its user has, and prints it."""

from __future__ import annotations

import argparse

from rich.console import Console

from benchmarks.accuracy.anomalies import labelled
from benchmarks.accuracy.anomalies.detectors import detectors
from benchmarks.accuracy.anomalies.exam import examined, table
from service.inference.engine import Engine
from service.inference.repository import Repository
from training.arguments import folder
from training.command_line import MODELS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The subcommand."""
    parser = commands.add_parser("anomalies", help="find the windows of labelled series, beside simple rules")
    parser.add_argument(
        "--data", type=folder, required=True, help="a folder with the data and labels of Numenta's benchmark"
    )
    parser.add_argument("--only", help="beginning of the names of series, as realKnownCause (default: all)")
    parser.add_argument("--models-dir", type=folder, default=MODELS, help="folder of models (default: models)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, _: Console) -> int:
    """Judge and print; raises DataError for a folder that holds something else."""
    sets = list(labelled.read(options.data, options.only))
    found = examined(sets, detectors(Engine(Repository(options.models_dir).catalog)))
    windows = sum(len(each.windows) for each in sets)
    told = f"{len(sets)} series, {sum(len(each.values) for each in sets)} values, {windows} windows"
    Console().print(f"{told}\n\n{table(found)}", markup=False, highlight=False, soft_wrap=True)
    return 0
