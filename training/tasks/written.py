"""What a task of writing knows: how texts, or images, and their answers are drawn; knows no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Sequence as Sequences
from typing import ClassVar, NamedTuple

import numpy as np

from service.inference.batch import Batch
from service.inference.padding import batches
from service.inference.readings.text.answering import Answering
from service.inference.sequences import Sequence
from service.inference.writing import Output

Rule = Callable[[Sequence], Output | None]


class Examples(NamedTuple):
    """``inputs``, texts or images, and what is to be written about each: the ``answers``."""

    inputs: Sequences[Sequence]
    answers: list[str]


class Written(NamedTuple):
    """A held-out set of examples; ``data`` says in words what they are."""

    name: str
    data: str
    examples: Examples


class WritingTask(ABC):
    """A source of texts, or images, and their answers.

    ``lengths`` are the numbers of symbols (or rows) that are trained on, ``accepted`` those that are read, and
    ``sizes`` the lengths that texts are padded to while a network learns: each is a program of its own. ``attention``
    tells whether its networks look back at what they read.
    """

    name: ClassVar[str]
    lengths: ClassVar[tuple[int, int]]
    accepted: ClassVar[tuple[int, int]]
    sizes: ClassVar[tuple[int, ...]]
    attention: ClassVar[bool] = True

    @property
    @abstractmethod
    def reading(self) -> Answering:
        """How what is drawn is read, and what of."""

    @property
    def symbols(self) -> int:
        """How many there are to write with, the end among them."""
        return len(self.reading.answers) + 1

    @property
    @abstractmethod
    def about(self) -> str:
        """What the card says of the model: what it reads, and what it learns."""

    @property
    @abstractmethod
    def trained_on(self) -> str:
        """What the card says of the training data."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        """Fresh examples to train on."""

    @abstractmethod
    def chosen_by(self, count: int) -> dict[str, Examples]:
        """Examples by name that show how far training is; no score comes from them."""

    def followed(self, count: int) -> Examples | None:
        """So many examples of one length along which the loss's gradient is followed back while a network learns.

        None where that says nothing, as it does of a network that looks back at all that it read.
        """
        return None

    @abstractmethod
    def test_sets(self, count: int) -> list[Written]:
        """Held-out examples that chose nothing, the headline first, about ``count`` in each."""

    def rules(self) -> dict[str, Rule]:
        """The rules that its models are held against."""
        name, _ = self._ruled(self.golden()[0])
        return {name: lambda posted: self._ruled(posted)[1]}

    @abstractmethod
    def golden(self) -> Sequences[Sequence]:
        """Texts or images as a client would send them, awkward ones among them."""

    def _ruled(self, posted: Sequence) -> tuple[str, Output | None]:
        return self.reading.ruled(batch_of(self.reading, posted))


def batch_of(reading: Answering, posted: Sequence) -> Batch:
    """A single text or image as ``reading`` takes it."""
    return reading.taken(next(batches([posted])))
