"""Dates are drawn in every format, never from a day that is held out, and say what they mean."""

from __future__ import annotations

import numpy as np

from service.inference.text_rules import date_parser
from training.tasks.dates import CHOOSING, DAYS, FORMATS, UNSEEN, Dates

TASK = Dates()


def test_what_is_drawn_means_its_answer_and_is_of_the_alphabets() -> None:
    texts, answers = TASK.draw(np.random.default_rng(0), 4000)
    assert [date_parser(text) for text in texts] == answers
    assert set("".join(texts)) == set(TASK.reading.alphabet)
    assert set("".join(answers)) <= set(TASK.reading.answers)
    assert (min(map(len, texts)), max(map(len, texts))) == TASK.lengths
    assert {len(answer) for answer in answers} == {TASK.reading.longest}


def test_held_out_days_are_never_trained_on_nor_chosen_by() -> None:
    trained = set(TASK.draw(np.random.default_rng(1), 300_000).answers)
    chosen = set(TASK.chosen_by(10_000)["unseen days"].answers)
    tested, korean, english = TASK.test_sets(10_000)
    held_out = set(tested.examples.answers)
    assert (len(held_out), len(chosen)) == (UNSEEN, CHOOSING)
    assert len(trained) > 0.99 * (DAYS - UNSEEN - CHOOSING)
    assert not trained & (held_out | chosen)
    assert not held_out & chosen
    assert len(tested.examples.inputs) == UNSEEN * len(FORMATS)
    assert set(korean.examples.inputs) | set(english.examples.inputs) == set(tested.examples.inputs)


def test_two_digits_of_a_year_tell_its_century() -> None:
    for text, answer in zip(*TASK.test_sets(10_000)[0].examples, strict=True):
        assert date_parser(text) == answer
