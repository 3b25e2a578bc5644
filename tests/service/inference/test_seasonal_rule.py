"""Seasonal naive among the rules: named, checked, chosen, compared and forecast with where there is a season."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.inference import rules
from service.inference.answers import RuleBacktest
from service.inference.engine import Engine
from service.inference.padding import batches
from service.inference.seasons import Season

SHAPE = np.array([9.0, 2.0, 7.0, 1.0, 8.0, 3.0, 0.0, 6.0, 5.0, 9.0, 1.0, 4.0])


def seasonal(length: int, noise: float = 0.05) -> list[float]:
    rng = np.random.default_rng(length)
    return (SHAPE[np.arange(length) % 12] + noise * rng.normal(size=length)).tolist()


@pytest.mark.parametrize("told", [(), (12,), (12, 500)])
def test_a_season_is_repeated_and_what_an_answer_is_held_against(engine: Engine, told: tuple[int, ...]) -> None:
    values = seasonal(84)
    batch = next(batches([list(values)], told))
    (extended,) = rules.extend("seasonal_naive", batch.values, batch.lengths, 15, seasons=batch.seasons)
    assert extended.tolist() == [*values[-12:], *values[-12:-9]]
    (prediction,) = engine.predict([list(values)], season=told)
    assert prediction.check is not None
    assert (prediction.check.rule, prediction.check.rule_value) == ("seasonal_naive", values[-12])
    off = [abs(a - b) for a, b in zip(values[42:], values[30:-12], strict=True)]
    assert prediction.check.rule_mae == pytest.approx(np.mean(off))
    (forecast,) = engine.forecast([list(values)], 15, season=told)
    assert forecast.check is not None
    assert forecast.check.rule == "seasonal_naive"


def test_what_repeats_exactly_is_repeated_by_it(engine: Engine) -> None:
    exact = np.tile([3.0, 9.0, -2.0, 5.0, 5.5, 1.0, -7.0], 8).tolist()
    for season in ((), (7,)):
        (forecast,) = engine.forecast([exact], 10, season=season)
        assert (forecast.model, forecast.version) == ("rule:seasonal_naive", None)
        assert forecast.values == [*exact[:7], *exact[:3]]
        assert forecast.season == Season([7], bool(season), None)
        (prediction,) = engine.predict([exact], season=season)
        assert prediction.value == pytest.approx(3.0)


def test_a_named_model_is_checked_against_it(engine: Engine) -> None:
    (prediction,) = engine.predict([seasonal(84)], "sine-gru")
    assert prediction.check is not None
    assert (prediction.check.rule, prediction.check.rule_value) == ("seasonal_naive", seasonal(84)[-12])
    assert prediction.check.verdict == "loses"


def test_a_wrong_season_that_was_told_changes_no_answer_of_a_line(engine: Engine) -> None:
    line = [2.0 * k for k in range(40)]
    (told,), (found,) = engine.predict([list(line)], season=(7,)), engine.predict([list(line)])
    assert replace(told, season=found.season) == found
    assert (told.season, found.season) == (Season([7], True, None), Season([1], False, None))


def test_the_season_is_that_of_the_first_half_and_of_two_the_longer_that_it_holds_twice() -> None:
    series = [*np.random.default_rng(1).normal(size=60).cumsum().tolist(), *seasonal(60)]
    lengths = [np.array(series), np.array(seasonal(120)), np.array(seasonal(80)), np.array([1.0, 2.0])]
    for told, expected in (((), [1, 12, 12, 1]), ((24, 12), [24, 24, 12, 12]), ((5,), [5, 5, 5, 5])):
        found = {}
        for batch in batches([each.tolist() for each in lengths], told):
            found |= dict(zip(batch.rows.tolist(), batch.seasons.tolist(), strict=True))
        assert [found[row] for row in range(4)] == expected


def test_a_comparison_lists_it_where_there_is_a_season_and_each_as_alone(engine: Engine) -> None:
    sequences = [seasonal(84), [2.0 * k for k in range(84)]]
    together = engine.compare("sine", [list(each) for each in sequences])
    each = engine.compare_each("sine", [list(one) for one in sequences])
    alone = [engine.compare("sine", [list(one)]) for one in sequences]
    assert [rule.name for rule in together.rules][-1] == "seasonal_naive"
    assert together.rules[-1].predictions == [sequences[0][-12], sequences[1][-1]]
    for one, other in zip(each, alone, strict=True):
        assert one.rules == other.rules
        assert one.best == other.best
    assert [rule.name for rule in alone[0].rules] == ["naive", "drift", "line", "ar2", "seasonal_naive"]
    assert alone[0].best.model == "rule:seasonal_naive"
    assert [rule.name for rule in alone[1].rules] == ["naive", "drift", "line", "ar2"]


def test_a_backtest_judges_it_where_there_is_a_season(engine: Engine) -> None:
    values = seasonal(96)
    found = {each.rule: each for each in engine.backtest(list(values), 14).backtests if isinstance(each, RuleBacktest)}
    assert list(found) == ["naive", "drift", "line", "ar2", "seasonal_naive"]
    origins = range(48, 96 - 14 + 1)
    last = [abs(values[origin + 13] - values[origin - 12 + 13 % 12]) for origin in origins]
    assert (found["seasonal_naive"].horizon, found["seasonal_naive"].mae) == (14, pytest.approx(np.mean(last)))
    walk = np.random.default_rng(1).normal(size=60).cumsum().tolist()
    names = {each.rule for each in engine.backtest(walk, 3).backtests if isinstance(each, RuleBacktest)}
    assert names == {"naive", "drift", "line", "ar2"}
