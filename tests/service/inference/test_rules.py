from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference import rules
from service.inference.least_squares import LeastSquares
from tests.service.inference import oracles

# Small whole numbers: near-singular equations are exactly singular or clearly not.
integers = st.lists(st.integers(-20, 20), min_size=1, max_size=14)
NAMES = tuple(rules.SERIES_RULES)


def answers(name: str, values: list[float]) -> np.ndarray:
    return rules.SERIES_RULES[name](np.array([values], np.float64))[0]


@pytest.mark.parametrize("name", NAMES)
@given(values=integers)
def test_each_prefix_is_answered_as_exact_least_squares_would(name: str, values: list[int]) -> None:
    expected = [float(oracles.RULES[name]([Fraction(v) for v in values[: t + 1]])) for t in range(len(values))]
    np.testing.assert_allclose(answers(name, values), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("timesteps", [1, 4, 5, 9])
def test_the_answers_from_a_step_on_are_those_of_all_steps(timesteps: int) -> None:
    fitted = LeastSquares(np.random.default_rng(4).normal(size=(timesteps, 3)))
    whole = np.empty((len(NAMES), timesteps, 3))
    rules.answer(fitted, 0, whole)
    for start in range(timesteps):
        part = np.empty((len(NAMES), timesteps - start, 3))
        rules.answer(fitted, start, part)
        np.testing.assert_array_equal(part, whole[:, start:])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("offset", "exponent"), [(10**6, 0), (0, -990), (0, 990), (10**6, 900), (-(10**6), -900)])
def test_offset_and_magnitude_carry_over_to_the_answer(name: str, offset: int, exponent: int) -> None:
    values = np.random.default_rng(3).integers(-1000, 1000, 40).astype(float)
    plain = answers(name, values.tolist())
    moved = np.ldexp(answers(name, np.ldexp(values + offset, exponent).tolist()), -exponent) - offset
    np.testing.assert_allclose(moved, plain, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@given(
    values=st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=30), cut=st.integers(1, 30)
)
def test_a_later_value_changes_no_earlier_answer(name: str, values: list[float], cut: int) -> None:
    np.testing.assert_array_equal(answers(name, values)[:cut], answers(name, values[:cut]))


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_a_batch_do_not_mix(name: str) -> None:
    table = np.random.default_rng(4).normal(size=(5, 20)) * np.array([[1e-9], [1.0], [1e9], [1e150], [1e290]])
    batch = rules.SERIES_RULES[name](table)
    for row, values in enumerate(table.tolist()):
        np.testing.assert_array_equal(batch[row], answers(name, values))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0.0, -3.5, 1e300, 1e-300, 5e-324])
def test_a_constant_is_answered_by_itself(name: str, value: float) -> None:
    np.testing.assert_array_equal(answers(name, [value] * 9), [value] * 9)


@pytest.mark.parametrize("name", ["drift", "line", "ar2"])
@pytest.mark.parametrize(("start", "slope"), [(1.0, 1.0), (1e6, 0.1), (-1e6, 1e-3), (1e299, -1e297), (0.0, 1e-299)])
def test_a_straight_line_goes_on_straight(name: str, start: float, slope: float) -> None:
    line = start + slope * np.arange(31)
    found = answers(name, line[:30].tolist())
    np.testing.assert_allclose(found[1:], line[2:], rtol=1e-12, atol=1e-6 * abs(slope))


@pytest.mark.parametrize("step", [0.05, 0.25, 1.0, 3.0])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_ar2_continues_a_sinusoid_exactly(step: float, offset: float) -> None:
    wave = offset + 2.0 * np.sin(step * np.arange(65) + 0.7)
    rounding = 1e-6 + 1e-9 * offset
    found = answers("ar2", wave[:64].tolist())
    np.testing.assert_allclose(found[31:], wave[32:], rtol=0.0, atol=rounding / min(step, 1.0) ** 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_magnitudes_give_finite_answers(name: str) -> None:
    values = (np.random.default_rng(5).choice([-1e300, 1e300, 1e-300], 200)).tolist()
    assert np.isfinite(answers(name, values)).all()


def test_an_answer_one_step_on_from_the_largest_magnitudes_is_finite() -> None:
    # A quiet wave that AR(2) knows by heart, and then a jump that makes its coefficients huge.
    values = [1e285 * math.sin(0.3 * step) for step in range(20)] + [1e300]
    assert np.isfinite(answers("ar2", values)).all()


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-1e6, 1e6)), min_size=1, max_size=20), st.integers(0, 5))
def test_means_of_pairs_read_only_the_rows_own_steps(pairs: list[tuple[int, float]], padding: int) -> None:
    indices = np.array([[float(i) for i, _ in pairs] + [0.0] * padding])
    values = np.array([[v for _, v in pairs] + [1e300] * padding])
    lengths = np.array([len(pairs)], np.int32)
    plain = [Fraction(v) for _, v in pairs]
    even = [Fraction(v) for i, v in pairs if i % 2 == 0]
    blind = rules.index_blind_mean(values, lengths)[0]
    assert blind == pytest.approx(float(sum(plain) / len(plain)), rel=1e-9, abs=1e-9)
    found = rules.even_mean(indices, values, lengths)[0]
    if even:
        assert found == pytest.approx(float(sum(even) / len(even)), rel=1e-9, abs=1e-9)
    else:
        assert np.isnan(found)


def test_a_mean_of_the_largest_values_does_not_overflow() -> None:
    values = np.full((1, 1000), 1e300)
    lengths = np.array([1000], np.int32)
    assert rules.index_blind_mean(values, lengths)[0] == pytest.approx(1e300)
    assert rules.even_mean(np.zeros_like(values), values, lengths)[0] == pytest.approx(1e300)


def seasonal_answers(values: list[list[float]], seasons: list[int], start: int) -> np.ndarray:
    fitted = LeastSquares(np.array(values).T.copy())
    out = np.empty((len(rules.NAMES), len(values[0]) - start, len(values)))
    rules.answer(fitted, start, out, np.array(seasons))
    return out[rules.NAMES.index("seasonal_naive")].T


@pytest.mark.parametrize("start", [0, 2, 5])
def test_seasonal_naive_says_the_value_one_season_before_the_next(start: int) -> None:
    values = [3.0, 8.0, 1.0, 4.0, 9.0, 2.0]
    found = seasonal_answers([values, values, values], [3, 1, 9], start)
    assert (
        found.tolist()
        == [
            [3.0, 8.0, 3.0, 8.0, 1.0, 4.0][start:],  # before there is a whole season: the value itself
            values[start:],
            values[start:],
        ]
    )
    assert seasonal_answers([values], [1], start).tolist() == [values[start:]]


@pytest.mark.parametrize(("season", "expected"), [(3, [4.0, 9.0, 2.0, 4.0]), (6, [3.0, 8.0, 1.0, 4.0]), (7, 4 * [2.0])])
def test_seasonal_naive_goes_on_with_the_last_season(season: int, expected: list[float]) -> None:
    values = np.array([[3.0, 8.0, 1.0, 4.0, 9.0, 2.0], [1.0] * 6])
    found = rules.extend("seasonal_naive", values, np.array([6, 6], np.int32), 4, seasons=np.array([season, 1]))
    assert found.tolist() == [expected, [1.0] * 4]
    without = rules.extend("seasonal_naive", values, np.array([6, 4], np.int32), 2)
    assert without.tolist() == [[2.0, 2.0], [1.0, 1.0]]
