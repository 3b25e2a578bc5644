"""The record over a forecast's own horizon, against a loop over origins and rules in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.batch import Batch
from service.inference.measures import naive_error
from service.inference.padding import batches
from service.inference.rolling import HorizonCheck, Origins, Rolling
from service.inference.rules import NAMES
from tests.service.inference import oracles

Forecast = list[float]


def batch_of(series: list[list[float]]) -> Batch:
    (batch,) = batches([list(each) for each in series])
    return batch


def ahead(rule: str, known: list[float], horizon: int, season: int) -> list[Fraction]:
    """The rule said again and again, each time of what it said itself."""
    values = oracles.exact(known)
    for _ in range(horizon):
        if rule == "seasonal_naive":
            values.append(values[-season] if season <= len(known) else values[-1])
        else:
            values.append(oracles.RULES[rule](values))
    return values[len(known) :]


def origins_of(length: int, horizon: int) -> list[int]:
    every = list(range(max(length - length // 2, 2), length - horizon + 1))
    if len(every) <= 8:
        return every
    return [every[math.floor(place * (len(every) - 1) / 7 + 0.5)] for place in range(8)]


def record(series: list[float], horizon: int, season: int, forecasts: dict[int, Forecast]) -> HorizonCheck | None:
    """The definition: every origin, every rule, every step."""
    horizon = min(horizon, len(series) // 2, len(series) - 2)
    if horizon < 1:
        return None
    origins = origins_of(len(series), horizon)
    errors = {name: [] for name in ("forecast", *NAMES)}  # type: dict[str, list[float]]
    for origin in origins:
        known, coming = series[:origin], series[origin : origin + horizon]
        said = {name: ahead(name, known, horizon, season) for name in NAMES}
        for name, values in {"forecast": forecasts[origin][:horizon], **said}.items():
            errors[name].append(
                fmean(float(abs(Fraction(a) - Fraction(b))) for a, b in zip(values, coming, strict=True))
            )
    mae, rule = fmean(errors["forecast"]), min(NAMES, key=lambda name: fmean(errors[name]))
    rule_mae, scale = fmean(errors[rule]), naive_error(np.array(series[: origins[0]]), season)
    exact = 1e-3 * fmean(abs(b - a) for a, b in pairwise(series))
    off = [a - b for a, b in zip(errors["forecast"], errors[rule], strict=True)]
    pieces = min((origins[-1] - origins[0]) / horizon + 1.0, len(off))  # that do not overlap
    spread = math.sqrt(np.var(off, ddof=1) / pieces) if len(off) > 1 else 0.0
    tied = abs(mae - rule_mae) <= max(exact, spread)
    return HorizonCheck(
        len(origins),
        horizon,
        mae,
        None if math.isnan(scale) else mae / scale,
        rule,
        rule_mae,
        1.0 - mae / rule_mae if rule_mae >= exact and rule_mae > 0.0 else None,
        "ties" if tied else "beats" if mae < rule_mae else "loses",
    )


def forecasts_of(found: Rolling, off: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """What came, but ``off`` at every second step, and more the later the origin."""
    steps = np.arange(found.horizon)[:, None, None]
    return found._truth + off * (steps % 2 * 2.0 - 1.0) * (1.0 + 0.1 * found.origins.known)


@pytest.mark.parametrize("horizon", [1, 3, 5, 40])
@pytest.mark.parametrize("season", [1, 4, 7])
def test_the_record_is_that_of_every_origin_rule_and_step(horizon: int, season: int) -> None:
    rng = np.random.default_rng(season)
    series = []
    for length in (2, 3, 4, 9, 16, 23):
        level = rng.integers(-9, 9, season)[np.arange(length) % season] + 0.5 * np.arange(length)
        series.append((level + rng.integers(-1, 2, length)).tolist())
    batch = batch_of(series)
    found = Rolling(batch, horizon, np.full(len(series), season))
    forecasts = forecasts_of(found, 0.3)
    for place, (row, check) in enumerate(zip(batch.rows, found.checks(forecasts), strict=True)):
        known = found.origins.known[:, place].tolist()
        posted = {origin: forecasts[:, k, place].tolist() for k, origin in enumerate(known)}
        expected = record(series[row], horizon, season, posted)
        if expected is None:
            assert check is None
            continue
        assert check is not None
        assert (check.origins, check.horizon, check.verdict) == (expected.origins, expected.horizon, expected.verdict)
        for field in ("mae", "mase", "rule_mae", "skill"):
            value = getattr(expected, field)
            assert getattr(check, field) == (None if value is None else pytest.approx(value, rel=1e-6, abs=1e-7)), field
        means = found.mean(found.rule_errors)[:, place]
        assert check.rule == expected.rule or means[NAMES.index(expected.rule)] == pytest.approx(check.rule_mae)


def test_each_rule_says_what_it_would_say_of_the_known_values_alone() -> None:
    rng = np.random.default_rng(3)
    series = [(rng.integers(0, 9, n) + 0.25 * np.arange(n)).tolist() for n in (12, 17, 20)]
    batch = batch_of(series)
    found = Rolling(batch, 4, np.array([4, 1, 6]))
    for name, said in zip(NAMES, found.forecasts, strict=True):
        for place, row in enumerate(batch.rows):
            for k, origin in enumerate(found.origins.known[:, place].tolist()):
                expected = ahead(name, series[row][:origin], 4, int(found.seasons[place]))
                assert said[:, k, place].tolist() == pytest.approx(list(map(float, expected)), rel=1e-6, abs=1e-6), name


def test_many_origins_are_an_even_selection_with_both_ends() -> None:
    found = Origins.of(np.array([7, 100, 1000], np.int32), 12)
    assert found.counted.tolist() == [1, 8, 8]
    assert found.horizon.tolist() == [3, 12, 12]
    assert (found.known[0].tolist(), found.known[-1].tolist()) == ([4, 50, 500], [4, 88, 988])
    assert set(np.diff(found.known[:, 2]).tolist()) <= {69, 70}


@given(
    st.lists(st.tuples(st.integers(1, 70), st.integers(1, 12), st.integers(0, 99)), min_size=2, max_size=7),
    st.integers(1, 20),
)
def test_a_sequence_has_the_same_record_alone_and_in_a_batch_to_the_bit(
    kinds: list[tuple[int, int, int]], horizon: int
) -> None:
    series = [np.random.default_rng(seed).normal(size=length).cumsum().tolist() for length, _, seed in kinds]
    batch = batch_of(series)
    seasons = np.array([kinds[row][1] for row in batch.rows])
    together = Rolling(batch, horizon, seasons)
    checks = together.checks(forecasts_of(together, 0.2))
    for place, row in enumerate(batch.rows):
        alone = Rolling(batch_of([series[row]]), horizon, seasons[place : place + 1])
        (check,) = alone.checks(forecasts_of(alone, 0.2))
        assert check == checks[place]


def test_what_comes_later_changes_no_record_of_what_was_said_before() -> None:
    series = np.random.default_rng(1).normal(size=40).tolist()
    changed = [*series[:-1], 1e6]
    one, other = (Rolling(batch_of([each]), 4, np.array([3])) for each in (series, changed))
    np.testing.assert_array_equal(one.forecasts, other.forecasts)
    np.testing.assert_array_equal(one.rule_errors[:, :-1], other.rule_errors[:, :-1])
    assert (one.rule_errors[:, -1] < other.rule_errors[:, -1]).all()


def test_exact_constant_and_enormous_series_have_records() -> None:
    waves = [2.0, 7.0, 1.0, 5.0] * 8
    found = Rolling(batch_of([waves]), 4, np.array([4]))
    (check,) = found.checks(found._truth)
    assert check == HorizonCheck(8, 4, 0.0, 0.0, "seasonal_naive", 0.0, None, "ties")
    constant = Rolling(batch_of([[3.0] * 20]), 4, np.array([1]))
    (check,) = constant.checks(constant._truth)
    assert check == HorizonCheck(7, 4, 0.0, None, "naive", 0.0, None, "ties")
    enormous = Rolling(batch_of([[(-1.0) ** k * 1e300 for k in range(20)]]), 5, np.array([2]))
    (check,) = enormous.checks(np.zeros_like(enormous._truth))
    assert check is not None
    assert (check.rule, check.rule_mae, check.mae, check.verdict) == (
        "seasonal_naive",
        0.0,
        pytest.approx(1e300),
        "loses",
    )


def test_no_season_makes_seasonal_naive_the_naive_rule_and_naive_is_named() -> None:
    walk = np.random.default_rng(2).normal(size=30).cumsum().tolist()
    found = Rolling(batch_of([walk]), 3, np.array([1]))
    np.testing.assert_array_equal(found.forecasts[0], found.forecasts[-1])
    means = found.mean(found.rule_errors)[:, 0]
    assert NAMES[means[[0, -1]].argmin()] == "naive"
