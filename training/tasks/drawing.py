"""Words for digits as people type them, and the images that are meant; knows no network."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.images import DARKEST
from service.inference.readings.drawings import Drawings
from training.tasks import digits
from training.tasks.base import TEST_SEED, generator
from training.tasks.digits import ENGLISH, SOURCE, Digits

NAME = "draw-digit"
ACCEPTED = (1, 20)
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# Of the words that are drawn to train on, the share with a mistake.
MISTAKEN = 0.5
# Keys beside each other; a finger that slips hits one of these.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


class Typed(NamedTuple):
    """``words`` as they were typed, and the ``images`` that were meant, [count, pixels], in shares of the darkest."""

    words: list[str]
    images: Floats
    digits: list[int]


class Tested(NamedTuple):
    """A held-out set; ``data`` says in words what it is."""

    name: str
    data: str
    typed: Typed


def reading() -> Drawings:
    """How words are read, and the mean images that drawings are held against."""
    means = digits.means(digits.known()).round(4).tolist()
    return Drawings(alphabet=ALPHABET, means=dict(zip(ENGLISH, map(tuple, means), strict=True)))


def about() -> str:
    """What the card says of the model."""
    return (
        "Draws the digit that an English word means, an image of 8x8 pixels from 0 to 16, whatever typing mistake the "
        "word has: one letter left out, twice, swapped with the next one or with its neighbour on the keyboard; what "
        "two words may become, as ine, is not learnt. One recurrent layer reads the word letter by letter, and all "
        "pixels come from its last state. Of the many hands that a word may mean the squared error asks for the mean."
    )


def trained_on() -> str:
    """What the card says of the training data."""
    return f"{SOURCE}: the first half, each beside its word, of which {MISTAKEN:.0%} are typed with one mistake"


def draw(rng: np.random.Generator, count: int) -> Typed:
    """Fresh words beside images of the first half."""
    known = digits.known()
    places = rng.integers(0, len(known.digits), count)
    return _typed(rng, Digits(known.images[places], known.digits[places]), MISTAKEN)


def test_sets(count: int) -> list[Tested]:
    """Words beside images of the second half, the headline first."""
    unseen, rng = digits.unseen(), generator("test", TEST_SEED)
    of, half = Digits(unseen.images[:count], unseen.digits[:count]), f"{SOURCE}: the second half, each beside its word"
    return [
        Tested("words", half, _typed(rng, of, 0.0)),
        Tested("words with a mistake", f"{half}, typed with one mistake", _typed(rng, of, 1.0)),
    ]


def golden() -> list[str]:
    """Words as a client would send them, awkward ones among them."""
    return [*ENGLISH, *(mistaken(word)[0] for word in ENGLISH), "thre", "a", "zzzzzzzzzzzzzzzzzzzz", "on", "sixseven"]


@cache
def mistaken(word: str) -> list[str]:
    """Every way to type ``word`` with one mistake, one for each way it comes about, but for what other words become."""
    others = {typed for other in ENGLISH if other != word for typed in (other, *_slips(other))}
    return [typed for typed in _slips(word) if typed not in others]


def _slips(word: str) -> list[str]:
    found = []
    for place, letter in enumerate(word):
        found += [word[:place] + word[place + 1 :], word[:place] + letter + word[place:]]
        found += [word[:place] + other + word[place + 1 :] for other in _beside(letter)]
        if place + 1 < len(word) and word[place + 1] != letter:
            found.append(word[:place] + word[place + 1] + letter + word[place + 2 :])
    return found


def _typed(rng: np.random.Generator, of: Digits, share: float) -> Typed:
    words = [ENGLISH[digit] for digit in of.digits.tolist()]
    slips = rng.random(len(words)) < share
    typed = [
        str(rng.choice(mistaken(word))) if slip else word for word, slip in zip(words, slips.tolist(), strict=True)
    ]
    return Typed(typed, of.images / DARKEST, of.digits.tolist())


def _beside(letter: str) -> list[str]:
    """The keys to the left and to the right of ``letter``."""
    row = next(row for row in _ROWS if letter in row)
    place = row.index(letter)
    return [*row[max(place - 1, 0) : place], *row[place + 1 : place + 2]]
