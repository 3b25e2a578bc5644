"""The lecture's long dependency: "born in Texas ... speaks" English, whatever lies between; knows no network."""

from __future__ import annotations

import numpy as np

from service.inference.readings.text.reading import Texts
from service.inference.sequences import Sequence
from service.inference.text_rules import LANGUAGES, first_country, last_country
from training.tasks.base import TEST_SEED, generator
from training.tasks.written import Examples, Rule, WritingTask, Written

# Words between the full stops: those trained on, one distance a batch, and those tested.
TRAINED, TESTED = (3, 10, 30, 60, 120), (120, 3, 20, 60, 240)
# Countries among the words between that do not matter.
OTHERS = 2
FILLERS = (
    *("the", "sea", "is", "blue", "and", "we", "went", "by", "train", "to", "see", "old", "friends", "over", "there"),
    *("last", "summer", "while", "it", "rained", "for", "days", "so", "they", "sang"),
)
_FRAME = ("born", "in", ".", "speaks")


class Recall(WritingTask):
    """Ten countries, ten languages: the one that was named first counts."""

    name = "recall"
    reading = Texts(
        alphabet=(*_FRAME, *LANGUAGES, *FILLERS), answers=tuple(LANGUAGES.values()), longest=1, rule="first_country"
    )
    attention = False
    lengths = (9, 126)
    accepted = (1, 300)
    sizes = tuple(between + 6 for between in TRAINED)

    @property
    def about(self) -> str:
        return (
            'Reads "born in texas . ... . speaks" word by word and writes the language: that of the country after '
            '"born in", whatever other countries are named later on. Nothing is looked back at: the country must be '
            "kept in the state over all words between, which is what the lecture's simple RNN cannot do."
        )

    @property
    def trained_on(self) -> str:
        return (
            f"fresh sentences in every batch, {', '.join(map(str, TRAINED))} words between the full stops by chance, "
            f"{OTHERS} of them other countries"
        )

    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        return sentences(rng, count, int(rng.choice(TRAINED)))

    def chosen_by(self, count: int) -> dict[str, Examples]:
        rng = generator("validation", TEST_SEED)
        return {f"{between} words between": sentences(rng, count // 4, between) for between in TRAINED[::2]}

    def followed(self, count: int) -> Examples:
        return sentences(generator("validation", TEST_SEED), count, TRAINED[-1])

    def test_sets(self, count: int) -> list[Written]:
        rng, each = generator("test", TEST_SEED), min(count, 1000)
        return [
            Written(
                f"{between} words between",
                f"{each} sentences with {between} words between the full stops, {OTHERS} of them other countries",
                sentences(rng, each, between),
            )
            for between in TESTED
        ]

    def rules(self) -> dict[str, Rule]:
        return {
            "first_country": lambda posted: first_country(str(posted)),
            "last_country": lambda posted: last_country(str(posted)),
        }

    def golden(self) -> list[Sequence]:
        rng = generator("golden", 1)
        texts = [text for between in (2, 3, 20, 60, 120) for text in sentences(rng, 3, between).inputs]
        return [*texts, "born in texas . speaks", "speaks"]


def sentences(rng: np.random.Generator, count: int, between: int) -> Examples:
    """So many sentences with as many words ``between`` the full stops."""
    countries = list(LANGUAGES)
    born = rng.integers(0, len(countries), count)
    words = np.array(FILLERS)[rng.integers(0, len(FILLERS), (count, between))].astype(object)
    for row in words:
        row[rng.choice(between, OTHERS, replace=False)] = rng.choice(countries, OTHERS)
    texts = [
        " ".join(("born", "in", countries[country], ".", *row, ".", "speaks"))
        for country, row in zip(born.tolist(), words.tolist(), strict=True)
    ]
    return Examples(texts, [LANGUAGES[countries[country]] for country in born.tolist()])
