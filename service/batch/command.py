"""``python -m service batch``: its arguments. Knows no pyarrow, which is an extra."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from service.errors import SettingsError, to_install
from service.levels import LEVELS
from service.printable import Parser
from service.settings import Settings

_LONGEST_HORIZON, _MOST_LEVELS, _MOST_WORKERS = 1000, 20, 1024


def batch(arguments: list[str]) -> None:
    """Forecast every series of a file or folder into Parquet files; goes on where it was stopped.

    Raises:
        SettingsError: something asked for is not installed or not there, or the input cannot be used.
        UnknownModel, ModelUnavailable: the model is not served.
        BatchStopped: a part cannot be read or written.
        SystemExit: it was interrupted.
    """
    options = _parser().parse_args(arguments)
    _require("pyarrow", "batch")
    if options.engine == "ray":
        _require("ray", "ray")
    elif options.address is not None:
        raise SettingsError("--address names a Ray cluster: say --engine ray as well")
    if options.version is not None and options.model is None:
        raise SettingsError("--version is that of a model: say --model as well")
    from service.batch.run import run  # only now: it needs the extra

    run(options)


def _require(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise SettingsError(f"{module} is not installed: {to_install(extra)}")


def _parser() -> Parser:
    parser = Parser(
        prog="python -m service batch",
        description="Forecast every series of a file or folder of Parquet or CSV into Parquet files: forecasts, with a "
        "row for each id and step, and series, with the model, the check and the warnings of each id. The same command "
        "goes on where it was stopped.",
    )
    add = parser.add_argument
    add("input", help="a file or folder, by its path or its URI")
    add("--output", required=True, help="the folder for what comes out, by its path or its URI")
    add("--horizon", type=_whole(1, _LONGEST_HORIZON), required=True, help="steps ahead, 1 to 1000")
    add("--id", help="the column that tells series apart; where each row is a series it may be left out")
    add("--time", help="the column of times; without it the rows of each series are in order")
    add("--value", default="value", help="the column of values, numbers or lists of numbers (default: value)")
    add("--model", help="who answers, by default who has done best; covariates are columns by their names")
    add("--version", help="the version of that model (default: the highest)")
    add("--levels", type=_levels, default=LEVELS, help="of intervals, in percent (default: 80,90,95); 0 for none")
    add("--season", type=_season, default=(), help="one or two, as 12 or 24,168; by default found in each series")
    add("--engine", choices=("local", "ray"), default="local", help="this machine's cores, or a Ray cluster's")
    add("--address", help="the Ray cluster; without it one is begun on this machine")
    add("--workers", type=_whole(1, _MOST_WORKERS), help="processes (default: one a core)")
    add("--models-dir", type=Path, default=Settings().models_dir, help="a folder of own models, as the service's")
    return parser


def _whole(least: int, most: int):  # type: ignore[no-untyped-def]  # argparse's own kind of function
    def whole(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError
        return number

    whole.__name__ = f"whole number from {least} to {most}"
    return whole


def _levels(text: str) -> tuple[float, ...]:
    """What argparse calls levels."""
    levels = tuple(sorted({float(each) for each in text.split(",")} - {0.0}))
    if not all(0.0 < each < 100.0 for each in levels) or len(levels) > _MOST_LEVELS:
        raise ValueError
    return levels


def _season(text: str) -> tuple[int, ...]:
    steps = tuple(int(each) for each in text.split(","))
    if not 1 <= len(steps) <= 2 or min(steps) < 1:
        raise ValueError
    return steps


_levels.__name__ = "list of levels between 0 and 100"
_season.__name__ = "season or two"
