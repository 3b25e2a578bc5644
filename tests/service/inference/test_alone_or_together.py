"""An answer is the same to the bit whatever is asked beside it: alone, in six, in 64, ragged and padded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.inference.answers import Comparison
from service.inference.engine import Engine
from service.inference.network import OnnxNetwork
from service.inference.padding import BATCH_STEPS
from service.inference.sequences import Rows, Sequence
from tests.drawn import drawn_series

SERIES = drawn_series(1500, seed=20)
MODERATE: list[list[float]] = [each for each in SERIES if len(each) >= 16 and max(map(abs, each)) < 1e29]
PAIRS: list[Sequence] = [[(float(step % 6), value) for step, value in enumerate(each)] for each in MODERATE]
NAMES = [f"{task}-{cell}" for task in ("linear", "sine") for cell in ("simplernn", "lstm", "gru")]
TEXTBOOK = ["textbook-sine-gru", "textbook-linear-simplernn-4x34", "textbook-compare-lstm"]


def in_groups(sequences: list[Any], size: int, ask: Callable[[list[Any]], list[Any]]) -> list[Any]:
    return [answer for start in range(0, len(sequences), size) for answer in ask(sequences[start : start + size])]


def assert_the_same_in_any_company(sequences: list[Any], ask: Callable[[list[Any]], list[Any]]) -> None:
    alone = in_groups(sequences, 1, ask)
    for size in (2, 6, 64):
        together = in_groups(sequences, size, ask)
        # Every field of every record: values, checks, intervals and warnings.
        differ = [row for row, pair in enumerate(zip(alone, together, strict=True)) if pair[0] != pair[1]]
        assert not differ, (size, alone[differ[0]], together[differ[0]])


@pytest.mark.parametrize("many", [250, pytest.param(len(SERIES), marks=pytest.mark.system)])
def test_an_unnamed_series_is_answered_the_same_in_any_company(engine: Engine, many: int) -> None:
    assert_the_same_in_any_company(SERIES[:many], engine.predict)


@pytest.mark.parametrize("name", [*NAMES, "series-simplernn", "series-lstm", "series-gru"])
def test_a_named_model_answers_the_same_in_any_company(engine: Engine, name: str) -> None:
    few = 60 if name.startswith("series") else 300
    assert_the_same_in_any_company(SERIES[:few], lambda some: engine.predict(some, name))


@pytest.mark.parametrize("name", TEXTBOOK)
def test_a_windowed_model_answers_the_same_in_any_company(engine: Engine, name: str) -> None:
    assert_the_same_in_any_company(MODERATE[:200], lambda some: engine.predict(some, name))


@pytest.mark.parametrize("name", ["memory-simplernn", "memory-lstm", "memory-gru"])
def test_a_memory_model_answers_the_same_in_any_company(engine: Engine, name: str) -> None:
    assert_the_same_in_any_company(PAIRS[:200], lambda some: engine.predict(some, name))


@pytest.mark.parametrize(
    "name", [None, "series-lstm", "sine-simplernn", "sine-lstm", "linear-gru", "textbook-sine-gru"]
)
def test_a_forecast_is_the_same_in_any_company(engine: Engine, name: str | None) -> None:
    assert_the_same_in_any_company(MODERATE[:64], lambda some: engine.forecast(some, 30, name))


@pytest.mark.parametrize("task", ["sine", "memory"])
def test_a_comparison_is_the_same_in_any_company(engine: Engine, task: str) -> None:
    def compare(some: list[Any]) -> list[Comparison]:
        found = engine.compare_each(task, some)
        return [replace(each, results=[replace(result, duration_us=0) for result in each.results]) for each in found]

    sequences: list[Any] = PAIRS if task == "memory" else [*MODERATE]
    assert_the_same_in_any_company(sequences[:128], compare)


def test_all_ways_to_ask_give_the_same_answer(engine: Engine) -> None:
    """A forecast begins with the prediction, but of a general model; a comparison and tensors give it too."""
    some = MODERATE[:64]
    for name in ("sine-simplernn", "sine-lstm", "sine-gru", "series-gru", "series-simplernn"):
        predicted = engine.predict([*some], name)
        values = [each.value for each in predicted]
        task = name.split("-")[0]
        assert task == "series" or [each.values[0] for each in engine.forecast([*some], 3, name)] == values
        (compared,) = engine.compare(task, [*some], models=[name]).results
        assert (compared.predictions, compared.checks) == (values, [each.check for each in predicted])
        padded = np.full((64, 80), np.nan)
        for row, series in enumerate(some):
            padded[row, : len(series)] = series
        lengths = np.array(list(map(len, some)))
        assert engine.next_values(Rows(padded, lengths), name).values == values


def test_beside_long_series_a_short_one_keeps_its_answer(engine: Engine) -> None:
    long = np.random.default_rng(3).normal(size=BATCH_STEPS // 8).cumsum().tolist()
    together = engine.predict([*MODERATE[:40], long, long])
    assert together[:40] == [engine.predict([each])[0] for each in MODERATE[:40]]
    assert together[40] == together[41] == engine.predict([long])[0]


def test_every_network_gives_a_row_alone_the_very_bits_of_any_batch(engine: Engine) -> None:
    rng = np.random.default_rng(4)
    for model in engine.catalog:
        network = model.network
        if model.reading.general or model.reading.writes:  # which are asked in other ways
            continue
        assert isinstance(network, OnnxNetwork)
        features = model.reading.features
        for rows in (2, 3, 7, 17, 64):
            steps = int(rng.integers(1, 40))
            lengths = rng.integers(1, steps + 1, rows).astype(np.int32)
            sequence = rng.normal(size=(rows, steps, features)).astype(np.float32)
            together, after = network.run(sequence, lengths)
            for row in {0, rows // 2, rows - 1}:
                length = int(lengths[row])
                alone, state = network.run(sequence[row : row + 1, :length], lengths[row : row + 1])
                np.testing.assert_array_equal(alone[0], together[row, :length])
                for name, part in state.items():
                    np.testing.assert_array_equal(part[0, 0], after[name][0, row])
