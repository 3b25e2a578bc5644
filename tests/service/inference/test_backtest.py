"""The rolling-origin judgement against a loop that forecasts every prefix by itself."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest

from service.errors import InvalidInput, NonFiniteOutput, UnknownModel
from service.inference import rules
from service.inference.answers import ModelBacktest, RuleBacktest
from service.inference.backtest import MOST_ORIGINS, backtest, origins_of
from service.inference.engine import Engine
from service.inference.half_widths import of_rule, z_of
from service.inference.network import Features, Lengths, State
from service.inference.padding import batches
from service.levels import LEVELS, NAMES
from tests.service.inference.conftest import MakeModel

WAVE = [3.0 + 2.0 * math.sin(0.3 * k) + 0.2 * math.cos(5.0 * k) for k in range(41)]
WALK = np.random.default_rng(5).normal(size=60).cumsum().tolist()
LINE = [-40.0 + 2.0 * k for k in range(30)]
Scores = dict[tuple[str, int], tuple[float, float, dict[str, float] | None]]


def plain(engine: Engine, series: list[float], horizon: int, models: list[str]) -> Scores:
    """Mean absolute error, sMAPE and coverage by name and steps ahead: one forecast for each origin, by the book."""
    errors: dict[tuple[str, int], list[float]] = defaultdict(list)
    shares: dict[tuple[str, int], list[float]] = defaultdict(list)
    held: dict[tuple[str, int, str], list[bool]] = defaultdict(list)
    for origin in range(math.ceil(len(series) / 2), len(series) - horizon + 1):
        known, coming = series[:origin], series[origin : origin + horizon]
        forecasts = {}
        for model in models:
            forecast = engine.forecast([list(known)], horizon, model)[0]
            forecasts[model] = forecast.values
            for level, band in (forecast.intervals or {}).items():
                for ahead, value in enumerate(coming):
                    held[model, ahead + 1, level].append(band.lower[ahead] <= value <= band.upper[ahead])
        for rule in rules.SERIES_RULES:
            extended = rules.extend(rule, np.array([known]), np.array([origin], np.int32), horizon)
            forecasts[f"rule:{rule}"] = extended[0].tolist()
            steps, says = min(origin // 2, origin - 2), rules.SERIES_RULES[rule](np.array([known]))[0]
            mae = np.abs(says[:-1] - known[1:])[-steps:].mean()
            widths = of_rule(rule, np.array([steps]), np.array([1]), tuple(map(z_of, LEVELS)), horizon)[:, 0]
            widths *= mae + 1e-3 * np.abs(np.diff(known)).mean()
            for level, width in zip(NAMES, widths, strict=True):
                for ahead, value in enumerate(coming):
                    held[f"rule:{rule}", ahead + 1, level].append(abs(value - extended[0, ahead]) <= width[ahead])
        for name, values in forecasts.items():
            for ahead, (value, foretold) in enumerate(zip(coming, values, strict=True)):
                size = abs(value) + abs(foretold)
                errors[name, ahead + 1].append(abs(value - foretold))
                shares[name, ahead + 1].append(2.0 * abs(value - foretold) / size if size else 0.0)
    return {
        key: (
            float(np.mean(errors[key])),
            float(np.mean(shares[key])),
            {level: float(np.mean(held[*key, level])) for level in NAMES} if (*key, "80") in held else None,
        )
        for key in errors
    }


@pytest.mark.parametrize("series", [WAVE, WALK, LINE], ids=["wave", "walk", "line"])
def test_scores_are_those_of_a_forecast_from_every_origin(engine: Engine, series: list[float]) -> None:
    names, horizon = ["sine-simplernn", "sine-lstm", "linear-gru", "textbook-linear-simplernn-20"], 4
    expected = plain(engine, series, horizon, names)
    found = engine.backtest(series, horizon, names)
    assert (found.origins, found.first, found.last) == (
        len(series) // 2 - horizon + 1,
        math.ceil(len(series) / 2),
        len(series) - horizon,
    )
    naive = np.abs(np.diff(series[: found.first])).mean()
    assert found.scale == pytest.approx(naive)
    scores = {(name_of(each), each.horizon): each for each in found.backtests}
    assert list(scores) == [
        (name, ahead) for name in [*names, *(f"rule:{rule}" for rule in rules.SERIES_RULES)] for ahead in (1, 2, 3, 4)
    ]
    for key, (mae, smape, coverage) in expected.items():
        assert scores[key].mae == pytest.approx(mae, rel=1e-4, abs=1e-5 * naive), key
        assert scores[key].mase == pytest.approx(scores[key].mae / naive)
        assert scores[key].smape == pytest.approx(smape, rel=1e-4, abs=1e-5), key
        assert scores[key].coverage == (None if coverage is None else pytest.approx(coverage)), key


def name_of(entry: ModelBacktest | RuleBacktest) -> str:
    return entry.model if isinstance(entry, ModelBacktest) else f"rule:{entry.rule}"


def test_the_best_has_the_lowest_error_over_all_horizons(engine: Engine) -> None:
    found = engine.backtest(WAVE, 3)
    totals: dict[str, list[float]] = defaultdict(list)
    for each in found.backtests:
        totals[name_of(each)].append(each.mae)
    assert totals.keys() == {
        *(model.card.name for model in engine.catalog.candidates.always),
        *(f"rule:{rule}" for rule in rules.SERIES_RULES),
    }
    lowest = min(totals, key=lambda name: float(np.mean(totals[name])))
    assert found.best.model == lowest
    assert lowest.startswith("sine-")
    assert found.best.mae == pytest.approx(np.mean(totals[lowest]))
    assert found.best.mase == pytest.approx(found.best.mae / found.scale)


def test_where_a_rule_is_exact_and_the_networks_are_not_the_rule_is_best(engine: Engine) -> None:
    ringing = [0.95**k * math.cos(1.9 * k) for k in range(40)]
    assert engine.backtest(ringing, 2).best.model == "rule:ar2"


def test_many_origins_are_an_even_selection_with_both_ends() -> None:
    assert origins_of(9, 2).tolist() == [5, 6, 7]
    chosen = origins_of(10_000, 7)
    assert (len(chosen), chosen[0], chosen[-1]) == (MOST_ORIGINS, 5000, 9993)
    assert set(np.diff(chosen).tolist()) <= {25, 26}


class Counting:
    """A network whose state counts the steps it has read, and whose answers are that count."""

    def __init__(self) -> None:
        self.longest = 0

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        self.longest = max(self.longest, sequence.shape[1])
        before = np.zeros((1, len(sequence), 1), np.float32) if state is None else state["count"]
        answers = before[0] + np.arange(1, sequence.shape[1] + 1, dtype=np.float32)
        return answers, {"count": answers[None, :, -1:]}


def test_a_long_series_is_read_once_in_parts_of_bounded_length(make_model: MakeModel) -> None:
    network = Counting()
    length = 80_000
    found = backtest([make_model(network)], next(batches([[float(k) for k in range(length)]])), 1)
    origins = origins_of(length, 1)
    assert network.longest < origins[0]
    # S is 1, so the answer after o values, the last of them o - 1, is o - 1 + o, and o came.
    assert found.backtests[0].mae == pytest.approx(float(np.mean(origins - 1)))


def test_what_came_is_not_known_before_it_came(engine: Engine) -> None:
    """Only the last value differs: nothing but its own error does."""
    changed = [*WAVE[:-1], 100.0]
    before, after = (engine.backtest(series, 1, ["sine-gru"]).backtests for series in (WAVE, changed))
    count = len(WAVE) // 2
    for one, other in zip(before, after, strict=True):
        forecast = engine.forecast([WAVE[:-1]], 1, "sine-gru")[0].values[0]
        if isinstance(one, ModelBacktest):
            moved = (abs(100.0 - forecast) - abs(WAVE[-1] - forecast)) / count
            assert other.mae - one.mae == pytest.approx(moved, rel=1e-4)


def test_a_constant_start_has_no_scale_and_a_constant_series_no_error(engine: Engine) -> None:
    stepped = [5.0] * 10 + [5.0, 6.0] * 4
    found = engine.backtest(stepped, 1)
    assert found.scale == 0.0
    assert {each.mase for each in found.backtests} == {None}
    assert found.best.mase is None
    constant = engine.backtest([5.0] * 12, 2)
    assert {(each.mae, each.smape, each.mase) for each in constant.backtests} == {(0.0, 0.0, None)}
    assert not constant.best.model.startswith("rule:")


def test_the_shortest_series_is_judged_with_the_intervals_there_are(engine: Engine) -> None:
    """Two values have no checked step and so no interval; three have."""
    found = engine.backtest([1.0, 2.0, 4.0, 7.0], 1, ["sine-gru"])
    assert (found.origins, found.first, found.scale) == (2, 2, 1.0)
    assert found.backtests[0].coverage is not None
    assert set(found.backtests[0].coverage.values()) <= {0.0, 1.0}
    assert engine.backtest([1.0, 2.0, 4.0, 7.0], 2, ["sine-gru"]).backtests[0].coverage is None


def test_a_zero_that_was_foretold_is_no_error(engine: Engine) -> None:
    assert {each.smape for each in engine.backtest([0.0] * 8, 1, ["linear-gru"]).backtests} == {0.0}


def test_values_near_the_largest_stay_finite(engine: Engine) -> None:
    found = engine.backtest([(-1.0) ** k * 1e200 for k in range(12)], 4)
    assert all(math.isfinite(each.mae) and each.smape <= 2.0 for each in found.backtests)


@pytest.mark.parametrize(
    ("length", "horizon", "models", "code", "expected"),
    [
        (3, 1, None, "sequence_too_short", "at least 4 values"),
        (11, 6, None, "sequence_too_short", "at least 12 values"),
        (30, 2, ["textbook-compare-gru"], "sequence_too_short", "at least 31 values"),
        (40, 2, ["memory-gru"], "not_forecastable", "a next-value model"),
        (40, 2, ["sine-gru", "textbook-memory-lstm"], "not_forecastable", "a next-value model"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_reason(
    engine: Engine, length: int, horizon: int, models: list[str] | None, code: str, expected: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        engine.backtest([float(k % 3) for k in range(length)], horizon, models)
    assert refused.value.code == code
    assert expected in f"{refused.value.detail} {refused.value.problems[-1].expected}"


def test_pairs_unknown_models_and_values_too_large_to_forecast_from_are_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput) as refused:
        engine.backtest([(float(k), 0.5) for k in range(20)], 1)
    assert refused.value.code == "wrong_input"
    with pytest.raises(UnknownModel):
        engine.backtest(WAVE, 1, ["no-such-model"])
    with pytest.raises(InvalidInput) as refused:
        engine.backtest([1e201 * k for k in range(20)], 1)
    assert refused.value.code == "out_of_range"


def test_more_scores_than_an_answer_holds_are_refused(make_model: MakeModel) -> None:
    batch = next(batches([[float(k) for k in range(2000)]]))
    models = [make_model(0.5, name=f"own-{k}") for k in range(22)]
    with pytest.raises(InvalidInput) as refused:
        backtest(models, batch, 1000)
    assert refused.value.code == "too_long"


def test_a_model_without_intervals_has_no_coverage_and_one_that_answers_nan_is_an_error(make_model: MakeModel) -> None:
    batch = next(batches([WAVE]))
    found = backtest([make_model(0.5, intervals=None)], batch, 2)
    assert [each.coverage for each in found.backtests if isinstance(each, ModelBacktest)] == [None, None]
    with pytest.raises(NonFiniteOutput):
        backtest([make_model(math.nan)], batch, 2)
