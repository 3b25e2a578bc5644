"""What a task of texts knows: how texts and what is to be written about them are drawn; knows no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from service.inference.readings.text.reading import Texts
from service.inference.text_rules import TEXT_RULES, TextRule, TextRuleName


class Examples(NamedTuple):
    """``texts``, and what is to be written about each: the ``answers``."""

    texts: list[str]
    answers: list[str]


class Written(NamedTuple):
    """A held-out set of examples; ``data`` says in words what they are."""

    name: str
    data: str
    examples: Examples


class WritingTask(ABC):
    """A source of texts and their answers.

    ``lengths`` are the numbers of symbols that are trained on, ``longest`` the most that are read of any text, and
    ``sizes`` the lengths that texts are padded to while a network learns: each is a program of its own. ``attention``
    tells whether its networks look back at what they read.
    """

    name: ClassVar[str]
    reading: ClassVar[Texts]
    lengths: ClassVar[tuple[int, int]]
    longest: ClassVar[int]
    sizes: ClassVar[tuple[int, ...]]
    attention: ClassVar[bool] = True

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
        """Examples by name that are never trained on and show how far training is; no score comes from them."""

    @abstractmethod
    def test_sets(self, count: int) -> list[Written]:
        """Held-out examples that chose nothing, the headline first, about ``count`` in each."""

    def rules(self) -> dict[TextRuleName, TextRule]:
        """The rules that its models are held against."""
        return {self.reading.rule: TEXT_RULES[self.reading.rule]}

    @abstractmethod
    def golden(self) -> list[str]:
        """Texts as a client would send them, awkward ones among them."""
