"""The autoregression that is solved at every origin: against least squares, and what holds whatever the series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.inference.readings.averaged.autoregression import LEAST, Manner, quantiles

LEVELS = np.array([0.1, 0.5, 0.9])
CONTEXT = 512
RNG = np.random.default_rng(3)
NOISY = 40.0 + np.cumsum(RNG.standard_normal(80)) + 5.0 * np.sin(0.9 * np.arange(80))
BOTH = [Manner(lags=6), Manner(lags=9, harmonics=2, trend=True, ridge=0.1, logarithms=True)]


def asked(rows: list[Any], manner: Manner, horizon: int = 5, season: int = 7) -> Any:
    lengths = np.array([len(row) for row in rows])
    table = np.full((len(rows), int(lengths.max())), np.nan)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    seasons = np.full(len(rows), season)
    return quantiles(table, lengths[:, None] - 1, seasons, horizon, LEVELS, manner, CONTEXT)[:, 0]


@pytest.mark.parametrize(
    ("drawn_to", "rule"), [("mean", [0, 0, 0, 0]), ("last", [1, 0, 0, 0]), ("season", [0, 0, 1, 0])]
)
def test_weights_are_those_of_ridge_regression(drawn_to: Any, rule: list[float]) -> None:
    lags, ridge, values, season = 4, 2.0, NOISY, 3
    scaled = (values - values.mean()) / values.std()
    rows = np.stack([np.ones(76), *(scaled[lags - lag : 80 - lag] for lag in range(1, 5))], axis=1)
    # The same squares, as observations of what the weights are drawn to.
    far = [min(lag, abs(lag - season) + 1) for lag in range(1, 5)]
    drawn = np.diag(np.sqrt([1e-9, *(ridge * each**2 for each in far)]))
    both = np.concatenate((rows, drawn)), np.concatenate((scaled[lags:], drawn @ [0.0, *rule]))
    weights = np.linalg.lstsq(*both, rcond=None)[0]
    expected = [*scaled]
    for _ in range(5):
        expected.append(weights[0] + np.dot(weights[1:], expected[: -lags - 1 : -1]))
    (found,) = asked([values], Manner(lags=lags, ridge=ridge, drawn_to=drawn_to), season=season)
    assert found[:, 1] == pytest.approx(values.mean() + values.std() * np.array(expected[80:]), rel=1e-9)


def test_lags_that_are_drawn_strongly_are_the_rule_and_its_drift() -> None:
    wave = np.tile([3.0, 9.0, 4.0, 1.0, 7.0], 8) + np.arange(40.0)
    told = {"lags": 8, "ridge": 1e12}
    (last,), (season,), (none,) = (
        asked([wave], Manner(**told, drawn_to=rule), season=length)
        for rule, length in (("last", 5), ("season", 5), ("season", 1))
    )
    steps = np.arange(1.0, 6.0)
    assert season[:, 1] == pytest.approx(wave[-5:] + 5.0, rel=1e-6)
    drift = np.diff(wave)[7:].mean()
    assert last[:, 1] == pytest.approx(wave[-1] + drift * steps, rel=1e-6)
    assert none[:, 1] == pytest.approx(last[:, 1], rel=1e-6)


def test_a_wave_on_a_line_is_continued() -> None:
    step = np.arange(120.0)
    truth = 3.0 + 0.2 * step + 4.0 * np.sin(2.0 * np.pi * step / 12.0)
    (found,) = asked([truth[:108]], Manner(lags=2, harmonics=1, trend=True, ridge=1e-6), 12, 12)
    assert found[:, 1] == pytest.approx(truth[108:], abs=0.3)


def test_bounds_widen_as_those_of_a_first_order_autoregression() -> None:
    shocks, values = RNG.standard_normal(4000), np.zeros(4000)
    for step in range(1, 4000):
        values[step] = 0.8 * values[step - 1] + shocks[step]
    found = quantiles(values[None], np.array([[3999]]), np.ones(1, int), 6, LEVELS, Manner(lags=1, ridge=1e-3), 4000)[
        0, 0
    ]
    deviation = (found[:, 2] - found[:, 1]) / 1.2815515655446004
    assert deviation == pytest.approx(np.sqrt(np.cumsum(0.8 ** (2.0 * np.arange(6)))), rel=0.05)


@pytest.mark.parametrize("manner", BOTH)
def test_an_origin_knows_nothing_of_what_comes_after_it(manner: Manner) -> None:
    later = NOISY.copy()
    later[50:] = -7.0
    origins, seasons = np.array([[49]]), np.array([7])
    one, other = (
        quantiles(values[None], origins, seasons, 4, LEVELS, manner, CONTEXT)[0, 0] for values in (NOISY, later)
    )
    assert (one == other).all()
    assert (one == asked([NOISY[:50]], manner, 4)[0]).all()


@pytest.mark.parametrize("manner", BOTH)
def test_no_bit_hangs_on_what_else_is_asked(manner: Manner) -> None:
    rows = [NOISY[: int(count)] for count in RNG.integers(LEAST, 81, 40)]
    together = asked(rows, manner)
    for row, found in zip(rows, together, strict=True):
        assert (asked([row], manner)[0] == found).all()


@pytest.mark.parametrize(("scale", "offset"), [(1e-7, 0.0), (1e250, 0.0), (3.0, -1e3)])
def test_an_answer_moves_with_offset_and_unit(scale: float, offset: float) -> None:
    plain, moved = asked([NOISY], BOTH[0])[0], asked([scale * NOISY + offset], BOTH[0])[0]
    assert moved == pytest.approx(scale * plain + offset, rel=1e-9)


def test_only_the_last_of_a_long_series_counts() -> None:
    long, origins = np.concatenate((1e6 * RNG.standard_normal(60), NOISY)), np.array([[139]])
    found = quantiles(long[None], origins, np.array([7]), 5, LEVELS, BOTH[0], 80)[0, 0]
    assert (found == asked([NOISY], BOTH[0])[0]).all()


def test_gaps_are_no_truths() -> None:
    step = np.arange(90.0)
    wave = np.sin(0.5 * step)
    gapped = wave.copy()
    gapped[[20, 21, 60]] = np.nan
    manner = Manner(lags=2, ridge=1e-6)
    truth = np.sin(0.5 * np.arange(90.0, 95.0))
    found, missed = (np.abs(asked([row], manner)[0, :, 1] - truth).max() for row in (gapped, np.nan_to_num(gapped)))
    assert found < 0.1 < missed


def test_what_never_moves_or_is_short_has_no_answer() -> None:
    assert np.isnan(asked([np.full(40, 3.0), NOISY[: LEAST - 1]], BOTH[1])).all()


def test_growth_stays_within_bounds() -> None:
    found = asked([np.exp(0.5 * np.arange(40.0))], Manner(lags=3, ridge=1e-9), 1000)[0]
    assert np.isfinite(found).all()
    assert found.max() < 1e10
