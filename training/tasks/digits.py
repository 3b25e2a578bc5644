"""scikit-learn's 1,797 handwritten digits in two halves, and images bent as another hand would; knows no network."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.arrays import Floats
from service.inference.images import DARKEST, SIDE

ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
KOREAN = ("영", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉")
SOURCE = "scikit-learn's 1,797 handwritten digits of 8x8 pixels (Alpaydin and Kaynak 1998)"

# How far another hand turns, slants, stretches and moves a digit: standard deviations, in shares and pixels.
_TURN, _SLANT, _STRETCH, _MOVE = 0.12, 0.12, 0.08, 0.25
# And how its ink differs, in shares of the darkest.
_INK = 0.04


class Digits(NamedTuple):
    """``images`` float64 [count, pixels] of whole numbers from 0 to 16, and which ``digits`` they show [count]."""

    images: Floats
    digits: NDArray[np.int64]


def known() -> Digits:
    """The first half, to learn from."""
    return _halves()[0]


def unseen() -> Digits:
    """The second half, by other writers for the most part: a random split would flatter."""
    return _halves()[1]


@cache
def _halves() -> tuple[Digits, Digits]:
    from sklearn.datasets import load_digits  # an extra, and a second to import

    images, digits = load_digits(return_X_y=True)
    half = len(digits) // 2
    parts = [
        Digits(images[rows].astype(np.float64), digits[rows].astype(np.int64))
        for rows in (slice(half), slice(half, None))
    ]
    return parts[0], parts[1]


def means(digits: Digits) -> Floats:
    """The mean image of each digit, [10, pixels]."""
    return np.stack([digits.images[digits.digits == digit].mean(axis=0) for digit in range(10)])


def bent(rng: np.random.Generator, images: Floats) -> Floats:
    """``images`` [count, pixels], each turned, slanted, stretched and moved a little, with other ink."""
    count, middle = len(images), (SIDE - 1) / 2
    turn, slant = rng.normal(0.0, _TURN, count), rng.normal(0.0, _SLANT, count)
    along, across = np.exp(rng.normal(0.0, _STRETCH, (2, count)))
    move = rng.normal(0.0, _MOVE, (count, 2, 1))
    turned = np.stack([np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)], axis=1).reshape(-1, 2, 2)
    stretched = np.zeros((count, 2, 2))
    stretched[:, 0, 0], stretched[:, 1, 1], stretched[:, 1, 0] = along, across, slant
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")).reshape(2, -1) - middle
    places = turned @ stretched @ grid + middle + move
    drawn = _between_pixels(images.reshape(-1, SIDE, SIDE), places)
    inked = drawn * np.exp(rng.normal(0.0, 2 * _INK, (count, 1))) + rng.normal(0.0, _INK * DARKEST, drawn.shape) * (
        drawn > 0
    )
    bent_images: Floats = np.clip(inked, 0.0, DARKEST)
    return bent_images


def _between_pixels(images: Floats, places: Floats) -> Floats:
    """``images`` [count, side, side] at ``places`` [count, 2, pixels] between the pixels, without ink outside."""
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))
    inside = np.clip(places + 1.0, 0.0, SIDE + 1.0)
    corner = np.floor(inside).astype(int)
    (down, right), rows = (inside - corner).transpose(1, 0, 2), np.arange(len(images))[:, None]
    y, x = corner[:, 0], corner[:, 1]
    upper = padded[rows, y, x] * (1.0 - right) + padded[rows, y, x + 1] * right
    lower = padded[rows, y + 1, x] * (1.0 - right) + padded[rows, y + 1, x + 1] * right
    found: Floats = upper * (1.0 - down) + lower * down
    return found
