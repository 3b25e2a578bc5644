from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference import scaling
from tests.service.inference.oracles import causal_scaling

series = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=40)


def row(values: list[float]) -> np.ndarray:
    return np.array([values], np.float64)


@given(series)
def test_features_and_scales_are_those_of_the_definition(values: list[float]) -> None:
    scales, features = causal_scaling(values)
    scaled = scaling.causal(row(values))
    np.testing.assert_allclose(scaled.scale[0], scales, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(scaled.features[0], features, rtol=1e-6, atol=1e-30)
    assert scaled.features.dtype == np.float32
    assert scaled.scale.dtype == np.float64


@given(series, st.integers(1, 40))
def test_a_later_value_changes_nothing_before_it(values: list[float], cut: int) -> None:
    whole, prefix = scaling.causal(row(values)), scaling.causal(row(values[:cut]))
    np.testing.assert_array_equal(whole.features[:, :cut], prefix.features)
    np.testing.assert_array_equal(whole.scale[:, :cut], prefix.scale)


@given(series, st.integers(0, 40), st.integers(1, 5))
def test_a_carried_state_goes_on_as_one_pass_would(values: list[float], start: int, at_once: int) -> None:
    start = min(start, len(values))
    whole = scaling.causal(row(values))
    known = np.array([start], np.int32)
    state = scaling.carry(row(values), known) if start else scaling.begin(row(values)[:, 0])
    for t in range(start, len(values), at_once):
        further = row(values[t : t + at_once])
        scaled, state = scaling.advance(state, further)
        steps = slice(t, t + at_once)
        assert scaled.features.tobytes() == whole.features[:, steps].tobytes()
        assert scaled.scale.tobytes() == np.ascontiguousarray(whole.scale[:, steps]).tobytes()
    end = scaling.carry(row(values), np.array([len(values)], np.int32))
    assert [part.tolist() for part in state] == [part.tolist() for part in end]


def test_a_carry_of_a_ragged_batch_ends_at_each_rows_own_length() -> None:
    values = np.array([[1.0, 3.0, 3.0, 3.0], [2.0, 1.0, 5.0, 0.0]])
    state = scaling.carry(values, np.array([2, 4], np.int32))
    np.testing.assert_array_equal(state.last, [3.0, 0.0])
    np.testing.assert_array_equal(state.total, [2.0, 10.0])
    np.testing.assert_array_equal(state.differences, [1.0, 3.0])


def test_where_nothing_moved_the_answer_is_the_value_itself() -> None:
    values = row([7.25, 7.25, 7.25])
    features, scale = scaling.causal(values)
    assert not features.any()
    assert not scale.any()
    outputs = np.full((1, 3), 1e6, np.float32)
    np.testing.assert_array_equal(scaling.answers(values, scale, outputs), values)


@pytest.mark.parametrize("magnitude", [1e300, 1e-300, 5e-324])
def test_the_largest_and_smallest_magnitudes_stay_finite(magnitude: float) -> None:
    features, scale = scaling.causal(row([magnitude, -magnitude] * 500))
    assert np.isfinite(features).all()
    assert np.isfinite(scale).all()


@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=30), st.integers(-(10**6), 10**6), st.integers(-900, 900)
)
def test_an_offset_and_a_factor_leave_no_trace_in_the_features(values: list[int], offset: int, exponent: int) -> None:
    plain = scaling.causal(row([float(value) for value in values]))
    # Whole numbers and a power of two: exact in floating point, so not a single bit may differ.
    moved = scaling.causal(np.ldexp(row([float(value + offset) for value in values]), exponent))
    np.testing.assert_array_equal(moved.features, plain.features)
    np.testing.assert_array_equal(moved.scale, np.ldexp(plain.scale, exponent))
