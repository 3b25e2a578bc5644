"""The options of ``python -m training train --series FILE``; reads no file and imports nothing heavy."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from training.arguments import target
from training.general.recipes import TASK as SERIES
from training.registry import PUBLISHED
from training.series.panel import Wanted
from training.series.splits import HOLDOUT

RUNS = Path("runs/series")
EXAMPLES = ("sunspots", "co2", "elnino", "nile", "investment")
# The inputs of service.inference.readings.covariates.calendar, which this file does not import.
CALENDAR = ("hour", "weekday", "month", "day-of-year")
_COVARIATES = ("known", "past", "static", "category", "calendar", "country")
_MOST_HORIZON, _MOST_SEASON, _MOST_HOLDOUT = 1_000, 10_000, 0.4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a user's own series."""
    own = parser.add_argument_group("your own series", "instead of models' names: train on the numbers of a file")
    own.add_argument(
        "--series",
        nargs="+",
        metavar="FILE",
        help="CSV or Parquet, packed or not; several or 'part-*' are one table",
    )
    own.add_argument("--column", action="append", metavar="NAME", help="column of values; again for several series")
    own.add_argument("--name", type=_name, help="name of the series, and so of its models: NAME-gru and so on")
    own.add_argument("--id-column", metavar="NAME", help="column that tells several series apart")
    own.add_argument("--time-column", metavar="NAME", help="column of times or dates: for order and gaps")
    own.add_argument("--known", action="append", metavar="NAME", help="covariate that is known ahead; again for more")
    own.add_argument("--past", action="append", metavar="NAME", help="covariate that is known up to now")
    own.add_argument("--static", action="append", metavar="NAME", help="covariate that is the same for all of a series")
    own.add_argument("--category", action="append", metavar="NAME", help="covariate whose numbers are names")
    own.add_argument("--calendar", nargs="+", choices=CALENDAR, help="covariates that are read from the times")
    own.add_argument("--country", metavar="CODE", help="whose holidays are a covariate, such as KR")
    own.add_argument(
        "--horizon", type=_horizon, help="steps ahead that are judged (default: 12, fewer for short series)"
    )
    own.add_argument(
        "--season", type=_season, help="steps of a season, 1 for none (default: what the time column suggests)"
    )
    own.add_argument("--holdout", type=_holdout, default=HOLDOUT, help="last share that judges (default: 0.2)")
    own.add_argument(
        "--runs", type=target, default=RUNS, help="folder of finished work and reports (default: runs/series)"
    )


def misused(options: argparse.Namespace) -> str | None:
    """What is wrong with the options taken together, in words."""
    own = ("column", "name", "id_column", "time_column", "horizon", "season", *_COVARIATES)
    if options.series is None:
        given = [name for name in own if getattr(options, name) is not None]
        return f"--{given[0].replace('_', '-')} needs --series FILE" if given else None
    if options.models or options.task:
        return "--series trains on a file: name no models and no --task"
    if not (options.column and options.name):
        return "--series needs --column and --name"
    beside = wanted_of(options)
    named = (*beside.columns, *(each for each in (options.id_column, options.time_column) if each))
    meant = [*dict.fromkeys(options.column), *named]
    if len(set(meant)) < len(meant):
        return "--column, --id-column, --time-column, --known, --past and --static must name different columns"
    if strange := [each for each in beside.category if each not in beside.columns]:
        return f"--category {strange[0]}: name it with --known, --past or --static as well"
    if (beside.calendar or beside.country) and options.time_column is None:
        return "--calendar and --country need --time-column"
    try:
        target(str(options.runs))  # of a default argparse does not ask
    except argparse.ArgumentTypeError as error:
        return f"argument --runs: {error}"
    return None


def wanted_of(options: argparse.Namespace) -> Wanted:
    """The covariates that are asked for."""
    known, past, static, category, calendar = (
        tuple(dict.fromkeys(getattr(options, each) or ())) for each in _COVARIATES[:-1]
    )
    return Wanted(known, past, static, category, calendar, options.country)


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: small letters, digits and hyphens are expected")
    if text.startswith("textbook") or text in {SERIES, *(recipe.task for recipe in PUBLISHED.values())}:
        raise argparse.ArgumentTypeError(f"{text!r} is the name of a task that is published")
    return text


def _horizon(text: str) -> int:
    return _whole(text, 1, _MOST_HORIZON)


def _season(text: str) -> int:
    return _whole(text, 1, _MOST_SEASON)


def _whole(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)


def _holdout(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.05 <= share <= _MOST_HOLDOUT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0.05 to {_MOST_HOLDOUT}, such as 0.2")
    return share
