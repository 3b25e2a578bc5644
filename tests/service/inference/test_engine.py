from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput, UnknownModel
from service.inference.engine import Engine
from service.inference.sequences import Sequence

NEXT_VALUE = [f"{task}-{cell}" for task in ("linear", "sine") for cell in ("simplernn", "lstm", "gru")]
MEMORY = [f"memory-{cell}" for cell in ("simplernn", "lstm", "gru")]
TEXTBOOK = [
    "textbook-linear-simplernn-256",
    "textbook-linear-simplernn-4x34",
    "textbook-sine-lstm",
    "textbook-compare-gru",
]

series = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=1, max_size=40)
long_series = st.lists(st.floats(-5, 5), min_size=16, max_size=40)
pair = st.tuples(st.integers(0, 5).map(float), st.floats(-1, 1))
pairs = st.lists(pair, min_size=2, max_size=40).filter(lambda steps: any(index % 2 == 0 for index, _ in steps))


def assert_batched_like_single(engine: Engine, name: str, sequences: list[Sequence]) -> None:
    together = engine.predict(sequences, name)
    for sequence, batched in zip(sequences, together, strict=True):
        (alone,) = engine.predict([sequence], name)
        assert batched == alone


@pytest.mark.parametrize("name", NEXT_VALUE)
@given(sequences=st.lists(series, min_size=2, max_size=5))
def test_a_ragged_batch_answers_like_its_single_sequences(engine: Engine, name: str, sequences: list[Sequence]) -> None:
    assert_batched_like_single(engine, name, sequences)


@pytest.mark.parametrize("name", [*NEXT_VALUE, *MEMORY, *TEXTBOOK])
def test_a_hundred_ragged_sequences_are_answered_like_each(engine: Engine, name: str) -> None:
    random = np.random.default_rng(8)
    walks: list[list[float]] = [
        random.normal(0, 0.3, length).cumsum().round(3).tolist() for length in random.integers(16, 40, 100)
    ]
    paired: list[Sequence] = [[(float(k % 6), value) for k, value in enumerate(walk)] for walk in walks]
    assert_batched_like_single(engine, name, paired if name in MEMORY else [*walks])


@pytest.mark.parametrize("name", MEMORY)
@given(sequences=st.lists(pairs, min_size=2, max_size=5))
def test_a_ragged_batch_of_pairs_answers_like_its_single_sequences(
    engine: Engine, name: str, sequences: list[Sequence]
) -> None:
    assert_batched_like_single(engine, name, sequences)


@pytest.mark.parametrize("name", TEXTBOOK)
@given(sequences=st.lists(long_series, min_size=2, max_size=5))
def test_a_ragged_batch_of_windows_answers_like_its_single_sequences(
    engine: Engine, name: str, sequences: list[Sequence]
) -> None:
    assert_batched_like_single(engine, name, sequences)


def test_many_sequences_of_all_lengths_keep_their_order(engine: Engine) -> None:
    # Straight lines that each go on to their own number, in batches of several sizes.
    sequences: list[Sequence] = [
        [float(row - (length - k)) for k in range(length)]
        for row, length in enumerate(np.random.default_rng(5).integers(2, 300, 600).tolist())
    ]
    values = [prediction.value for prediction in engine.predict(sequences)]
    np.testing.assert_allclose(values, range(600), atol=0.01)


@pytest.mark.parametrize("name", NEXT_VALUE)
@given(
    values=st.lists(st.integers(-500, 500), min_size=1, max_size=30),
    offset=st.integers(-(10**6), 10**6),
    exponent=st.integers(-300, 300),
)
def test_offset_and_factor_carry_over_to_every_next_value_answer(
    engine: Engine, name: str, values: list[int], offset: int, exponent: int
) -> None:
    factor = 2.0**exponent
    (plain,) = engine.predict([[float(value) for value in values]], name)
    (moved,) = engine.predict([[(value + offset) * factor for value in values]], name)
    assert moved.value / factor - offset == pytest.approx(plain.value, rel=1e-9, abs=1e-9 * (abs(offset) + 1000))
    assert (moved.check is None) == (plain.check is None)
    if plain.check and moved.check:
        assert moved.check.verdict == plain.check.verdict
        assert moved.check.mae / factor == pytest.approx(plain.check.mae, rel=1e-6, abs=1e-9 * (abs(offset) + 1000))


@pytest.mark.parametrize("name", [None, *NEXT_VALUE])
@pytest.mark.parametrize("value", [0.0, 3.5, -1e300, 1e-300, 2.0**60, 5e-324])
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_a_constant_is_answered_by_itself(engine: Engine, name: str | None, value: float, count: int) -> None:
    (prediction,) = engine.predict([[value] * count], name)
    assert prediction.value == value


@pytest.mark.parametrize("name", [None, *NEXT_VALUE])
@pytest.mark.parametrize("exponent", [-1000, -500, 500, 990])
def test_the_largest_and_smallest_magnitudes_are_answered_like_any_other(
    engine: Engine, name: str | None, exponent: int
) -> None:
    wave = np.sin(0.3 * np.arange(32))
    (plain,) = engine.predict([wave.tolist()], name)
    (scaled,) = engine.predict([np.ldexp(wave, exponent).tolist()], name)
    assert np.ldexp(scaled.value, -exponent) == pytest.approx(plain.value, rel=1e-9)
    assert scaled.model == plain.model


def test_whole_numbers_beyond_2_53_are_rounded_to_the_nearest_float(engine: Engine) -> None:
    exact: list[float] = [2**53 + 1, 2**53 + 3, 2**53 + 5]
    (whole,), (rounded,) = engine.predict([exact], "sine-gru"), engine.predict([[float(x) for x in exact]], "sine-gru")
    assert whole == rounded


def test_without_a_name_the_general_model_answers_what_nobody_knows_better(engine: Engine) -> None:
    random = np.random.default_rng(8)
    sequences: list[Sequence] = [np.cumsum(random.normal(size=size)).tolist() for size in (5, 20, 60)]
    assert [each.model for each in engine.predict(sequences)] == ["series-gru"] * 3
    assert [each.model for each in engine.forecast(sequences, 4)] == ["series-gru"] * 3


def test_without_a_name_whoever_knows_a_series_better_answers_it(engine: Engine) -> None:
    line, wave = [0.7 * step - 3.0 for step in range(30)], [math.sin(0.23 * step) for step in range(40)]
    for found in (engine.predict([line, wave]), engine.forecast([line, wave], 6)):
        assert [each.model == "series-gru" for each in found] == [False, False]
    values = np.array(engine.forecast([line, wave], 6)[1].values)
    assert values == pytest.approx(np.sin(0.23 * np.arange(40, 46)), abs=0.1)


def test_pairs_without_a_model_ask_for_one(engine: Engine) -> None:
    with pytest.raises(InvalidInput) as refused:
        engine.predict([[(0.0, 1.0), (1.0, 2.0)]])
    assert refused.value.code == "model_required"


def test_an_unknown_model_is_said_before_anything_about_the_sequence(engine: Engine) -> None:
    with pytest.raises(UnknownModel):
        engine.predict([[1e308], [(0.0, 1.0)]], "nobody")
