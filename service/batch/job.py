"""What a run is about, and what its workers are told and tell: plain records that go over a pipe as JSON. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from service.errors import UnrollError
from service.printable import printable

_REASON = 500
Form = Literal["long", "lists"]


class Record(BaseModel):
    """A frozen record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CovariateColumns(Record):
    """The columns that a model reads besides, by how far they are known; ``numbers`` are those that are no categories.

    The last ``ahead`` rows of each series are those of the steps ahead; ``dated``: the model reads the calendar.
    """

    known: tuple[str, ...]
    past: tuple[str, ...]
    static: tuple[str, ...]
    numbers: tuple[str, ...]
    dated: bool
    ahead: int

    @property
    def names(self) -> tuple[str, ...]:
        """Those of all columns, each once."""
        return tuple(dict.fromkeys((*self.known, *self.past, *self.static)))


class Columns(Record):
    """What the columns of the input are called; ``id`` may be None where each row is a series."""

    id: str | None
    time: str | None
    value: str
    covariates: CovariateColumns | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those of all columns that are read, each once."""
        beside = () if self.covariates is None else self.covariates.names
        return tuple(dict.fromkeys(each for each in (self.id, self.time, self.value, *beside) if each is not None))

    def is_number(self, name: str) -> bool:
        """Whether numbers stand in the column of that ``name``, besides those of ids and times."""
        return name == self.value or (self.covariates is not None and name in self.covariates.numbers)


class Source(Record):
    """The files of the input, in their order, each a URI or a path, and in which of the two forms they hold series."""

    files: tuple[str, ...]
    columns: Columns
    form: Form
    csv: bool


class Question(Record):
    """What is asked of every series; all else as in ``Engine.forecast``."""

    horizon: int
    model: str | None
    version: str | None
    levels: tuple[float, ...]
    season: tuple[int, ...]


class Models(Record):
    """From where models are served, and the digests of the cards of all that may answer, by ``name/version``."""

    folder: str | None
    published: bool
    digests: dict[str, str]


class Job(Record):
    """All that determines the output in ``out``; ``version`` is this package's."""

    source: Source
    question: Question
    models: Models
    out: str
    version: str


class Part(Record):
    """A piece of one file: its rows from ``start`` to ``stop``, or of a CSV file its bytes.

    ``number`` is its place in the output. ``first`` is the number of its first row: among all rows of the input, from 0
    on, where that is the id of a series; else in its file, from 1 on, a CSV file's header counted.
    """

    number: int
    file: str
    start: int
    stop: int
    first: int


class Done(Record):
    """A part that lies in the output whole, with how many ``series``, of them how many ``failed``."""

    number: int
    series: int
    failed: int


class Failed(Record):
    """Why a worker could not go on: not for one series' sake, but for a file that cannot be read or written."""

    detail: str

    @classmethod
    def of(cls, error: Exception) -> Failed:
        """What ``error`` says."""
        return cls(detail=error.detail if isinstance(error, UnrollError) else printable(str(error), _REASON))
