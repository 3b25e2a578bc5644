"""Adaptive thresholds keep their rate whatever comes; the martingale tells a change, and seldom anything else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.adaptive import KEPT, AdaptiveThreshold, DriftMartingale, Level

RATES = (0.1, 0.01, 0.001)
SCORES = st.lists(st.sampled_from([0.0, 1e-300, 0.5, 1.0, math.inf]) | st.floats(0.0), max_size=300)


def bound(threshold, count):
    rate, gamma = threshold.level.rate, threshold.level.gamma
    return (max(rate, 1.0 - rate) + gamma) / (gamma * count)


def with_three_regimes(count=100_000):
    """Absolute errors: as calibrated, five times as large, heavy-tailed, and slowly growing."""
    rng = np.random.default_rng(1)
    errors = np.abs(rng.standard_normal(count))
    quarter = count // 4
    errors[quarter : 2 * quarter] *= 5.0
    errors[2 * quarter : 3 * quarter] = np.abs(rng.standard_t(2, quarter)) * 0.2
    errors[3 * quarter :] *= np.linspace(0.1, 3.0, count - 3 * quarter)
    return errors


@given(SCORES, st.sampled_from(RATES) | st.floats(0.0001, 0.9999))
def test_any_scores_are_flagged_at_the_rate_within_its_bound(scores, rate):
    threshold = AdaptiveThreshold(rate)
    judged = [threshold.judge(score) for score in scores]
    counted = sum(score > 0.0 for score in scores)
    if counted:
        assert abs(sum(each.flag for each in judged) / counted - rate) <= bound(threshold, counted) + 1e-12
    assert not any(each.flag for each, score in zip(judged, scores, strict=True) if score == 0.0)


@pytest.mark.parametrize("scores", [np.ones(60_000), np.geomspace(1.0, 1e9, 60_000), np.geomspace(1e9, 1.0, 60_000)])
@pytest.mark.parametrize("rate", [0.1, 0.01])
def test_the_bound_holds_where_every_score_is_alike_or_larger_or_smaller_than_all_before(scores, rate):
    threshold = AdaptiveThreshold(rate)
    flags = np.cumsum([threshold.judge(score).flag for score in scores.tolist()])
    count = np.arange(1, len(scores) + 1)
    assert (np.abs(flags / count - rate) <= bound(threshold, count) + 1e-12).all()
    assert (flags <= rate * count + rate / threshold.level.gamma + 1.0 + 1e-9).all()


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.001])
def test_ten_odd_values_in_a_row_are_all_flagged_and_few_more(rate):
    level = Level(rate)
    flags = [level.flags(1e-9) for _ in range(20)]
    assert all(flags[:10])
    assert not any(flags[11:])


@pytest.mark.parametrize("rate", RATES)
def test_through_three_changes_of_regime_a_tenth_of_the_rate_is_kept(rate):
    threshold = AdaptiveThreshold(rate)
    scores = with_three_regimes().tolist()
    assert sum(threshold.judge(score).flag for score in scores) / len(scores) == pytest.approx(rate, rel=0.1)


def test_p_is_the_share_of_the_last_scores_that_are_as_large():
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 40, 3 * KEPT).astype(float)
    threshold = AdaptiveThreshold(0.01)
    for place, score in enumerate(scores.tolist()):
        judged = threshold.judge(score)
        last = scores[max(place - KEPT, 0) : place + 1]
        assert judged.p == (last >= score).mean()
        assert judged.middle == pytest.approx((last > score).mean() + (last == score).mean() / 2.0, abs=1e-15)


def test_a_gap_changes_nothing_and_what_is_no_score_is_refused():
    threshold = AdaptiveThreshold(0.1)
    threshold.judge(1.0)
    before = threshold.pack()
    assert threshold.judge(None) == (None, None, False)
    assert threshold.pack() == before
    for wrong in (math.nan, -1.0):
        with pytest.raises(ValueError, match="zero or more"):
            threshold.judge(wrong)


@pytest.mark.parametrize("count", [0, 1, KEPT - 1, KEPT, 3 * KEPT])
def test_what_was_packed_goes_on_to_the_bit(count):
    scores = with_three_regimes(count + 500).tolist()
    threshold, drift = AdaptiveThreshold(0.05), DriftMartingale(0.01)
    for score in scores[:count]:
        drift.update(threshold.judge(score).middle)
    restored, redrift = AdaptiveThreshold.unpack(threshold.pack()), DriftMartingale.unpack(drift.pack())
    for score in scores[count:]:
        judged = threshold.judge(score)
        assert restored.judge(score) == judged
        assert redrift.update(judged.middle) == drift.update(judged.middle)
    assert restored.pack() == threshold.pack()
    assert redrift.pack() == drift.pack()


def test_bytes_that_nothing_packed_are_refused():
    for wrong in (b"", bytes(15), bytes(17), bytes(16 + 8 * (KEPT + 1))):
        with pytest.raises(ValueError, match="adaptive threshold"):
            AdaptiveThreshold.unpack(wrong)
    with pytest.raises(ValueError, match="martingale"):
        DriftMartingale.unpack(bytes(8))


def highest(scores, rate=0.1):
    """The most that the martingale held over ``scores``, and where it first passed 1 / rate."""
    threshold, drift = AdaptiveThreshold(0.01), DriftMartingale(rate)
    held = [drift.update(threshold.judge(score).middle) for score in scores]
    return max(value for value, _ in held), next((place for place, (_, above) in enumerate(held) if above), None)


def test_without_a_change_the_martingale_passes_its_threshold_as_seldom_as_it_says():
    passed = [highest(np.abs(np.random.default_rng(seed).standard_normal(1500)).tolist())[1] for seed in range(60)]
    assert sum(place is not None for place in passed) <= 10  # 6 are allowed on average; more than 10 in 4 % of cases


@pytest.mark.parametrize("factor", [3.0, 1 / 3.0])
def test_a_change_in_the_size_of_errors_is_told_within_some_hundred_values_even_after_a_long_time(factor):
    scores = np.abs(np.random.default_rng(3).standard_normal(21_000))
    scores[20_000:] *= factor
    _, place = highest(scores.tolist(), 0.01)
    assert place is not None
    assert 20_000 < place < 20_300


def test_equal_scores_are_no_drift():
    assert highest([0.0] * 3000) == (pytest.approx(1.0), None)
