"""Words for handwritten digits, letter by letter, in English and in Korean; knows no network."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from service.inference.images import packed
from service.inference.readings.images import Images
from service.inference.sequences import Sequence
from training.tasks import digits
from training.tasks.base import generator
from training.tasks.digits import ENGLISH, KOREAN, Digits
from training.tasks.written import Examples, WritingTask, Written


class Captions(WritingTask):
    """The first half of the digits, bent as other hands would; ``words`` are those for 0 to 9."""

    words: ClassVar[tuple[str, ...]]
    language: ClassVar[str]
    lengths = accepted = (8, 8)
    sizes = (8,)

    @cached_property
    def reading(self) -> Images:
        by_heart = {word: tuple(map(packed, _of(digits.known(), digit))) for digit, word in enumerate(self.words)}
        return Images(answers=self._letters, longest=max(map(len, self.words)), by_heart=by_heart)

    @property
    def symbols(self) -> int:
        return len(self._letters) + 1

    @property
    def about(self) -> str:
        return (
            f"Writes the {self.language} word for a handwritten digit, an image of 8x8 pixels from 0 to 16. An encoder "
            "reads the image row by row from above, and a decoder writes the word letter by letter with a look back at "
            "all rows. It is held against the three nearest of the images that it learnt from."
        )

    @property
    def trained_on(self) -> str:
        return f"{digits.SOURCE}: the first half, each turned, slanted, stretched and moved anew in every batch"

    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        known = digits.known()
        places = rng.integers(0, len(known.digits), count)
        return self._examples(Digits(digits.bent(rng, known.images[places]), known.digits[places]))

    def chosen_by(self, count: int) -> dict[str, Examples]:
        known = digits.known()
        return {"images learnt from": self._examples(Digits(known.images[-count:], known.digits[-count:]))}

    def test_sets(self, count: int) -> list[Written]:
        unseen = digits.unseen()
        examples = self._examples(Digits(unseen.images[:count], unseen.digits[:count]))
        return [
            Written("second half", f"{digits.SOURCE}: the second half, by other writers for the most part", examples)
        ]

    def golden(self) -> list[Sequence]:
        known, rng = digits.known(), generator("golden", 2)
        bent = digits.bent(rng, known.images[:10]).round(2)
        awkward = np.stack([np.zeros(64), np.full(64, 16.0), rng.uniform(0.0, 16.0, 64).round(2)])
        return [*np.concatenate([known.images[:20], bent, awkward]).tolist()]

    @property
    def _letters(self) -> str:
        return "".join(dict.fromkeys("".join(self.words)))

    def _examples(self, of: Digits) -> Examples:
        return Examples(of.images.tolist(), [self.words[digit] for digit in of.digits.tolist()])


class English(Captions):
    name = "caption-digit-en"
    words, language = ENGLISH, "English"


class Korean(Captions):
    name = "caption-digit-ko"
    words, language = KOREAN, "Korean"


def _of(of: Digits, digit: int) -> list[list[float]]:
    images: list[list[float]] = of.images[of.digits == digit].tolist()
    return images
