from __future__ import annotations

import numpy as np
import pytest

from service.cards import Level
from service.inference.catalog import Catalog
from service.inference.check import Check
from service.inference.engine import Engine
from service.inference.intervals import all_next_value_intervals, next_value_intervals, next_value_quantiles

CHECK = Check(8, 0.5, "naive", 1.0, 2.0, 0.5, "beats")


def test_the_half_width_is_the_cards_quantile_times_the_sequences_own_error_scale(catalog: Catalog) -> None:
    card = catalog.get("sine-gru").card
    found = next_value_intervals(next_value_quantiles(card, ("80", "95")), 10.0, CHECK, 2.0)
    assert card.intervals is not None
    assert found is not None
    assert found.keys() == {"80", "95"}
    for level, (lower, upper) in found.items():
        half_width = card.intervals.quantiles[level][0] * (0.5 + 1e-3 * 2.0)  # type: ignore[index]
        assert (lower, upper) == pytest.approx((10.0 - half_width, 10.0 + half_width))


def test_without_calibration_or_without_a_check_there_is_no_interval(catalog: Catalog) -> None:
    calibrated = next_value_quantiles(catalog.get("sine-gru").card, ("80",))
    assert next_value_intervals(calibrated, 10.0, None, 2.0) is None
    assert next_value_quantiles(catalog.get("memory-gru").card, ("80",)) is None
    assert next_value_intervals(None, 10.0, CHECK, 2.0) is None


@pytest.mark.parametrize("levels", [("80", "95"), ()])
def test_the_intervals_of_many_values_are_those_of_each(catalog: Catalog, levels: tuple[Level, ...]) -> None:
    quantiles = next_value_quantiles(catalog.get("sine-gru").card, levels)
    assert quantiles is not None
    values, units = np.array([10.0, -3.3, 1e300]), np.array([2.0, 0.7, 1e299])
    together = all_next_value_intervals(quantiles, values, np.full(3, CHECK.mae), units)
    each = zip(values.tolist(), units.tolist(), strict=True)
    assert together == [next_value_intervals(quantiles, value, CHECK, unit) for value, unit in each]


@pytest.mark.parametrize("name", ["linear-gru", "sine-simplernn", "sine-lstm"])
def test_a_higher_level_gives_a_wider_interval_around_the_value(engine: Engine, name: str) -> None:
    (prediction,) = engine.predict([[0.1, 0.9, 0.3, 0.7, 0.2, 1.4, 0.3, 0.9]], name)
    found = prediction.intervals
    assert found is not None
    lowers, uppers = zip(*(found[level] for level in ("95", "90", "80")), strict=True)
    assert [*lowers, prediction.value, *reversed(uppers)] == sorted([*lowers, prediction.value, *uppers])


@pytest.mark.parametrize("name", ["textbook-sine-lstm", "memory-lstm", None])
def test_textbook_memory_and_rule_answers_have_null_intervals(engine: Engine, name: str | None) -> None:
    sequence = [(float(k % 6), 0.1 * k) for k in range(10)] if name == "memory-lstm" else [1.0, 2.0] + [3.0] * 8
    (prediction,) = engine.predict([sequence if name else [1.0, 2.0]], name)
    assert prediction.intervals is None
