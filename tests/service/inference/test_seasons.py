"""The season finder beside the same in plain Python, and what it must find, and must not, in made-up series."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference import seasons
from service.inference.padding import batches


def plain(values: list[float | None]) -> int:
    """The definition word by word: one number after the other."""
    recent = values[-seasons.WINDOW :]
    if all(value is None or value > 0.0 for value in recent):
        recent = [None if value is None else math.log(value) for value in recent]
    changes = [None if a is None or b is None else b - a for a, b in pairwise(recent)]
    known = [each for each in changes if each is not None]
    if len(known) < 9:
        return 1
    middle = median(known)
    cut = 8.0 * median(abs(each - middle) for each in known) or math.inf
    clipped = [None if each is None else min(max(each - middle, -cut), cut) for each in changes]
    mean = math.fsum(each for each in clipped if each is not None) / len(known)
    y = [0.0 if each is None else each - mean for each in clipped]
    if max(map(abs, y)) <= 2.0**-40 * max(abs(value) for value in recent if value is not None):
        return 1
    square = math.fsum(each * each for each in y)
    r = [math.fsum(a * b for a, b in zip(y, y[lag:], strict=False)) / square for lag in range(len(y))]
    found, best = 1, -math.inf
    for lag in seasons.CANDIDATES:
        if len(known) < 2 * lag + 1:
            continue
        bound = 1.645 * math.sqrt((1.0 + 2.0 * math.fsum(r[k] ** 2 for k in range(1, lag))) / len(known))
        if r[lag] > bound and r[lag] > r[lag - 1] and r[lag] > r[lag + 1] and r[lag] > best + 0.02:
            found, best = lag, r[lag]
    return found


def found(*series: list[float]) -> list[int]:
    answers = {}
    for batch in batches([list(each) for each in series]):
        answers |= dict(zip(batch.rows.tolist(), seasons.found(batch.values, batch.lengths).tolist(), strict=True))
    return [answers[row] for row in range(len(series))]


def seasonal(season: int, length: int, noise: float, *, trend: float = 0.1) -> list[float]:
    rng, steps = np.random.default_rng(season + length), np.arange(length)
    shape = rng.normal(size=season)
    return (50.0 + trend * steps + shape[steps % season] + noise * rng.normal(size=length)).tolist()


@pytest.mark.parametrize("season", seasons.CANDIDATES)
def test_a_clear_season_is_found_once_it_has_come_a_few_times(season: int) -> None:
    assert found(seasonal(season, max(5 * season // 2, 24), 0.01)) == [season]
    assert found(seasonal(season, 464, 0.3)) == [season]


def test_a_walk_a_line_noise_and_a_constant_have_none() -> None:
    rng = np.random.default_rng(7)
    walks = [rng.normal(size=n).cumsum().tolist() for n in 50 * (10, 40, 100, 300)]
    assert found(*walks).count(1) >= 160
    line = [0.1 * k for k in range(200)]
    assert found(line, [3.0] * 100, [1e300 * (-1) ** k for k in range(100)], [0.0] * 50 + [1.0] + [0.0] * 50)[:2] == [
        1,
        1,
    ]


def test_one_step_or_one_outlier_hides_no_season() -> None:
    series = np.array(seasonal(12, 120, 0.1))
    series[60:] += 1e3
    series[90] = 1e5
    assert found(series.tolist()) == [12]


def test_growth_by_a_share_is_read_in_logarithms() -> None:
    shape = np.array([1.0, 1.3, 0.8, 1.1])
    steps = np.arange(60)
    grown = np.exp(0.15 * steps) * shape[steps % 4]
    assert found(grown.tolist()) == [4]


@given(
    st.lists(
        st.tuples(
            st.integers(2, 90), st.sampled_from([1, 4, 7, 12]), st.floats(0.01, 3.0), st.booleans(), st.integers(0, 9)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_it_finds_what_the_definition_says_alone_and_together(
    kinds: list[tuple[int, int, float, bool, int]],
) -> None:
    series = []
    for length, season, noise, positive, seed in kinds:
        rng, steps = np.random.default_rng(seed), np.arange(length)
        values = rng.normal(size=season)[steps % season] + noise * rng.normal(size=length).cumsum()
        series.append((np.exp(values) if positive else values).tolist())
    assert found(*series) == [plain(each) for each in series] == [found(each)[0] for each in series]


def test_correlations_are_the_same_alone_and_together_to_the_bit() -> None:
    series = [seasonal(12, length, 0.5) for length in (470, 300, 290, 257, 100, 99, 70, 33, 20)]
    width = max(map(len, series))
    table = np.array([[*each, *[each[-1]] * (width - len(each))] for each in series])
    lengths = np.array([len(each) for each in series], np.int32)
    noisy = np.where(np.arange(width) % 5 == 0, np.nan, table)
    for values in (table, noisy):
        together = seasons.found(values, lengths)
        for row, length in enumerate(lengths):
            alone = seasons.found(values[row : row + 1, :length], lengths[row : row + 1])
            assert alone[0] == together[row]
        stacked = np.stack([values[0]] * 3)
        changes = seasons._differences(stacked[:, :300])[0]
        np.testing.assert_array_equal(changes, np.repeat(seasons._differences(stacked[:1, :300])[0], 3, axis=0))


def test_gaps_are_skipped() -> None:
    series = np.array(seasonal(7, 140, 0.2))
    series[[3, 50, 51, 139]] = np.nan
    values = [None if math.isnan(value) else value for value in series.tolist()]
    assert seasons.found(series[None], np.array([140], np.int32)).tolist() == [plain(values)] == [7]
    assert seasons.found(np.full((1, 40), np.nan), np.array([40], np.int32)).tolist() == [1]
