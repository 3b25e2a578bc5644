"""Gaps in what is posted: nobody is judged by them, and only readings that know them are asked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference.catalog import Catalog
from service.inference.check import span
from service.inference.engine import Engine
from service.inference.rolling import Rolling
from service.inference.sequences import Batch, batches

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
