"""Gaps in what is posted: nobody is judged by them, and only readings that know them are asked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference.batch import Batch
from service.inference.catalog import Catalog
from service.inference.check import span
from service.inference.engine import Engine
from service.inference.padding import batches
from service.inference.rolling import Origins, Rolling

GAP = None


def batch_of(*series: list[Any]) -> Batch:
    (batch,) = batches(list(series))
    return batch


def test_a_gap_holds_the_value_before_it_and_is_known_as_one() -> None:
    batch = batch_of([GAP, 2.0, GAP, GAP, 5.0], [1.0, 2.0, 3.0, 4.0, GAP])
    assert batch.values.tolist() == [[2.0, 2.0, 2.0, 2.0, 5.0], [1.0, 2.0, 3.0, 4.0, 4.0]]
    assert batch.seen is not None
    assert batch.seen.tolist() == [[False, True, False, False, True], [True, True, True, True, False]]
    assert [math.isnan(value) for value in batch.gapped[0].tolist()] == [True, False, True, True, False]
    whole = batch_of([1.0, 2.0], [3.0, 4.0])
    assert whole.seen is None
    assert whole.gapped is whole.values


def test_nan_is_a_gap_too() -> None:
    assert batch_of([1.0, math.nan, 3.0]).values.tolist() == batch_of([1.0, GAP, 3.0]).values.tolist()


def test_gaps_are_not_among_the_checked_steps() -> None:
    batch = batch_of([1.0, 2.0, 3.0, 4.0, 5.0, GAP, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0, GAP, GAP, GAP, GAP])
    assert span(batch).steps.tolist() == [3, 0]


def test_a_gap_is_no_truth_of_a_forecast() -> None:
    gapped: list[Any] = [float(value) for value in range(20)]
    gapped[14] = GAP
    rolling = Rolling(batch_of(gapped), 3, batch_of(gapped).seasons)
    naive = rolling.rule_errors[0, :, 0].tolist()
    # Origin 12 would see 12, 13 and 14, of which the last is nobody's: 1 and 2 away from what naive says.
    assert naive[rolling.origins.known[:, 0].tolist().index(12)] == 1.5
    assert naive[rolling.origins.known[:, 0].tolist().index(10)] == 2.0


@pytest.mark.parametrize("ask", ["predict", "forecast"])
def test_without_a_name_those_are_asked_who_know_gaps(engine: Engine, ask: str) -> None:
    asked: dict[str, Any] = {"horizon": 2} if ask == "forecast" else {}
    walk = np.random.default_rng(1).standard_normal(30).cumsum().tolist()
    (found,) = getattr(engine, ask)([[*walk[:9], GAP, GAP, *walk[9:], GAP]], **asked)
    assert found.model == "series-gru"
    alone = Engine(Catalog([engine.catalog.get("sine-gru")], {}))
    (ruled,) = getattr(alone, ask)([[*walk[:9], GAP, GAP, *walk[9:], GAP]], **asked)
    assert ruled.model.startswith("rule:")


def test_a_sequence_with_gaps_changes_nothing_for_its_neighbours(engine: Engine) -> None:
    series: list[list[Any]] = np.random.default_rng(5).standard_normal((6, 12)).tolist()
    series[2][4] = series[2][11] = series[4][0] = GAP
    together = engine.predict(series)
    for one, alone in zip(together, [engine.predict([each])[0] for each in series], strict=True):
        assert one == alone


def test_a_model_that_knows_no_gaps_says_who_does(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="series-gru") as refused:
        engine.predict([[1.0, 2.0, 3.0], [1.0, GAP, 3.0]], "linear-gru")
    assert refused.value.code == "gaps"
    assert [problem.where for problem in refused.value.problems] == ["sequences.1"]


def test_gaps_alone_are_no_series(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="no gap") as refused:
        engine.predict([[1.0, 2.0, 3.0], [GAP, GAP, GAP]])
    assert refused.value.code == "only_gaps"
    assert [problem.where for problem in refused.value.problems] == ["sequences.1"]


def test_a_series_with_gaps_is_not_backtested(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="a value at each step") as refused:
        engine.backtest([1.0, 2.0, GAP, 4.0, 5.0, 6.0, 7.0, 8.0], 2)  # type: ignore[list-item]
    assert refused.value.code == "gaps"


def test_nobody_is_judged_by_what_is_said_before_the_first_value(engine: Engine) -> None:
    late: list[Any] = [GAP] * 20 + [1.0, 2.0, 4.0, 7.0, 11.0, 16.0]
    # The first value is known at 20, and two points before 22: from there on four values are left.
    assert span(batch_of(late)).steps.tolist() == [4]
    rolling = Rolling(batch_of(late), 3, np.array([1]))
    assert rolling.origins.known[:, 0].tolist() == [22, 23]
    assert rolling.rule_errors[0, :, 0].tolist() == pytest.approx([(2 + 5 + 9) / 3, (3 + 7 + 12) / 3])
    (predicted,) = engine.predict([late])
    assert predicted.check is not None
    assert predicted.check.steps == 4
    (judged,) = engine.anomalies([late], 99.0)
    assert judged.first == 22
    only: list[Any] = [GAP] * 5 + [2.0] + [GAP] * 5
    (forecast,), (predicted,) = engine.forecast([only], 3), engine.predict([only])
    assert forecast.check is predicted.check is None
    assert forecast.values == [2.0, 2.0, 2.0]


def test_an_origin_that_only_gaps_follow_does_not_count() -> None:
    ended: list[Any] = [*map(float, range(18)), *[GAP] * 8]
    rolling = Rolling(batch_of(ended), 3, np.array([1]))
    # Of the later half, from 13 on, the last value is at 17.
    assert rolling.origins.known[: int(rolling.origins.counted[0]), 0].tolist() == [13, 14, 15, 16, 17]
    # Naive is off by 1, 2 and 3 as far as there are values.
    assert rolling.rule_errors[0, :5, 0].tolist() == pytest.approx([2.0, 2.0, 2.0, 1.5, 1.0])
    assert rolling.mean(rolling.rule_errors)[0, 0] == pytest.approx(8.5 / 5)


def test_origins_beside_gapped_sequences_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(2)
    series: list[Any] = [rng.standard_normal(40).tolist() for _ in range(6)]
    series[0][:23] = [GAP] * 23
    series[2][30:] = [GAP] * 10
    series[3][1:39] = [GAP] * 38
    series[4][::2] = [GAP] * 20
    together = Rolling(batch_of(*series), 4, np.ones(6, np.int64))
    for row, each in enumerate(series):
        alone = Rolling(batch_of(each), 4, np.ones(1, np.int64))
        count = int(alone.origins.counted[0])
        assert together.origins.counted[row] == count
        assert together.origins.known[:count, row].tolist() == alone.origins.known[:count, 0].tolist()
        assert together.rule_errors[:, :count, row].tolist() == alone.rule_errors[:, :count, 0].tolist()
    assert together.origins.known[:, 1].tolist() == Origins.of(np.array([40], np.int32), 4).known[:, 0].tolist()


def test_mase_counts_known_values_only() -> None:
    # Of the values before the first origin, at 10, those at 2, 4, 6 and 8 are known besides the first: 2 apart.
    gapped: list[Any] = [float(value) if value % 2 == 0 else GAP for value in range(20)]
    assert Rolling(batch_of(gapped), 2, np.array([1])).unit().tolist() == [2.0]


def test_what_weighs_seasons_is_a_record_since_the_first_value(engine: Engine) -> None:
    values = [5.0, 3.0, 4.0, 2.0, 6.0, 1.0]
    (alone,), *late = (engine.forecast([[GAP] * count + values], 4, "series-gru") for count in (0, 5, 20, 40))  # type: ignore[list-item]
    assert alone.season is not None
    for (each,) in late:
        assert each.season is not None
        # Four steps ahead nothing can be held against what came: as alone, what is believed before decides.
        assert each.season.weights == alone.season.weights == {"1": 0.6667, "seasonal naive 1": 0.3333}
