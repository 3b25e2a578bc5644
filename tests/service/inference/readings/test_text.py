"""A text model against the same network in NumPy, and what is refused of texts, cards and graphs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from service.errors import InvalidInput, ModelRejected
from service.folders import read_folder
from service.inference.catalog import Catalog, load
from service.inference.cells import CELLS
from service.inference.engine import Engine
from service.inference.images import strokes
from service.inference.readings.text.answering import Answering
from service.inference.readings.text.reading import Texts
from service.inference.sequences import Sequence
from service.inference.writing import Manner
from tests.conftest import MODELS, CopyModel
from tests.service.test_cards import edit
from training.tasks.recall import sentences

NAMES = sorted(folder.name for folder in MODELS.glob("translate-date-*"))
RECALL = sorted(folder.name for folder in MODELS.glob("recall-*"))
DATES = ["3 Nov 26", "2026년 11월 3일", "29 February 2000", "7", "N", "99/99/9999"]
SENTENCES = [
    "born in texas . the sea is blue . speaks",
    "born in korea . we went by train to see old friends in france and japan over there . speaks",
    "speaks",
]
CASES = [(name, text) for name in NAMES for text in DATES]
CASES += [(name, text) for name in RECALL for text in SENTENCES]
every_case = pytest.mark.parametrize(("name", "text"), CASES)
every_cell = pytest.mark.parametrize("name", NAMES)


class Oracle:
    """The network in float64, cell by cell: each symbol with everything before it read anew."""

    def __init__(self, catalog: Catalog, name: str) -> None:
        model = catalog.get(name)
        assert isinstance(model.reading, Answering)
        self.reading = model.reading
        weights = {key: value.astype(float) for key, value in model.weights().items()}
        self.weights = weights
        kind = CELLS[model.card.architecture]
        self.encoder, self.decoder = (kind(*(weights[f"layer_{layer}.{part}"] for part in "WRB")) for layer in (0, 1))

    def steps(self, posted: Sequence) -> Iterator[np.ndarray]:
        """What the encoder reads at each step: symbols by their place, or rows of an image."""
        if isinstance(self.reading, Texts):
            alphabet = self.reading.alphabet
            yield from (np.eye(len(alphabet))[alphabet.index(each)] for each in self.reading.taken_apart(posted))
        else:
            image = np.array(posted).reshape(8, 8) / 16.0
            yield from np.concatenate([image, *strokes(image[None])[0], np.ones((8, 1))], axis=1)

    def chances(self, posted: Sequence, symbols: list[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """Logarithms of what comes after each of ``symbols`` [len + 1, symbols], and where each looked, if it did."""
        state, memory = self.encoder.start(), []
        for read_at_once in self.steps(posted):
            state = self.encoder.step(read_at_once, state).after
            memory.append(state[0])
        states, count = [], len(self.reading.answers) + 1
        for symbol in [None, *symbols]:
            state = self.decoder.step(np.zeros(count) if symbol is None else np.eye(count)[symbol], state).after
            states.append(state[0])
        read, written = np.array(memory), np.array(states)
        attention = softmax(written @ read.T)
        looks = len(self.weights["attend.kernel"]) > len(read[0])
        both = np.concatenate((written, attention @ read), axis=1) if looks else written
        attended = np.tanh(both @ self.weights["attend.kernel"] + self.weights["attend.bias"])
        chances = np.log(softmax(attended @ self.weights["answer.kernel"] + self.weights["answer.bias"]))
        return chances, attention if looks else None


def softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: np.ndarray = shares / shares.sum(axis=-1, keepdims=True)
    return found


@every_case
def test_what_is_written_its_chance_and_its_attention_are_those_of_the_network(
    catalog: Catalog, engine: Engine, name: str, text: str
) -> None:
    require_those_of_the_network(catalog, engine, name, text)


def require_those_of_the_network(catalog: Catalog, engine: Engine, name: str, text: Sequence) -> None:
    found, oracle = engine.generate(text, name), Oracle(catalog, name)
    symbols: list[int] = []
    while 0 not in symbols and len(symbols) < len(found.steps):
        symbols.append(int(oracle.chances(text, symbols)[0][-1].argmax()))
    chances, attention = oracle.chances(text, symbols[:-1])
    written = [oracle.reading.answers[each - 1] if each else "" for each in symbols]
    assert [step.output for step in found.steps] == written
    assert found.probability == pytest.approx(math.exp(sum(chances[range(len(symbols)), symbols])), rel=1e-4)
    assert (found.attention is None) == (attention is None)
    if attention is not None:
        assert np.array(found.attention) == pytest.approx(attention, abs=1e-5)
    for step, likely in zip(found.steps, np.exp(chances), strict=True):
        assert [each.probability for each in step.alternatives] == pytest.approx(sorted(likely)[:-6:-1], abs=1e-5)


@every_case
def test_each_beam_has_a_text_of_its_own_with_the_chance_that_the_network_gives_it(
    catalog: Catalog, engine: Engine, name: str, text: str
) -> None:
    found, oracle = engine.generate(text, name, manner=Manner(beams=6)), Oracle(catalog, name)
    assert found.output == found.candidates[0].output
    assert len({each.output for each in found.candidates}) == len(found.candidates) == 6
    assert all(one.probability >= other.probability for one, other in pairwise(found.candidates))
    for each in found.candidates:
        symbols = oracle.reading.symbols_of(each.output)
        symbols = symbols[: oracle.reading.longest + 1]  # without an end where it was cut off
        chances, _ = oracle.chances(text, symbols[:-1])
        assert each.probability == pytest.approx(math.exp(sum(chances[range(len(symbols)), symbols])), rel=1e-3)


def test_more_beams_find_a_likelier_text_where_one_step_at_a_time_does_not(engine: Engine) -> None:
    odd = ["1/1/111", "Mayuary", "1. 1. 1. 1", "년월일", "11111111", "Dec Nov Oct"]
    greedy = [engine.generate(text, NAMES[-1]).probability for text in odd]
    beams = [engine.generate(text, NAMES[-1], manner=Manner(beams=8)).probability for text in odd]
    assert all(one >= other * (1 - 1e-6) for one, other in zip(beams, greedy, strict=True))
    assert any(one > 1.01 * other for one, other in zip(beams, greedy, strict=True))


def test_what_is_drawn_by_chance_is_the_seeds_and_the_temperatures(engine: Engine) -> None:
    def drawn(temperature: float, seed: int) -> str:
        return engine.generate("3 Nov 26", NAMES[-1], manner=Manner(1, temperature, seed)).output

    assert [drawn(5.0, seed) for seed in range(8)] == [drawn(5.0, seed) for seed in range(8)]
    assert len({drawn(5.0, seed) for seed in range(8)}) > 4
    assert {drawn(0.05, seed) for seed in range(8)} == {engine.generate("3 Nov 26", NAMES[-1]).output}


@every_cell
def test_a_look_inside_shows_what_each_symbol_hangs_on(catalog: Catalog, engine: Engine, name: str) -> None:
    text = "3 Nov 26"
    found = engine.inspect(text, name)
    oracle, generated = Oracle(catalog, name), engine.generate(text, name)
    assert (found.output, found.value) == (generated.output, pytest.approx(math.log(generated.probability), abs=1e-6))
    assert [step.input for step in found.steps] == list(text)
    assert found.attention == generated.attention
    connectivity = np.array(found.connectivity)
    assert connectivity.shape == (len(generated.steps), len(text))
    assert [step.influence for step in found.steps] == pytest.approx(connectivity.sum(axis=0))
    # The hidden states are those of the encoder, of which the oracle has its own.
    state = oracle.encoder.start()
    for step in found.steps:
        one_hot = np.eye(len(oracle.reading.alphabet))[oracle.reading.alphabet.index(str(step.input))]
        state = oracle.encoder.step(one_hot, state).after
        assert step.hidden == pytest.approx(state[0], abs=1e-9)


def test_a_word_hangs_on_the_one_that_says_it_however_far(engine: Engine) -> None:
    words = ["born", "in", "poland", ".", *["we", "went", "by", "train"] * 15, ".", "speaks"]
    found = engine.inspect(" ".join(words), "recall-gru")
    assert (found.output, found.attention) == ("polish", None)
    assert [step.input for step in found.steps] == words
    assert int(np.argmax([step.influence for step in found.steps])) == 2


@pytest.mark.parametrize("between", [3, 20, 60, 120, 240])
def test_lstm_and_gru_keep_the_first_country_and_the_simple_rnn_only_at_lengths_that_it_learnt(
    engine: Engine, between: int
) -> None:
    """240 words are twice as many as anybody was trained on, 20 are between the lengths that were."""
    texts, answers = sentences(np.random.default_rng(between), 25, between)
    right = {
        name: np.mean(
            [engine.generate(text, name).output == answer for text, answer in zip(texts, answers, strict=True)]
        )
        for name in RECALL
    }
    assert right["recall-lstm"] == right["recall-gru"] == 1.0
    assert (right["recall-simplernn"] > 0.9) == (between in (3, 60))
    assert between in (3, 60) or right["recall-simplernn"] < 0.5


def test_a_date_hangs_on_the_characters_that_say_it(engine: Engine) -> None:
    connectivity = np.array(engine.inspect("17 Nov 26", NAMES[-1]).connectivity)
    year, month, day = connectivity[2:4], connectivity[5:7], connectivity[8:10]
    assert year.sum(axis=0).argmax() in (7, 8)
    assert month.sum(axis=0).argmax() in (3, 4, 5)
    assert day.sum(axis=0).argmax() in (0, 1)


def test_a_character_that_is_in_no_alphabet_is_named_with_its_place(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match=r"place 3, U\+00E9") as refused:
        engine.generate("3 é", NAMES[0])
    assert refused.value.code == "not_in_alphabet"


def test_a_word_that_is_in_no_alphabet_is_named_by_its_place_only(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match=r"the one at place 3 is none of them") as refused:
        engine.generate("born in atlantis . . speaks", "recall-gru")
    assert "atlantis" not in str(refused.value.problems)
    for text in ("born  in texas", " born", "Born in texas"):
        with pytest.raises(InvalidInput, match="none of them"):
            engine.generate(text, "recall-gru")


def test_numbers_are_no_text_and_a_text_is_no_numbers(engine: Engine) -> None:
    for ask in (engine.predict, lambda sequences, name: engine.inspect(sequences[0], name)):
        with pytest.raises(InvalidInput, match="reads a text"):
            ask([[1.0, 2.0]], NAMES[0])
    with pytest.raises(InvalidInput, match="reads a list of numbers"):
        engine.inspect("3 Nov 26", "sine-gru")
    with pytest.raises(InvalidInput, match="writes nothing"):
        engine.generate("3 Nov 26", "sine-gru")
    with pytest.raises(InvalidInput, match="cannot continue"):
        engine.forecast([[1.0, 2.0]], 3, NAMES[0])


def test_answers_do_not_hang_on_who_was_asked_before(engine: Engine) -> None:
    assert engine.generate(DATES[0], NAMES[0]) == engine.generate(DATES[0], NAMES[0])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (edit("golden.json", lambda golden: golden["cases"][3].update(output="2026-11-04")), "golden answers"),
        (edit("golden.json", lambda golden: golden["cases"][3].update(output=None)), "golden answers"),
        (edit("golden.json", lambda golden: golden["cases"][3].update(value=-0.5)), "golden answers"),
        (edit("golden.json", lambda golden: golden["cases"][3].update(sequence="é")), "alphabet"),
        (edit("golden.json", lambda golden: golden["cases"][3].update(sequence=[1.0])), "one kind"),
        (edit("card.json", lambda card: card["reading"].update(alphabet="abc")), "alphabets"),
        (edit("card.json", lambda card: card["reading"].update(answers="aa")), "twice"),
        (edit("card.json", lambda card: card["reading"].update(longest=0)), "longest"),
        (edit("card.json", lambda card: card["reading"].update(rule="none")), "rule"),
        (edit("card.json", lambda card: card["reading"].pop("rule")), "rule"),
    ],
)
def test_a_spoilt_folder_is_refused_in_words(copy_model: CopyModel, spoil, said: str) -> None:
    folder = copy_model(NAMES[-1])
    spoil(folder)
    with pytest.raises(ModelRejected, match=said):
        load(read_folder(folder))


@pytest.mark.parametrize("other", ["sine-gru", "series-gru"])
def test_another_graph_is_no_encoder_decoder(catalog: Catalog, other: str) -> None:
    reading = catalog.get(NAMES[0]).reading
    with pytest.raises(ModelRejected, match="encoder-decoder"):
        reading.load((MODELS / other / "1" / "model.onnx").read_bytes())
