"""What would have been said of each value one step before it came, and which values are odd."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference.engine import Engine
from service.inference.history import MOST_READINGS, scored
from service.inference.past import Anomalies, History
from service.inference.readings.reading import Floats


def noisy(seed: int, length: int, level: float = 0.0) -> Floats:
    found: Floats = level + np.random.default_rng(seed).standard_normal(length)
    return found


def wave(seed: int, length: int = 120) -> Floats:
    steps = np.arange(length)
    found: Floats = 50.0 + 10.0 * np.sin(2.0 * np.pi * steps / 12.0) + noisy(seed, length, 0.0)
    return found


def flagged(engine: Engine, values: Floats, level: float = 99.0, **asked: object) -> list[int]:
    (found,) = engine.anomalies([values.tolist()], level, season=(12,), **asked)  # type: ignore[arg-type]
    first = len(values) - len(found.values)
    return [first + place for place, score in enumerate(found.scores) if score is not None and score > 1.0]


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
    odd = [*several, (wave(9) + np.where(np.arange(120) == 80, 40.0, 0.0)).tolist()]
    together = engine.anomalies(odd, 99.0)
    assert together == [engine.anomalies([each], 99.0)[0] for each in odd]


@pytest.mark.parametrize("level", [50.0, 80.0, 95.0, 99.0])
def test_as_many_errors_lie_within_as_the_level_says(engine: Engine, level: float) -> None:
    values = noisy(2, 3000).tolist()
    (found,) = engine.history([values], levels=(level,))
    assert found.intervals is not None
    band = found.intervals[f"{level:g}"]
    inside = (np.array(band.lower) <= values[-len(found.values) :]) & (
        values[-len(found.values) :] <= np.array(band.upper)
    )
    assert 100.0 * inside.mean() == pytest.approx(level, abs=0.2)


def test_intervals_of_higher_levels_enclose_those_of_lower_ones(engine: Engine) -> None:
    levels = (10.0, 50.0, 80.0, 90.0, 95.0, 99.0, 99.9)
    for found in engine.history([wave(3).tolist(), [1.0, 2.0, 4.0, 3.0], [5.0] * 30], levels=levels):
        assert found.intervals is not None
        bands = list(found.intervals.values())
        for inner, outer in pairwise(bands):
            assert all(low <= high for low, high in zip(outer.lower, inner.lower, strict=True))
            assert all(low <= high for low, high in zip(inner.upper, outer.upper, strict=True))


@pytest.mark.parametrize("place", [20, 60, 118])
@pytest.mark.parametrize("model", [None, "sine-gru", "sine-lstm"])
def test_one_outlier_is_flagged_and_none_of_those_after_it(engine: Engine, place: int, model: str | None) -> None:
    values = wave(4)
    values[place] += 60.0
    found = flagged(engine, values, model=model)
    assert [each for each in found if place <= each <= place + 26] == [place]
    assert len(found) <= 3


def test_several_outliers_beside_each_other_are_all_flagged(engine: Engine) -> None:
    values = wave(5)
    values[[70, 71, 73]] += 60.0
    assert {70, 71, 73} <= set(flagged(engine, values))


def test_a_lasting_change_of_level_is_taken_up_after_a_few_readings(engine: Engine) -> None:
    values = noisy(6, 400)
    values[300:] += 30.0
    found = [place for place in flagged(engine, values) if place >= 300]
    assert 1 <= len(found) <= 2 * MOST_READINGS
    assert sum(place >= 300 + 2 * MOST_READINGS for place in found) <= 4  # as many as noise has


def test_noise_is_flagged_about_as_often_as_the_level_says(engine: Engine) -> None:
    count = len(flagged(engine, noisy(7, 5000), 99.0))
    assert 35 <= count <= 65


@pytest.mark.parametrize("level", [90.0, 99.0])
def test_a_series_that_grows_is_judged_by_how_it_moves_now(engine: Engine, level: float) -> None:
    """Twelve times as large in the end as at first: the earlier errors say little of the later ones."""
    steps, rng = np.arange(120), np.random.default_rng(11)
    several = [np.exp(0.02 * steps + 0.3 * np.sin(steps / 2.0) + 0.05 * rng.standard_normal(120)) for _ in range(20)]
    found = engine.anomalies([each.tolist() for each in several], level, last=12, season=(12,))
    outside = np.array([[score is not None and score > 1.0 for score in each.scores] for each in found])
    assert 100.0 * outside.mean() < 3.0 * (100.0 - level) + 5.0


def test_only_the_last_values_are_judged_and_they_measure_nothing(engine: Engine) -> None:
    values = noisy(8, 300)
    values[-10:] *= 50.0
    (found,) = engine.anomalies([values.tolist()], 95.0, last=10)
    assert len(found.values) == len(found.scores) == 10
    assert found.intervals is not None
    assert len(found.intervals["95"].upper) == 10
    (calm,) = engine.anomalies([values[:-10].tolist()], 95.0, last=10)
    assert calm.intervals is not None
    widths = [np.subtract(each.intervals["95"].upper, each.intervals["95"].lower).max() for each in (found, calm)]  # type: ignore[index]
    assert widths[0] < 20.0 * widths[1]


def test_a_gap_has_no_score_and_repairs_nothing(engine: Engine) -> None:
    values: list[float] = wave(10).tolist()
    values[50], values[51] = float("nan"), float("nan")
    (found,) = engine.anomalies([values], 99.0)
    first = len(values) - len(found.values)
    assert [place + first for place, score in enumerate(found.scores) if score is None] == [50, 51]
    assert np.isfinite(found.values).all()


def test_short_and_constant_series_have_a_history_as_far_as_there_is_one(engine: Engine) -> None:
    found = engine.history([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [4.0] * 10], levels=(80.0,))
    assert [len(each.values) for each in found[:3]] == [0, 0, 1]
    assert found[3].values == [4.0] * len(found[3].values)
    assert found[3].intervals is not None
    assert found[3].intervals["80"].lower == found[3].values
    (still,) = engine.anomalies([[4.0] * 10], 90.0)
    assert set(still.scores) == {0.0}


def test_a_memory_model_has_no_history(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="cannot continue"):
        engine.history([[1.0, 2.0]], "memory-gru")


def test_a_score_is_a_distance_in_units_of_the_interval_on_that_side() -> None:
    scores = scored(
        [3.0, -1.0, 2.0, None, 1.0, 1.0], 1.0, [0.0, 0.0, 0.0, 0.0, 1.0, 0.5], [2.0, 2.0, 5.0, 2.0, 1.0, 1.0]
    )
    assert scores == [2.0, 2.0, 0.25, None, 0.0, 0.0]


def test_the_price_of_anomalies_is_that_of_all_readings(engine: Engine) -> None:
    values = [wave(0, 1000).tolist()]
    once = engine.prices.predict(1, 1000, "sine-gru", None).microseconds
    assert History(values, "sine-gru", None).price(engine.prices).microseconds == pytest.approx(2 * once)
    assert Anomalies(values, "sine-gru", None, 99.0).price(engine.prices).microseconds == pytest.approx(
        (1 + MOST_READINGS) * once
    )
