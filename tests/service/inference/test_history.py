"""What would have been said of each value one step before it came."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference.engine import Engine
from service.inference.past import History
from tests.service.inference.noise import noisy, wave


@pytest.mark.parametrize("model", ["sine-gru", "linear-lstm", "textbook-linear-simplernn-20"])
def test_each_answer_is_that_to_the_values_before_it(engine: Engine, model: str) -> None:
    values = wave(0, 60).tolist()
    (found,) = engine.history([values], model)
    before = [values[:count] for count in range(len(values) - len(found.values), len(values))]
    told = [each.value for each in engine.predict(before, model, levels=())]
    assert found.values == pytest.approx(told, abs=1e-5 if model.startswith("textbook") else 1e-6)
    assert found.intervals is None


def test_a_rule_answers_a_history_too(engine: Engine) -> None:
    values = np.cumsum(noisy(1, 200)).tolist()
    (found,) = engine.history([values], levels=(80.0,))
    assert found.model.startswith("rule:") == (found.version is None)
    assert len(found.values) >= 190
    assert found.intervals is not None
    assert len(found.intervals["80"].lower) == len(found.values)


def test_a_history_is_the_same_alone_and_among_others(engine: Engine) -> None:
    several = [wave(seed, length).tolist() for seed, length in enumerate((40, 120, 7, 60, 120))]
    together = engine.history(several, levels=(80.0, 99.0))
    assert together == [engine.history([each], levels=(80.0, 99.0))[0] for each in several]


@pytest.mark.parametrize("level", [50.0, 80.0, 95.0, 99.0])
def test_as_many_errors_lie_within_as_the_level_says(engine: Engine, level: float) -> None:
    values = noisy(2, 3000).tolist()
    (found,) = engine.history([values], levels=(level,))
    assert found.intervals is not None
    band = found.intervals[f"{level:g}"]
    inside = (np.array(band.lower) <= values[-len(found.values) :]) & (
        values[-len(found.values) :] <= np.array(band.upper)
    )
    assert 100.0 * inside.mean() == pytest.approx(level, abs=0.5)


def test_intervals_of_higher_levels_enclose_those_of_lower_ones(engine: Engine) -> None:
    levels = (10.0, 50.0, 80.0, 90.0, 95.0, 99.0, 99.9)
    for found in engine.history([wave(3).tolist(), [1.0, 2.0, 4.0, 3.0], [5.0] * 30], levels=levels):
        assert found.intervals is not None
        bands = list(found.intervals.values())
        for inner, outer in pairwise(bands):
            assert all(low <= high for low, high in zip(outer.lower, inner.lower, strict=True))
            assert all(low <= high for low, high in zip(inner.upper, outer.upper, strict=True))


def test_short_and_constant_series_have_a_history_as_far_as_there_is_one(engine: Engine) -> None:
    found = engine.history([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [4.0] * 10], levels=(80.0,))
    assert [len(each.values) for each in found[:3]] == [0, 0, 1]
    assert found[3].values == [4.0] * len(found[3].values)
    assert found[3].intervals is not None
    assert found[3].intervals["80"].lower == found[3].values


def test_a_memory_model_has_no_history(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="cannot continue"):
        engine.history([[1.0, 2.0]], "memory-gru")


def test_the_price_of_a_history_is_that_of_two_readings(engine: Engine) -> None:
    values = [wave(0, 1000).tolist()]
    once = engine.prices.predict(1, 1000, "sine-gru", None).microseconds
    assert History(values, "sine-gru", None).price(engine.prices).microseconds == pytest.approx(2 * once)
