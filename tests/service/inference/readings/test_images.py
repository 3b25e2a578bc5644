"""Words for images, and images of words: against NumPy and scikit-learn, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from service.errors import InvalidInput, ModelRejected
from service.folders import read_folder
from service.inference.catalog import Catalog, load
from service.inference.engine import Engine
from service.inference.images import mistakes, nearest_word
from service.inference.writing import Manner
from tests.conftest import MODELS, CopyModel
from tests.service.inference.readings.test_text import require_those_of_the_network
from tests.service.test_cards import edit
from training.tasks import digits, drawing
from training.tasks.digits import ENGLISH, KOREAN

NAMES = {"caption-digit-en-gru": ENGLISH, "caption-digit-ko-gru": KOREAN}
DRAWS = "draw-digit-gru"
every_language = pytest.mark.parametrize("name", NAMES)


def unseen(count: int) -> list[list[float]]:
    images: list[list[float]] = digits.unseen().images[:count].tolist()
    return images


@every_language
def test_what_is_written_its_chance_and_its_attention_are_those_of_the_network(
    catalog: Catalog, engine: Engine, name: str
) -> None:
    noise = np.random.default_rng(1).uniform(0.0, 16.0, (2, 64)).tolist()
    for image in [*unseen(4), *noise, [0.0] * 64, [16.0] * 64]:
        require_those_of_the_network(catalog, engine, name, image)


@pytest.mark.system  # nine hundred words, letter by letter
@every_language
def test_words_for_hands_that_were_never_seen_are_as_often_right_as_the_card_says(
    catalog: Catalog, engine: Engine, name: str
) -> None:
    half = digits.unseen()
    found = engine.generate_each(half.images.tolist(), name)
    wrong = np.mean([each.output != NAMES[name][digit] for each, digit in zip(found, half.digits, strict=True)])
    evaluation = catalog.get(name).card.evaluations[0]
    assert evaluation.model.mae == pytest.approx(wrong)
    ruled = np.mean(
        [each.check.rule_output != NAMES[name][digit] for each, digit in zip(found, half.digits, strict=True)]
    )
    assert evaluation.rules["three_nearest"].mae == pytest.approx(ruled)


def test_the_rule_is_the_three_nearest_neighbours_of_scikit_learn(engine: Engine) -> None:
    known, half = digits.known(), digits.unseen()
    oracle = KNeighborsClassifier(3).fit(known.images, known.digits).predict(half.images[:200])
    found = engine.generate_each(half.images[:200].tolist(), "caption-digit-en-gru")
    assert [each.check.rule_output for each in found] == [ENGLISH[digit] for digit in oracle]


@every_language
def test_a_look_inside_shows_what_each_letter_hangs_on_row_by_row(engine: Engine, name: str) -> None:
    (image,) = unseen(1)
    found, generated = engine.inspect(image, name), engine.generate(image, name)
    assert (found.output, found.value) == (
        generated.output,
        pytest.approx(math.log(generated.probability or 0.0), abs=1e-6),
    )
    assert [step.input for step in found.steps] == np.array(image).reshape(8, 8).tolist()
    assert np.array(found.connectivity).shape == (len(generated.steps), 8)
    assert found.attention == generated.attention


@pytest.mark.parametrize("image", [[1.0] * 63, [1.0] * 65, [1.0], [17.0, *[0.0] * 63], [-0.1, *[0.0] * 63]])
def test_what_is_no_image_of_this_size_and_range_is_refused(engine: Engine, image: list[float]) -> None:
    for ask in (engine.generate, engine.inspect):
        with pytest.raises(InvalidInput, match="64 numbers from 0 to 16") as refused:
            ask(image, "caption-digit-en-gru")
        assert refused.value.code == "not_an_image"


def test_an_image_is_no_sequence_to_predict_and_a_text_no_image(engine: Engine) -> None:
    (image,) = unseen(1)
    with pytest.raises(InvalidInput, match="reads an image"):
        engine.predict([image], "caption-digit-en-gru")
    with pytest.raises(InvalidInput, match="reads an image"):
        engine.generate("three", "caption-digit-en-gru")
    with pytest.raises(InvalidInput, match="reads a text"):
        engine.generate(image, DRAWS)
    with pytest.raises(InvalidInput, match="reads a text"):
        engine.predict([image], DRAWS)
    with pytest.raises(InvalidInput, match="gaps"):
        engine.inspect([math.nan, *image[1:]], "caption-digit-en-gru")


def test_what_is_drawn_is_what_the_network_answers(catalog: Catalog, engine: Engine) -> None:
    model = catalog.get(DRAWS)
    unroller = model.reading.unroller(model.card.layers, model.weights())
    for word in ("three", "svn", "zzzz"):
        seen = np.eye(26)[[drawing.ALPHABET.index(letter) for letter in word]]
        answered = unroller.forward(seen).values[-1][-1]
        found = engine.generate(word, DRAWS)
        assert found.output == pytest.approx(np.clip(16.0 * answered, 0.0, 16.0), abs=1e-4)
        assert (found.probability, found.steps, found.attention) == (None, [], None)


def test_every_word_with_or_without_a_mistake_is_drawn_as_the_digit_that_it_means(engine: Engine) -> None:
    known = digits.means(digits.known())
    words = [(word, digit) for digit, word in enumerate(ENGLISH)]
    for word, digit in words:
        (found,) = engine.generate_each([word], DRAWS)
        assert int(((known - np.array(found.output)) ** 2).sum(axis=1).argmin()) == digit
        assert found.check.agree is True
        assert found.check.rule_output == pytest.approx(known[digit], abs=1e-4)
        assert found.warnings == []
    typed = [(one, digit) for word, digit in words for one in drawing.mistaken(word)]
    right = [
        int(((known - np.array(found.output)) ** 2).sum(axis=1).argmin()) == digit
        for found, (_, digit) in zip(engine.generate_each([one for one, _ in typed], DRAWS), typed, strict=True)
    ]
    assert np.mean(right) > 0.97  # a few mean two words alike


def test_a_word_that_is_none_of_them_has_no_rule(engine: Engine) -> None:
    found = engine.generate("elephant", DRAWS)
    assert (found.check.rule_output, found.check.agree) == (None, None)
    assert "nothing speaks for what" in found.warnings[0]


def test_what_is_drawn_at_once_has_no_beams(engine: Engine) -> None:
    for manner in (Manner(beams=3), Manner(temperature=1.0)):
        with pytest.raises(InvalidInput, match="drawn at once"):
            engine.generate("three", DRAWS, manner=manner)


def test_a_look_inside_shows_which_pixels_hang_on_which_letter(engine: Engine) -> None:
    found = engine.inspect("three", DRAWS)
    image = engine.generate("three", DRAWS).output
    assert found.output == image
    assert found.value == pytest.approx(np.mean(np.array(image)), abs=1e-9)
    assert found.replayed == pytest.approx(found.value, abs=1e-4)
    connectivity = np.array(found.connectivity)
    assert connectivity.shape == (64, 5)
    influence = [step.influence for step in found.steps]
    assert influence == pytest.approx(np.sqrt((connectivity**2).mean(axis=0)))


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("three", "three", 0), ("tree", "three", 1), ("thhree", "three", 1), ("htree", "three", 1), ("", "one", 3)],
)
def test_mistakes_are_counted(one: str, other: str, count: int) -> None:
    assert mistakes(one, other) == mistakes(other, one) == count


def test_the_nearest_word_is_the_one_that_was_meant() -> None:
    assert nearest_word("sevne", ENGLISH) == "seven"
    assert nearest_word("x", ENGLISH) is None


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("caption-digit-en-gru", lambda golden: golden["cases"][3].update(output="eight"), "golden answers"),
        ("caption-digit-en-gru", lambda golden: golden["cases"][3].update(sequence=[1.0] * 63), "64 numbers"),
        (DRAWS, lambda golden: golden["cases"][3].update(output="three"), "golden answers"),
        (DRAWS, lambda golden: golden["cases"][3]["output"].__setitem__(9, 3.3), "golden answers"),
    ],
)
def test_spoilt_golden_answers_are_refused_in_words(copy_model: CopyModel, name: str, spoil, said: str) -> None:
    folder = copy_model(name)
    edit("golden.json", spoil)(folder)
    with pytest.raises(ModelRejected, match=said):
        load(read_folder(folder))


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("caption-digit-en-gru", lambda reading: reading["by_heart"].update(three=["h" * 64])),
        ("caption-digit-en-gru", lambda reading: reading["by_heart"].update(three=["0" * 63])),
        ("caption-digit-en-gru", lambda reading: reading["by_heart"].clear()),
        ("caption-digit-en-gru", lambda reading: reading.update(answers="abc")),
        (DRAWS, lambda reading: reading["means"].update(three=[1.0] * 63)),
        (DRAWS, lambda reading: reading["means"].update(three=[17.0] * 64)),
        (DRAWS, lambda reading: reading.update(alphabet="abc")),
    ],
)
def test_spoilt_cards_are_refused(copy_model: CopyModel, name: str, spoil) -> None:
    folder = copy_model(name)
    edit("card.json", lambda card: spoil(card["reading"]))(folder)
    with pytest.raises(ModelRejected):
        load(read_folder(folder))


def test_a_network_of_one_number_draws_nothing(catalog: Catalog) -> None:
    reading = catalog.get(DRAWS).reading.model_copy(update={"alphabet": "ab"})
    with pytest.raises(ModelRejected, match="answers 1 numbers"):
        reading.load((MODELS / "sine-gru" / "1" / "model.onnx").read_bytes())
