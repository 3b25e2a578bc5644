"""What a run of a published task is made of, one record a run; knows no library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.cards import Cell
from training.classic.tasks import Classic

# The runs that are done, and the document that shows them.
RECORD, DOCUMENT = Path("benchmarks/results/classic.jsonl"), Path("docs/classic.md")


@dataclass(frozen=True, slots=True)
class Setting:
    """A ``task`` for one layer of a ``cell`` of so many ``units``, and at most so many ``sequences``.

    With ``until_right`` a run ends once enough sequences in a row are right; else it goes on to lower its error. The
    learning rate falls from ``rate`` by half a cosine.
    """

    task: Classic
    cell: Cell
    units: int
    sequences: int
    rate: float
    batch: int = 20
    until_right: bool = True


@dataclass(frozen=True, slots=True)
class Addition:
    """Sums of numbers of so many ``digits``, for an encoder-decoder with attention that reads so many ``sequences``."""

    digits: int
    cell: Cell
    units: int
    sequences: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one run, by its row's ``label``, ``cell``, ``units`` and ``seed``.

    ``needed`` are the sequences until it was right, None where it never was; of those it was ``tested`` on, so many
    were ``wrong``. ``loss`` is the mean squared error where it answers with numbers, the mean cross-entropy of a step
    where it answers with classes, None where it was not measured. ``seconds`` are by the clock.
    """

    label: str
    cell: str
    units: int
    seed: int
    needed: int | None
    tested: int
    wrong: int
    loss: float | None
    weights: int
    seconds: float
