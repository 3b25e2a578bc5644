"""Free-running forecasts: carried states against reading everything anew, rules, horizons and intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference import rules
from service.inference.engine import Engine
from service.inference.sequences import Sequence

SERIES = [3.0 + 2.0 * math.sin(0.3 * k) + 0.05 * math.cos(7.0 * k) for k in range(32)]


@pytest.mark.parametrize("model", ["linear-simplernn", "sine-lstm", "sine-gru", "textbook-sine-gru"])
def test_a_forecast_is_the_prediction_of_each_value_after_the_ones_before_it(engine: Engine, model: str) -> None:
    forecast = engine.forecast([list(SERIES)], 6, model)[0]
    known: list[float] = list(SERIES)
    for value in forecast.values:
        expected = engine.predict([list(known)], model)[0].value
        assert value == pytest.approx(expected, abs=1e-4)
        known.append(value)


@pytest.mark.parametrize("rule", list(rules.SERIES_RULES))
@pytest.mark.parametrize("timesteps", [1, 2, 5, 9, 30])
def test_a_rule_continues_as_if_its_own_answers_had_come_true(rule: str, timesteps: int) -> None:
    known = np.random.default_rng(3).normal(size=timesteps).cumsum()
    padded = np.append(known, [known[-1]] * 4)[None]
    continued = rules.extend(rule, padded, np.array([timesteps], np.int32), 5)[0]
    if rule == "ar2" and timesteps < 5:
        rule = "drift"  # stands for it, and goes on standing for it
    for value in continued:
        assert value == pytest.approx(rules.SERIES_RULES[rule](known[None])[0, -1], rel=1e-9, abs=1e-9)
        known = np.append(known, value)


def test_an_unstable_rule_stays_finite() -> None:
    exploding = np.array([[(-3.0) ** k + 0.1 * k * k for k in range(12)]])
    assert np.isfinite(rules.extend("ar2", exploding, np.array([12], np.int32), 1000)).all()


def test_sequences_keep_their_order_and_are_forecast_as_if_alone(engine: Engine) -> None:
    sequences: list[Sequence] = [SERIES[:9], SERIES, [1.0, 2.0, 3.0, 4.0], SERIES[3:20], [5.0], [1.0, 2.0]]
    together = engine.forecast(sequences, 4)
    for sequence, forecast in zip(sequences, together, strict=True):
        alone = engine.forecast([sequence], 4)[0]
        assert forecast == alone


@pytest.mark.parametrize("model", ["linear-simplernn", "sine-lstm", "sine-gru"])
@pytest.mark.parametrize("series", [SERIES, [2.0], [1.0, 1.0, 1.0], [1e-300, 3e-300, 2e-300, 9e-300], [1e199, -1e199]])
def test_one_sequence_is_carried_on_as_in_a_batch(engine: Engine, model: str, series: list[float]) -> None:
    assert engine.forecast([series], 30, model)[0] == engine.forecast([series, series], 30, model)[1]


def test_one_point_is_continued_by_itself_and_two_by_their_line(engine: Engine) -> None:
    one, two = engine.forecast([[5.0], [1.0, 2.0]], 3)
    assert (one.model, one.values) == ("rule:naive", [5.0, 5.0, 5.0])
    assert (two.model, two.values) == ("rule:drift", [3.0, 4.0, 5.0])


def test_intervals_are_wider_for_higher_levels_and_grow_past_the_calibrated_horizon(engine: Engine) -> None:
    forecast = engine.forecast([list(SERIES)], 60, "sine-gru")[0]
    assert forecast.intervals is not None
    widths = {level: np.array(band.upper) - np.array(band.lower) for level, band in sorted(forecast.intervals.items())}
    assert (widths["80"] < widths["90"]).all()
    assert (widths["90"] < widths["95"]).all()
    assert (np.diff(widths["90"][20:]) > 0.0).all()
    assert any("calibrated up to 20 steps" in warning for warning in forecast.warnings)


def test_within_the_calibrated_horizon_nothing_is_said_of_extrapolation(engine: Engine) -> None:
    forecast = engine.forecast([list(SERIES)], 20, "sine-gru", levels=(80.0,))[0]
    assert forecast.intervals is not None
    assert forecast.intervals.keys() == {"80"}
    assert not any("extrapolated" in warning for warning in forecast.warnings)


def test_the_first_forecast_interval_is_that_of_the_prediction(engine: Engine) -> None:
    forecast = engine.forecast([list(SERIES)], 3, "sine-lstm")[0]
    prediction = engine.predict([list(SERIES)], "sine-lstm")[0]
    assert forecast.intervals is not None
    assert prediction.intervals is not None
    for level, (lower, upper) in prediction.intervals.items():
        assert forecast.intervals[level].lower[0] == pytest.approx(lower, abs=1e-5)
        assert forecast.intervals[level].upper[0] == pytest.approx(upper, abs=1e-5)


def test_a_memory_model_says_that_it_cannot_forecast_before_it_looks_at_the_sequence(engine: Engine) -> None:
    with pytest.raises(InvalidInput) as caught:
        engine.forecast([[1.0, 2.0]], 3, "memory-gru")
    assert caught.value.code == "not_forecastable"


def test_a_value_too_large_to_grow_from_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput) as caught:
        engine.forecast([[1.0, 2.0], [1e250, 2e250]], 3)
    with pytest.raises(InvalidInput) as alone:
        engine.forecast([[1e250, 2e250]], 3)
    assert (alone.value.code, alone.value.problems[0].where) == ("out_of_range", "sequences.0")
    assert caught.value.code == "out_of_range"
    assert caught.value.problems[0].where == "sequences.1"


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e9, 1e199])
def test_forecasts_scale_with_their_input_at_any_magnitude(engine: Engine, scale: float) -> None:
    plain = np.array(engine.forecast([list(SERIES)], 30, "sine-gru")[0].values)
    scaled = np.array(engine.forecast([[scale * value for value in SERIES]], 30, "sine-gru")[0].values)
    assert scaled / scale == pytest.approx(plain, abs=1e-3)
