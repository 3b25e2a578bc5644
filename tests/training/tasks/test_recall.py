"""The sentences of the long dependency: of one length a batch, of the alphabet, and what each rule makes of them."""

from __future__ import annotations

import numpy as np

from service.inference.text_rules import first_country, last_country
from training.tasks.recall import TESTED, TRAINED, Recall

TASK = Recall()


def test_sentences_have_as_many_words_between_and_are_of_the_alphabets() -> None:
    rng, seen = np.random.default_rng(0), set()
    for _ in range(40):
        texts, answers = TASK.draw(rng, 16)
        (length,) = {len(text.split(" ")) for text in texts}
        seen.add(length)
        assert set(" ".join(texts).split(" ")) <= set(TASK.reading.alphabet)
        assert set(answers) <= set(TASK.reading.answers)
        assert [first_country(text) for text in texts] == answers
    assert seen == set(TASK.sizes) == {between + 6 for between in TRAINED}
    assert (min(seen), max(seen)) == TASK.lengths


def test_the_last_country_is_right_by_chance_only() -> None:
    tests = TASK.test_sets(1000)
    assert [each.name for each in tests] == [f"{between} words between" for between in TESTED]
    for each in tests:
        right = np.mean([last_country(text) == answer for text, answer in zip(*each.examples, strict=True)])
        assert 0.06 < right < 0.14


def test_what_chooses_and_what_is_tested_are_never_the_same_sentences() -> None:
    tested = {text for each in TASK.test_sets(1000)[:1] for text in each.examples.inputs}
    chosen = {text for each in TASK.chosen_by(400).values() for text in each.inputs}
    assert not tested & chosen
