"""A model that draws is trained on words as people type them, and what is served is what was trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.folders import read_folder
from service.inference.catalog import load
from tests.conftest import MODELS
from training.drawing.recipes import RECIPES
from training.tasks import digits, drawing
from training.tasks.base import generator
from training.tasks.digits import ENGLISH
from training.text.recipes import Plan

SMALL = replace(RECIPES["draw-digit-gru"], units=5, plan=Plan(2, 1e-2, 8))


@pytest.mark.tensorflow
@pytest.mark.system
def test_a_folder_that_training_writes_is_served_as_it_is(tmp_path: Path) -> None:
    from training import work

    told: list[tuple[int, int]] = []
    work.train_drawing(SMALL, 0, tmp_path, 20, lambda progress: told.append((progress.done, progress.total)))
    assert told == [(2, 2)]
    card = load(read_folder(tmp_path / SMALL.name / "1")).card
    assert (card.name, card.task, card.architecture, card.training.steps) == (SMALL.name, drawing.NAME, "gru", 2)
    assert sum(layer.parameters for layer in card.layers) == card.parameters
    assert [each.sequences for each in card.evaluations] == [20] * 4


def test_the_published_drawings_are_within_a_percent_of_the_bound_and_show_the_right_digit() -> None:
    """Whoever is told the digit and draws its mean image knows all that there is to know before the other half."""
    evaluations = {each.name: each for each in load(read_folder(MODELS / "draw-digit-gru" / "1")).card.evaluations}
    for name in ("words", "words with a mistake"):
        assert evaluations[name].model.mse <= 1.01 * evaluations[name].rules["told_the_digit"].mse
        assert evaluations[f"{name}: the digit"].model.mae <= 0.001
    mistaken = evaluations["words with a mistake"]
    assert mistaken.model.mse < mistaken.rules["nearest_word"].mse


def test_words_are_typed_with_one_mistake_at_the_most() -> None:
    typed = drawing.draw(generator("training", 0), 400)
    slips = [word not in ENGLISH for word in typed.words]
    assert 0.4 < np.mean(slips) < 0.6
    for word, digit, slip in zip(typed.words, typed.digits, slips, strict=True):
        assert (word in drawing.mistaken(ENGLISH[digit])) == slip
    assert typed.images.shape == (400, 64)
    assert (typed.images.min(), typed.images.max()) == (0.0, 1.0)


def test_what_two_words_may_become_is_nobodys_mistake() -> None:
    assert "ine" not in {typed for word in ENGLISH for typed in drawing.mistaken(word)}
    assert {"tow", "to", "two", "rwo"} & set(drawing.mistaken("two")) == {"tow", "to", "rwo"}
    meant = [(typed, word) for word in ENGLISH for typed in set(drawing.mistaken(word))]
    assert len(meant) == len({typed for typed, _ in meant})


def test_the_tests_are_of_the_half_that_nothing_learnt_from() -> None:
    known = {tuple(image) for image in digits.known().images.tolist()}
    unseen = {tuple(image) for image in digits.unseen().images.tolist()}
    assert not known & unseen
    for test in drawing.test_sets(900):
        assert {tuple(image) for image in (test.typed.images * 16).tolist()} == unseen
