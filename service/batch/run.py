"""A run from the input's plan to the summary; says on the terminal how it goes. Puts the room together."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import pyarrow as pa

from service import DISTRIBUTION
from service.batch import csv_files, files, output, parquet_files, planning, processes, progress
from service.batch.covariates import columns_of
from service.batch.job import Columns, CovariateColumns, Job, Part, Question, Source
from service.batch.scoring import served
from service.cores import cores
from service.errors import BatchStopped, SettingsError
from service.printable import printable
from service.settings import Settings

_INTERRUPTED = 130
_FORMAT = 1  # of plan.json
_REASON = 300


def run(options: Namespace) -> None:
    """Do what the options of :func:`service.batch.command.batch` ask for; raises as that does."""
    try:
        _run(options)
    except (OSError, pa.ArrowException) as error:
        raise BatchStopped(printable(str(error), _REASON)) from error


def _run(options: Namespace) -> None:
    question = Question(
        horizon=options.horizon,
        model=options.model,
        version=options.version,
        levels=options.levels,
        season=options.season,
    )
    own = (options.models_dir or Path("models")).absolute()
    folder = str(own) if options.models_dir is not None or own.is_dir() else None
    engine, models = served(folder, Settings().published_models, question)
    beside = None
    if question.model is not None:
        beside = columns_of(engine.catalog.get(question.model, question.version), question.horizon, options.time)
    source = _source(options, beside)
    job = Job(
        source=source, question=question, models=models, out=_whole(options.output), version=installed(DISTRIBUTION)
    )
    of_kind = csv_files if source.csv else parquet_files
    parts, series = planning.parts_of(of_kind.runs(source), question.horizon)
    digests = [of_kind.digest(each) for each in source.files]
    with files.held(job.out):
        _agree(job, digests, series)
        _answer(job, parts, series, _engine(options))
    found = progress.summary(job.out, len(parts))
    files.write_whole(f"{job.out}/{output.SUMMARY}", lambda stream: stream.write(_json(found)))
    print(progress.in_words(found))


def _answer(job: Job, parts: list[Part], series: int, engine: Callable[[Job, list[Part]], Any]) -> None:
    """Do those parts that no earlier run has done."""
    _remove_unfinished(job)
    finished = output.finished(job.out)
    before = sum(output.done(job.out, part).series for part in parts if part.number in finished)
    if before:
        print(f"{before:,} of {series:,} series are done already", file=sys.stderr)
    told = progress.Progress(series, before)
    with _interrupts(), closing(engine(job, [part for part in parts if part.number not in finished])) as answered:
        try:
            for each in answered:
                told.add(each)
        except KeyboardInterrupt:
            told.close()
            print("interrupted: the same command goes on from here", file=sys.stderr)
            sys.exit(_INTERRUPTED)
    told.close()
    _remove_unfinished(job)  # of workers that died meanwhile, and whose parts others did


def _remove_unfinished(job: Job) -> None:
    for each in (output.FORECASTS, output.SERIES):
        files.remove_unfinished(f"{job.out}/{each}")


def _source(options: Namespace, beside: CovariateColumns | None) -> Source:
    """The files of the input, all alike."""
    columns = Columns(id=options.id, time=options.time, value=options.value, covariates=beside)
    found = files.listed(_whole(options.input))
    if files.is_csv(found[0]):
        for each in found:
            csv_files.require(each, columns)
        return Source(files=found, columns=columns, form="long", csv=True)
    forms = {parquet_files.form_of(each, columns): each for each in found}
    if len(forms) > 1:
        one, other, *_ = map(files.name, forms.values())
        raise SettingsError(f"{one} and {other} hold ids of different types, or values in different forms")
    ((form, _),) = forms
    return Source(files=found, columns=columns, form=form, csv=False)


def _whole(place: str) -> str:
    """A path from the root of the file system, for workers who may be elsewhere in it; a URI as it is."""
    return place if "://" in place else str(Path(place).absolute())


def _engine(options: Namespace) -> Callable[[Job, list[Part]], Any]:
    if options.engine == "ray":
        from service.batch import on_ray  # an extra

        return partial(on_ray.run, workers=options.workers, address=options.address)
    return partial(processes.run, workers=options.workers or cores())


def _agree(job: Job, digests: list[str], series: int) -> None:
    """Write down what the run is about, or see that it is the same as that of the parts that are there.

    Raises:
        SettingsError: there are those of another run.
    """
    plan = {
        "format": _FORMAT,
        "unroll": job.version,
        "models": job.models.digests,
        "question": job.question.model_dump(mode="json"),
        "columns": job.source.columns.model_dump(mode="json"),
        "input": hashlib.sha256("".join(digests).encode()).hexdigest(),
        "series": series,
    }
    place = f"{job.out}/{output.PLAN}"
    there = files.read_whole(place)
    if there is None:
        if output.finished(job.out):
            raise SettingsError(f"{files.shown(job.out)} holds parts and no {output.PLAN}: name an empty folder")
        files.write_whole(place, lambda stream: stream.write(_json(plan)))
        return
    before = json.loads(there)
    if other := [each for each in plan if before.get(each) != plan[each]]:
        raise SettingsError(
            f"{files.shown(job.out)} holds a run with other {', '.join(other)}: name another folder, or delete it"
        )


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"


@contextmanager
def _interrupts() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise KeyboardInterrupt, so that the workers end too."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
