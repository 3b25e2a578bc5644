"""Sums as text, "123+45" to "168", as in Keras' example of sequence to sequence; knows no network."""

from __future__ import annotations

import numpy as np

from service.inference.readings.text.reading import Texts
from training.tasks.base import TEST_SEED, generator
from training.tasks.written import Examples, WritingTask, Written

NAME, LONGEST = "addition", 5


class Addition(WritingTask):
    """Two numbers of up to so many ``digits`` each, both any length, as often as that example draws them."""

    name = NAME
    reading = Texts(alphabet="+0123456789", answers="0123456789", longest=LONGEST + 1, rule="adder")
    lengths = (3, 2 * LONGEST + 1)
    accepted = (1, 2 * LONGEST + 1)

    def __init__(self, digits: int) -> None:
        self.digits = digits

    @property
    def sizes(self) -> tuple[int, ...]:  # type: ignore[override]
        return (2 * self.digits + 1,)

    @property
    def about(self) -> str:
        return f"Writes the sum of two numbers of up to {self.digits} digits."

    @property
    def trained_on(self) -> str:
        return f"fresh sums of two numbers of 1 to {self.digits} digits each"

    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        lengths = rng.integers(1, self.digits + 1, (count, 2))
        pairs = (rng.random((count, 2)) * 10.0**lengths).astype(int).tolist()
        return Examples([f"{one}+{other}" for one, other in pairs], [str(one + other) for one, other in pairs])

    def chosen_by(self, count: int) -> dict[str, Examples]:
        return {"fresh sums": self.draw(generator("validation", TEST_SEED), count)}

    def test_sets(self, count: int) -> list[Written]:
        return [Written("fresh sums", self.trained_on, self.draw(generator("test", TEST_SEED), count))]

    def golden(self) -> list[str]:
        return ["1+1", "99999+1"]
