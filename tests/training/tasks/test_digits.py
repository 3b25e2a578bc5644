"""Handwritten digits in two halves, bent as other hands would, and their words."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference.images import packed, strokes, unpacked
from training.tasks import digits
from training.tasks.base import generator
from training.tasks.captions import English, Korean
from training.tasks.digits import ENGLISH, KOREAN


def test_both_halves_are_whole_and_show_every_digit() -> None:
    known, unseen = digits.known(), digits.unseen()
    assert (len(known.digits), len(unseen.digits)) == (898, 899)
    for half in (known, unseen):
        assert set(half.digits) == set(range(10))
        assert (half.images.min(), half.images.max()) == (0.0, 16.0)
    assert digits.means(known).shape == (10, 64)


def test_a_bent_digit_is_another_image_of_the_same_digit() -> None:
    known, means = digits.known(), digits.means(digits.known())
    bent = digits.bent(np.random.default_rng(0), known.images)
    assert (bent.min() >= 0.0, bent.max() <= 16.0) == (True, True)
    assert np.abs(bent - known.images).mean() > 1.0
    nearest = ((bent[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == known.digits).mean() > 0.7
    assert (bent == digits.bent(np.random.default_rng(0), known.images)).all()


@pytest.mark.parametrize(("task", "words"), [(English(), ENGLISH), (Korean(), KOREAN)])
def test_an_image_has_the_word_for_its_digit(task: English | Korean, words: tuple[str, ...]) -> None:
    (test,) = task.test_sets(900)
    half = digits.unseen()
    assert list(test.examples.inputs) == half.images.tolist()
    assert test.examples.answers == [words[digit] for digit in half.digits]
    drawn = task.draw(generator("training", 0), 50)
    assert set(drawn.answers) <= set(words)
    assert all(len(image) == 64 and min(image) >= 0.0 and max(image) <= 16.0 for image in drawn.inputs)


def test_a_packed_image_is_unpacked_as_it_was() -> None:
    images = digits.known().images[:20]
    assert (unpacked(map(packed, images)) == images).all()


def test_a_stroke_is_seen_across_and_not_along() -> None:
    image = np.zeros((1, 8, 8))
    image[0, 1:7, 4] = 1.0  # a line from top to bottom
    across, along, *_ = strokes(image)[0]
    assert across[3, 4] == pytest.approx(1.0)
    assert across[3, 3] == pytest.approx(0.5)
    assert along[3].max() == 0.0
