"""A few short series in plain Python give what the batched way gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.inference.answers import Prediction
from service.inference.catalog import Catalog
from service.inference.choice import answered, choose
from service.inference.engine import LEVELS, Engine
from service.inference.records import prediction, predictions
from service.inference.sequences import SHORT, batches
from service.inference.short import A_BATCH, ShortSeries, few_short_series
from service.inference.short_choice import answered_short, choose_short

# Values of similar size: with differences far apart in magnitude the least-squares fits are all rounding, either way.
VALUES = st.lists(st.integers(-1000, 1000).map(lambda k: k / 8.0), min_size=1, max_size=SHORT)
SCALES = st.sampled_from([1.0, 1e-280, 1e-6, 1e7, 1e290])


@given(VALUES, SCALES, st.sampled_from(["sine-simplernn", "sine-lstm", "linear-gru"]))
def test_a_named_model_answers_the_same_alone_and_in_a_batch(
    catalog: Catalog, values: list[float], scale: float, name: str
) -> None:
    values = [value * scale for value in values]
    (batch,) = batches([values])
    (batched,) = predictions(answered(batch, catalog.get(name)), batch.unit, LEVELS)
    series = ShortSeries(values)
    alone = prediction(answered_short(series, catalog.get(name)), series, LEVELS)
    _assert_alike(alone, batched, float(batch.unit[0]))


@given(VALUES)
def test_the_same_answerer_is_chosen_alone_and_in_a_batch(catalog: Catalog, values: list[float]) -> None:
    (batch,) = batches([values])
    models = catalog.series_models()
    series = ShortSeries(values)
    one = prediction(choose_short(series, models), series, LEVELS)
    (choice,) = choose(batch, models)
    (other,) = predictions(choice, batch.unit, LEVELS)
    if one.model != other.model:  # a tie that rounding decides
        assert one.check is not None
        assert other.check is not None
        assert one.check.mae == pytest.approx(other.check.mae, abs=2e-3 * float(batch.unit[0]))
    else:
        _assert_alike(one, other, float(batch.unit[0]))


def test_only_a_few_short_series_of_numbers_go_this_way() -> None:
    assert few_short_series([[1.0] * SHORT]) is not None
    assert few_short_series([[1.0], [1.0] * (SHORT + 1)]) is None
    assert few_short_series([[1.0]] * (A_BATCH - 1)) is not None
    assert few_short_series([[1.0]] * A_BATCH) is None
    assert few_short_series([[(0.0, 1.0)]]) is None


def test_a_magnitude_above_the_largest_is_refused_as_in_a_batch(engine: Engine) -> None:
    with pytest.raises(InvalidInput) as alone:
        engine.predict([[1.0], [1.0, 1e301]])
    with pytest.raises(InvalidInput) as together:
        engine.predict([[1.0], [1.0, 1e301], *[[1.0]] * A_BATCH])
    assert alone.value.problems == together.value.problems


def _assert_alike(one: Prediction, other: Prediction, unit: float) -> None:
    within = 1e-5 * unit
    assert (one.model, one.version) == (other.model, other.version)
    assert one.value == pytest.approx(other.value, abs=within)
    if one.check is None or other.check is None:
        assert one.check is other.check is None
        return
    if one.check.rule == other.check.rule:  # else two rules with the same error to the last bits
        assert one.check.rule_value == pytest.approx(other.check.rule_value, abs=within)
    for name in ("mae", "rule_mae"):
        assert getattr(one.check, name) == pytest.approx(getattr(other.check, name), abs=within)
    assert one.check.steps == other.check.steps
    assert one.check.verdict == other.check.verdict
    if one.intervals is None or other.intervals is None:
        assert one.intervals is other.intervals is None
        return
    assert one.intervals.keys() == other.intervals.keys() == set(LEVELS)
    for level, bounds in one.intervals.items():
        assert bounds == pytest.approx(other.intervals[level], abs=1e-3 * unit)
