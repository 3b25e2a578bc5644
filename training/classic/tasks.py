"""The published tasks, as their papers draw them; knows no network."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats32


class Drawn(NamedTuple):
    """``inputs`` [sequences, timesteps, features] and what is asked about each, ``targets`` [sequences, numbers].

    Where every step is asked about, ``targets`` are [sequences, timesteps, numbers].
    """

    inputs: Floats32
    targets: Floats32


@dataclass(frozen=True)
class Classic(ABC):
    """A task of fresh sequences of ``length`` timesteps or so."""

    length: int
    name: ClassVar[str]
    features: ClassVar[int]
    # Whether the targets are probabilities of classes rather than numbers, and of every step rather than of the last.
    classes: ClassVar[bool] = False
    every_step: ClassVar[bool] = False

    @property
    @abstractmethod
    def answers(self) -> int:
        """Numbers that are asked for."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        """So many sequences, all of one length."""

    def _steps(self, rng: np.random.Generator) -> int:
        """One of eleven lengths from that which is said to a tenth more: each is a program of its own."""
        return self.length + int(rng.integers(0, 11)) * self.length // 100

    @abstractmethod
    def right(self, answers: Floats32, targets: Floats32) -> NDArray[np.bool_]:
        """Which of the ``answers`` count as right, as the task's paper has it."""


class Adding(Classic):
    """The sum of the two numbers that are marked (Hochreiter and Schmidhuber 1997, experiment 4).

    Numbers are uniform in [-1, 1]; a sequence is up to a tenth longer than said; one mark is among the first ten, the
    other in the first half; the first and the last step are marked with -1. The target is 0.5 + (a + b) / 4.
    """

    name = "adding"
    features = 2
    answers = 1

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        steps, rows = self._steps(rng), np.arange(count)
        inputs = np.zeros((count, steps, 2), np.float32)
        inputs[..., 0] = rng.uniform(-1.0, 1.0, (count, steps))
        inputs[:, 0, 1] = inputs[:, -1, 1] = -1.0
        first = rng.integers(0, 10, count)
        second = rng.integers(0, self.length // 2 - 1, count)
        second += second >= first  # another one
        found = np.where(first == 0, 0.0, inputs[rows, first, 0]) + np.where(second == 0, 0.0, inputs[rows, second, 0])
        inputs[rows, first, 1] = inputs[rows, second, 1] = 1.0
        return Drawn(inputs, (0.5 + found / 4.0)[:, None].astype(np.float32))

    def right(self, answers: Floats32, targets: Floats32) -> NDArray[np.bool_]:
        close: NDArray[np.bool_] = (np.abs(answers - targets) < 0.04).all(axis=1)
        return close


class Sum(Classic):
    """The sum of the two marked numbers, uniform in [0, 1], one mark in each half (Bai et al. 2018)."""

    name = "sum"
    features = 2
    answers = 1

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        rows, half = np.arange(count), self.length // 2
        inputs = np.zeros((count, self.length, 2), np.float32)
        inputs[..., 0] = rng.uniform(0.0, 1.0, (count, self.length))
        places = rng.integers(0, half, count), rng.integers(half, self.length, count)
        for place in places:
            inputs[rows, place, 1] = 1.0
        return Drawn(inputs, sum(inputs[rows, place, 0] for place in places)[:, None])

    def right(self, answers: Floats32, targets: Floats32) -> NDArray[np.bool_]:
        close: NDArray[np.bool_] = (np.abs(answers - targets) < 0.04).all(axis=1)
        return close


class Order(Classic):
    """Which of X and Y stood where, in their order, among other symbols (Hochreiter and Schmidhuber 1997, 6a).

    100 to 110 steps, begun by E, ended by B; X or Y between steps 10 and 20 and again between 50 and 60.
    """

    name = "order"
    features = 8  # E, B, a, b, c, d, X, Y
    answers = 4
    classes = True

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        steps, rows = self._steps(rng), np.arange(count)
        symbols = rng.integers(2, 6, (count, steps))
        symbols[:, 0], symbols[:, -1] = 0, 1
        tenth = self.length // 10
        first, second = rng.integers(0, 2, (2, count))
        symbols[rows, rng.integers(tenth, 2 * tenth + 1, count)] = 6 + first
        symbols[rows, rng.integers(5 * tenth, 6 * tenth + 1, count)] = 6 + second
        return Drawn(np.eye(8, dtype=np.float32)[symbols], np.eye(4, dtype=np.float32)[2 * first + second])

    def right(self, answers: Floats32, targets: Floats32) -> NDArray[np.bool_]:
        close: NDArray[np.bool_] = (np.abs(answers - targets) < 0.3).all(axis=1)
        return close


class Copy(Classic):
    """Ten symbols of eight kinds, to be said again in their order after ``length`` blanks (Arjovsky et al. 2016).

    As in Bai et al. (2018): the ten, blanks, and eleven markers, at the last ten of which the symbols are asked for; a
    blank at all steps before. ``length`` + 20 steps, one symbol of ten each. Who remembers nothing, and knows where
    blanks are asked for, has a mean cross-entropy of :attr:`memoryless` a step.
    """

    name = "copy"
    features = 10  # blank, the eight kinds, marker
    answers = 10
    classes = True
    every_step = True
    symbols: ClassVar[int] = 10
    kinds: ClassVar[int] = 8

    @property
    def memoryless(self) -> float:
        """The least loss without memory: each of the ten symbols is one of eight, all alike."""
        return self.symbols * math.log(self.kinds) / (self.length + 2 * self.symbols)

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        told = rng.integers(1, self.kinds + 1, (count, self.symbols))
        read = np.zeros((count, self.length + 2 * self.symbols), int)
        asked = np.zeros_like(read)
        read[:, : self.symbols], read[:, -self.symbols - 1 :] = told, self.kinds + 1
        asked[:, -self.symbols :] = told
        one_hot = np.eye(self.features, dtype=np.float32)
        return Drawn(one_hot[read], one_hot[asked])

    def right(self, answers: Floats32, targets: Floats32) -> NDArray[np.bool_]:
        """All ten symbols."""
        said, told = (each[:, -self.symbols :].argmax(axis=-1) for each in (answers, targets))
        same: NDArray[np.bool_] = (said == told).all(axis=1)
        return same
