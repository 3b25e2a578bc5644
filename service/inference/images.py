"""Images of 8x8 numbers, how a card writes them, and rules that know some by heart. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

SIDE, DARKEST = 8, 16
PIXELS = SIDE * SIDE
IN_WORDS = f"{PIXELS} numbers from 0 to {DARKEST}, the rows of an image of {SIDE}x{SIDE} from above"

# An image of whole numbers as a card has it, a digit of base 17 for each pixel.
_DIGITS = "0123456789abcdefg"
Packed = Annotated[str, Field(pattern=rf"^[{_DIGITS}]{{{PIXELS}}}$")]
Pixels = Annotated[tuple[Annotated[float, Field(ge=0, le=DARKEST)], ...], Field(min_length=PIXELS, max_length=PIXELS)]

# Directions across a stroke: right, down and both diagonals.
_ACROSS = ((0, 1), (1, 0), (1, 1), (1, -1))
# How many of the known images have a say, and how many mistakes a word may have to be taken for another.
_NEAREST, _MOST_MISTAKES = 3, 2


def packed(image: Iterable[float]) -> str:
    """An image of whole numbers in :data:`Packed` form."""
    return "".join(_DIGITS[int(pixel)] for pixel in image)


def unpacked(images: Iterable[str]) -> NDArray[np.float64]:
    """The images that were ``packed``, [images, pixels]."""
    return np.array([[_DIGITS.index(digit) for digit in each] for each in images], np.float64)


def strokes(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of a ridge there is at each pixel across four directions, [images, 4, side, side], a little blurred.

    ``images`` are [images, side, side]. A pixel that is darker than its two neighbours in a direction is on a stroke
    that crosses it; blurred by (1, 2, 1) / 4, it does not hang on a pixel more or less.
    """
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    found = np.empty((len(images), len(_ACROSS), SIDE, SIDE))
    for place, (down, right) in enumerate(_ACROSS):
        beside = [padded[:, 1 + k * down : 9 + k * down, 1 + k * right : 9 + k * right] for k in (-1, 1)]
        found[:, place] = np.maximum(2.0 * images - beside[0] - beside[1], 0.0)
    around = np.pad(found, ((0, 0), (0, 0), (1, 1), (1, 1)))
    across = 0.25 * around[..., :-2] + 0.5 * around[..., 1:-1] + 0.25 * around[..., 2:]
    blurred: NDArray[np.float64] = 0.25 * across[..., :-2, :] + 0.5 * across[..., 1:-1, :] + 0.25 * across[..., 2:, :]
    return blurred


def three_nearest(image: NDArray[np.float64], known: NDArray[np.float64], words: Sequence[str]) -> str:
    """The word of most of the three ``known`` images [images, pixels] that are nearest; of three words, the first.

    ``words`` belong to the known images, all images of a word together.
    """
    distance = ((known - image) ** 2).sum(axis=1)
    nearest = sorted(np.argsort(distance, kind="stable")[:_NEAREST].tolist())
    ((word, _),) = Counter[str](words[place] for place in nearest).most_common(1)
    return word


def nearest_word(text: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` that ``text`` was meant for, by the mistakes between; None where there are too many."""
    found = {word: mistakes(text, word) for word in words}
    nearest = min(found, key=found.__getitem__)
    return nearest if found[nearest] <= min(_MOST_MISTAKES, len(nearest) // 2) else None


def mistakes(one: str, other: str) -> int:
    """Letters to be put in, left out, replaced or swapped with their neighbour (Damerau 1964), at the least."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before = before, row
        row = [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest_image(image: NDArray[np.float64], known: Mapping[str, Sequence[float]]) -> str:
    """The name of the ``known`` image that is nearest to ``image``."""
    return min(known, key=lambda name: float(((image - np.array(known[name])) ** 2).sum()))
