"""Series that are hardly any, or of no usual size: what is answered to them is defined, and in their own unit."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference.engine import Engine
from service.inference.intervals import STILL, UNCHECKED

MONTHS = (20.0 + 5.0 * np.sin(np.arange(40) * np.pi / 6.0) + np.random.default_rng(3).standard_normal(40)).tolist()
SALES = [0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 4, 0, 0, 1]


@pytest.mark.parametrize("model", [None, "series-gru"])
@pytest.mark.parametrize("unit", [1e-250, 1e-6, 7e5, 1e150])
def test_every_unit_has_the_same_answer_in_it(engine: Engine, model: str | None, unit: float) -> None:
    asked = {"model": model, "levels": (80.0, 95.0), "quantiles": (0.1,)}
    (plain,) = engine.forecast([MONTHS], 6, **asked)  # type: ignore[arg-type]
    (other,) = engine.forecast([[unit * value for value in MONTHS]], 6, **asked)  # type: ignore[arg-type]
    assert other.model == plain.model
    assert np.array(other.values) / unit == pytest.approx(plain.values, rel=1e-6)
    assert plain.intervals is not None
    assert other.intervals is not None
    for level, band in plain.intervals.items():
        assert np.array(other.intervals[level].lower) / unit == pytest.approx(band.lower, rel=1e-6)
        assert np.array(other.intervals[level].upper) / unit == pytest.approx(band.upper, rel=1e-6)
    assert plain.check is not None
    assert other.check is not None
    assert other.check.mae / unit == pytest.approx(plain.check.mae, rel=1e-6)
    assert (other.check.rule, other.check.verdict) == (plain.check.rule, plain.check.verdict)


def test_a_forecast_of_what_is_too_large_to_grow_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="too large to forecast from") as refused:
        engine.forecast([MONTHS, [1e250 * value for value in MONTHS]], 3)
    assert [problem.where for problem in refused.value.problems] == ["sequences.1"]


@pytest.mark.parametrize("constant", [0.0, -3.0, 5e-324, 1e200])
@pytest.mark.parametrize("model", [None, "series-gru"])
def test_a_constant_is_continued_and_nothing_says_how_far_it_may_move(
    engine: Engine, model: str | None, constant: float
) -> None:
    (found,) = engine.forecast([[constant] * 20], 3, model)
    assert (found.values, found.intervals) == ([constant] * 3, None)
    assert STILL in found.warnings


def test_one_value_is_said_again_and_two_are_a_line(engine: Engine) -> None:
    (one,), (two,) = engine.forecast([[5.0]], 3), engine.forecast([[1.0, 2.0]], 3)
    assert (one.model, one.values) == ("rule:naive", [5.0] * 3)
    assert (two.model, two.values) == ("rule:drift", [3.0, 4.0, 5.0])
    for each in (one, two):
        assert (each.check, each.intervals) == (None, None)
        assert UNCHECKED in each.warnings


def test_two_values_are_enough_for_a_named_general_model(engine: Engine) -> None:
    (found,) = engine.forecast([[1.0, 2.0]], 3, "series-gru", levels=(80.0,))
    assert found.check is None
    assert found.intervals is not None
    band = found.intervals["80"]
    assert (np.array(band.lower) >= 0.0).all()
    assert (np.array(band.lower) < found.values).all()
    assert (found.values < np.array(band.upper)).all()


def test_counts_are_never_foretold_below_zero(engine: Engine) -> None:
    (found,) = engine.forecast([[*map(float, SALES)]], 12, levels=(99.9,), quantiles=(0.001,))
    assert found.model == "series-gru"
    assert min(found.values) >= 0.0
    assert found.intervals is not None
    assert found.quantiles is not None
    assert min(found.intervals["99.9"].lower) == min(found.quantiles["0.001"]) == 0.0
    assert max(found.intervals["99.9"].upper) < 100.0


def test_levels_beyond_those_of_the_network_end_at_zero_too(engine: Engine) -> None:
    shares = [
        0.94,
        0.94,
        0.92,
        1.12,
        0.75,
        0.6,
        0.57,
        0.6,
        0.58,
        0.53,
        0.6,
        0.5,
        0.47,
        0.52,
        0.54,
        0.85,
        0.65,
        0.67,
        0.69,
    ]
    of = engine.predict([shares], "series-gru", levels=(99.0, 99.99999), season=(12,))[0]
    (ahead,) = engine.forecast([shares], 16, "series-gru", levels=(99.0, 99.99999), season=(12,))
    assert of.intervals is not None
    assert ahead.intervals is not None
    assert 0.0 == of.intervals["99.99999"][0] < of.intervals["99"][0]
    assert min(ahead.intervals["99.99999"].lower) == 0.0
    (below,) = engine.forecast([[-0.01, *shares[1:]]], 16, "series-gru", levels=(99.99999,), season=(12,))
    assert below.intervals is not None
    assert min(below.intervals["99.99999"].lower) < 0.0


def test_what_is_too_long_to_be_read_is_told(engine: Engine) -> None:
    walk = np.random.default_rng(1).standard_normal(600).cumsum().tolist()
    whole, read = engine.predict([walk, walk[-512:]], "series-gru")
    assert "series-gru answers from the last 512 values, not from the 88 before them." in whole.warnings
    assert "series-gru was trained on lengths of 9 to 448 steps; this one has 512." in read.warnings
    assert whole.value == pytest.approx(read.value, rel=1e-6)
