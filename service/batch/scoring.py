"""Answers a part: reads its series, asks the engine, writes both tables. One of these works in each worker process."""

from __future__ import annotations

import hashlib
import logging
from importlib.metadata import version as installed
from pathlib import Path

import pyarrow as pa

from service import DISTRIBUTION
from service.batch import csv_files, output, parquet_files
from service.batch.job import Done, Job, Models, Part, Question
from service.batch.output import Output
from service.batch.series import Asked
from service.covariates import Beside
from service.errors import ModelUnavailable, SettingsError, UnknownModel, UnrollError
from service.folders import read_card
from service.inference.answers import Forecast
from service.inference.engine import Engine
from service.inference.repository import Repository
from service.inference.sequences import Sequence
from service.printable import printable
from service.settings import Settings

log = logging.getLogger(__name__)

# Answers that are Python's own numbers at once, of all levels: bounds memory.
_MOST_NUMBERS = 2**20
_REASON = 300


def served(folder: str | None, published: bool, question: Question) -> tuple[Engine, Models]:
    """The engine over the models of a folder and the published ones, and who of them may answer.

    Raises:
        UnknownModel, ModelUnavailable: the model that is asked for is not served.
        SettingsError: it continues no series.
    """
    where = Settings(models_dir=None if folder is None else Path(folder), published_models=published).models_folders
    repository = Repository(*where)
    repository.try_others()
    catalog = repository.catalog
    if question.model is not None:
        able = [catalog.get(question.model, question.version)]
        if not able[0].reading.forecasts:
            raise SettingsError(f"{able[0].card.name} answers a question about its sequence and cannot continue it")
    else:
        able = [*catalog.candidates.always, *catalog.candidates.own]
    digests = {}
    for each in able:
        path = next(path for each_folder in where if (path := each_folder / each.reference).is_dir())
        digests[each.reference] = hashlib.sha256(read_card(path)).hexdigest()
    return Engine(catalog), Models(folder=folder, published=published, digests=digests)


class Scorer:
    """Answers parts of one job."""

    def __init__(self, job: Job) -> None:
        """Load the models.

        Raises:
            SettingsError: here is another version of this package than where the job was made, or other models.
        """
        here = installed(DISTRIBUTION)
        if here != job.version:
            raise SettingsError(f"a worker has Unroll {here}, and the run is of {job.version}: install the same on all")
        self._engine, models = served(job.models.folder, job.models.published, job.question)
        if models.digests != job.models.digests:
            raise SettingsError(
                "a worker serves other models than the run was begun with: put the same on all machines"
            )
        self._job = job
        source = job.source
        self._read = csv_files.read if source.csv else parquet_files.read
        ids = pa.string() if source.csv else parquet_files.form_of(source.files[0], source.columns)[1]
        self._output = Output(job, ids)
        numbers = job.question.horizon * (1 + 2 * len(job.question.levels))
        self._at_once = max(1, _MOST_NUMBERS // numbers)

    def __call__(self, part: Part) -> Done:
        """Answer ``part`` and write it."""
        asked = self._read(self._job.source, part)
        tables = [
            self._output.rows(some, self._answers(some))
            for some in (asked[first : first + self._at_once] for first in range(0, len(asked), self._at_once))
        ]
        forecasts, series = (pa.concat_tables(each) for each in zip(*tables, strict=True))
        self._output.write(part, forecasts, series)
        return output.done(self._job.out, part)

    def _answers(self, asked: list[Asked]) -> list[Forecast | None]:
        """The answers in their order; None where a series has an error, or got one."""
        able = [place for place, each in enumerate(asked) if each.error is None]
        found: list[Forecast | None] = [None] * len(asked)
        for place, answer in zip(able, self._of_able([asked[place] for place in able]), strict=True):
            found[place] = answer
        return found

    def _of_able(self, asked: list[Asked]) -> list[Forecast | None]:
        """One that has no answer keeps nobody from theirs: halves are asked again down to that one."""
        if not asked:
            return []
        question = self._job.question
        sequences: list[Sequence] = [each.values.tolist() for each in asked]
        beside = tuple(each.beside for each in asked if each.beside is not None)
        try:
            return [
                *self._engine.forecast(
                    sequences,
                    question.horizon,
                    question.model,
                    question.version,
                    question.levels,
                    (),
                    question.season,
                    Beside(beside, question.horizon) if beside else None,
                )
            ]
        except (ModelUnavailable, UnknownModel):  # nobody would have an answer
            raise
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one series, a million others are not to wait
            if len(asked) == 1:
                asked[0].error = _in_words(error)
                return [None]
        half = len(asked) // 2
        return [*self._of_able(asked[:half]), *self._of_able(asked[half:])]


def _in_words(error: Exception) -> str:
    if isinstance(error, UnrollError):
        return printable(error.detail, _REASON)
    log.error("a series has no answer", exc_info=error)
    return printable(f"{type(error).__name__}: {error}", _REASON)
