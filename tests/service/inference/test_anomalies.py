"""Which values of a series are odd, and where its level changed."""

from __future__ import annotations

import numpy as np
import pytest

from service.arrays import Floats
from service.inference.anomalies import MOST_READINGS, scored
from service.inference.answers import Anomalies as Found
from service.inference.answers import Shift
from service.inference.engine import Engine
from service.inference.past import Anomalies
from tests.service.inference.noise import noisy, wave


def judged(engine: Engine, values: Floats, level: float = 99.0, **asked: object) -> Found:
    (found,) = engine.anomalies([values.tolist()], level, season=(12,), **asked)  # type: ignore[arg-type]
    return found


def flagged(engine: Engine, values: Floats, level: float = 99.0, **asked: object) -> list[int]:
    found = judged(engine, values, level, **asked)
    assert len(found.p) == len(found.flags) == len(found.values) == len(values) - found.first
    return [found.first + place for place, flag in enumerate(found.flags) if flag]


@pytest.mark.parametrize("place", [20, 60, 118])
@pytest.mark.parametrize("model", [None, "sine-gru", "sine-lstm"])
def test_one_outlier_is_flagged_and_none_of_those_after_it(engine: Engine, place: int, model: str | None) -> None:
    values = wave(4)
    values[place] += 60.0
    found = flagged(engine, values, model=model)
    assert [each for each in found if place <= each <= place + 26] == [place]
    assert len(found) <= 3


def test_several_outliers_beside_each_other_are_all_flagged(engine: Engine) -> None:
    values = wave(5)
    values[[70, 71, 73]] += 60.0
    assert {70, 71, 73} <= set(flagged(engine, values))


def test_noise_is_flagged_about_as_often_as_the_level_says(engine: Engine) -> None:
    count = len(flagged(engine, noisy(7, 5000), 99.0))
    assert 35 <= count <= 65


@pytest.mark.parametrize("level", [90.0, 99.0])
def test_a_series_that_grows_is_judged_by_how_it_moves_now(engine: Engine, level: float) -> None:
    """Twelve times as large in the end as at first: the earlier errors say little of the later ones."""
    steps, rng = np.arange(120), np.random.default_rng(11)
    several = [np.exp(0.02 * steps + 0.3 * np.sin(steps / 2.0) + 0.05 * rng.standard_normal(120)) for _ in range(20)]
    found = engine.anomalies([each.tolist() for each in several], level, last=12, season=(12,))
    outside = np.array([[score is not None and score > 1.0 for score in each.scores] for each in found])
    assert 100.0 * outside.mean() < 3.0 * (100.0 - level) + 5.0


def test_only_the_last_values_are_judged_and_they_measure_nothing(engine: Engine) -> None:
    values = noisy(8, 300)
    values[-10:] *= 50.0
    (found,) = engine.anomalies([values.tolist()], 95.0, last=10)
    assert len(found.values) == len(found.scores) == 10
    assert found.intervals is not None
    assert len(found.intervals["95"].upper) == 10
    (calm,) = engine.anomalies([values[:-10].tolist()], 95.0, last=10)
    assert calm.intervals is not None
    widths = [np.subtract(each.intervals["95"].upper, each.intervals["95"].lower).max() for each in (found, calm)]  # type: ignore[index]
    assert widths[0] < 20.0 * widths[1]


def test_a_gap_has_no_score_and_repairs_nothing(engine: Engine) -> None:
    values: list[float] = wave(10).tolist()
    values[50], values[51] = float("nan"), float("nan")
    (found,) = engine.anomalies([values], 99.0)
    first = len(values) - len(found.values)
    assert [place + first for place, score in enumerate(found.scores) if score is None] == [50, 51]
    assert np.isfinite(found.values).all()


def test_a_score_is_a_distance_in_units_of_the_interval_on_that_side() -> None:
    scores = scored(
        [3.0, -1.0, 2.0, None, 1.0, 1.0], 1.0, [0.0, 0.0, 0.0, 0.0, 1.0, 0.5], [2.0, 2.0, 5.0, 2.0, 1.0, 1.0]
    )
    assert scores == [2.0, 2.0, 0.25, None, 0.0, 0.0]


def test_the_price_of_anomalies_is_that_of_all_readings(engine: Engine) -> None:
    values = [wave(0, 1000).tolist()]
    once = engine.prices.predict(1, 1000, "sine-gru", None).microseconds
    assert Anomalies(values, "sine-gru", None, 99.0).price(engine.prices).microseconds == pytest.approx(
        (1 + MOST_READINGS) * once
    )


def test_the_same_is_odd_alone_and_among_others(engine: Engine) -> None:
    several = [wave(seed, length).tolist() for seed, length in enumerate((40, 120, 7, 60, 120))]
    shifted = noisy(2, 200) + np.where(np.arange(200) >= 90, 20.0, 0.0)
    odd = [*several, (wave(9) + np.where(np.arange(120) == 80, 40.0, 0.0)).tolist(), shifted.tolist()]
    together = engine.anomalies(odd, 99.0)
    assert together == [engine.anomalies([each], 99.0)[0] for each in odd]


@pytest.mark.parametrize("model", [None, "series-gru", "sine-lstm"])
@pytest.mark.parametrize("size", [30.0, -12.0])
def test_a_lasting_change_of_level_is_taken_up_within_a_season_and_told(
    engine: Engine, model: str | None, size: float
) -> None:
    values = wave(6, 300)
    values[200:] += size
    found = judged(engine, values, model=model)
    told = [shift for shift in found.shifts if abs(shift.step - 200) < 12]
    assert told == [Shift(200, pytest.approx(size, rel=0.25))]
    flags = [found.first + place for place, flag in enumerate(found.flags) if flag]
    assert flags.count(200) == 1
    assert sum(place >= 212 for place in flags) <= 4  # as many as noise has


def test_a_short_season_takes_a_change_up_as_soon(engine: Engine) -> None:
    steps = np.arange(200)
    values = noisy(3, 200) + np.array([0.0, 9.0, 3.0, -8.0])[steps % 4] + np.where(steps >= 120, 40.0, 0.0)
    (found,) = engine.anomalies([values.tolist()], 99.0, season=(4,))
    assert 120 in [shift.step for shift in found.shifts]
    assert not any(found.flags[124 - found.first : 150 - found.first])


def test_a_dip_is_no_shift_and_a_dip_that_lasts_is_two(engine: Engine) -> None:
    dip, lasting = wave(2, 240), wave(2, 240)
    dip[150:154] -= 25.0
    lasting[150:180] -= 25.0
    assert [each.step for each in judged(engine, dip, model="series-gru").shifts if each.step > 20] == []
    steps = [each for each in judged(engine, lasting, model="series-gru").shifts if each.step > 20]
    assert [each.step for each in steps] == [150, 180]
    assert [np.sign(each.size) for each in steps] == [-1, 1]


def test_a_change_at_the_very_end_is_not_told_before_it_is_known_to_last(engine: Engine) -> None:
    values = wave(6, 202)
    values[200:] += 30.0
    found = judged(engine, values, model="series-gru")
    assert found.flags[-2:] == [True, True]
    assert not [each for each in found.shifts if each.step >= 200]


def test_a_walk_is_flagged_where_it_jumps_and_not_after(engine: Engine) -> None:
    values = np.cumsum(noisy(1, 1000))
    values[700:] += 15.0
    found = [place for place in flagged(engine, values, model="series-gru") if 695 <= place < 710]
    assert found == [700]


def test_p_is_small_where_a_value_is_odd_and_uniform_where_none_is(engine: Engine) -> None:
    p = np.array(judged(engine, noisy(4, 2000), model="series-gru").p, np.float64)
    for share in (0.01, 0.05, 0.2, 0.5, 0.9):
        assert (p <= share).mean() == pytest.approx(share, abs=3.0 * np.sqrt(share * (1 - share) / len(p)) + 1e-3)
    values = wave(4)
    values[60] += 60.0
    found = judged(engine, values)
    assert 0.0 < found.p[60 - found.first] < 1e-6
    assert found.p.index(min(each for each in found.p if each is not None)) == 60 - found.first


@pytest.mark.parametrize("level", [80.0, 95.0, 99.0, 99.9])
def test_a_value_is_flagged_where_its_p_is_no_larger_than_the_level_leaves(engine: Engine, level: float) -> None:
    found = judged(engine, wave(8, 1500), level)
    small = [each is not None and each <= 1.0 - level / 100.0 + 1e-12 for each in found.p]
    assert found.flags == small
    assert found.flags == [score is not None and score > 1.0 for score in found.scores]


def test_the_level_changes_flags_and_intervals_alone(engine: Engine) -> None:
    values = wave(5) + np.where(np.arange(120) == 80, 40.0, 0.0)
    one, other = judged(engine, values, 90.0), judged(engine, values, 99.0)
    assert (one.values, one.p) == (other.values, other.p)


def test_a_rate_is_held_beside_a_burst_that_no_level_foresaw(engine: Engine) -> None:
    values = noisy(3, 6000)
    values[3000:4000] *= 8.0
    fixed, adaptive = (len(flagged(engine, values, 99.0, model="sine-gru", adaptive=each)) for each in (False, True))
    assert abs(adaptive - 60) <= 6
    assert abs(adaptive - 60) < abs(fixed - 60)


def test_a_rate_flags_ten_outliers_in_a_row(engine: Engine) -> None:
    values = wave(7, 600)
    values[[*range(400, 500, 10)]] += 80.0
    assert {*range(400, 500, 10)} <= set(flagged(engine, values, 99.0, adaptive=True))


def test_nothing_is_odd_about_a_series_that_stands_still(engine: Engine) -> None:
    for adaptive in (False, True):
        (still,) = engine.anomalies([[4.0] * 3000], 90.0, adaptive=adaptive)
        assert set(still.scores) == {0.0}
        assert not any(still.flags)
    spike = np.full(200, 5.0)
    spike[100] = 60.0
    step = np.where(np.arange(200) < 100, 5.0, 60.0)
    assert flagged(engine, spike) == [100]
    assert flagged(engine, step) == [100]
    assert judged(engine, step).shifts == [Shift(100, 55.0)]


@pytest.mark.parametrize("sequence", [[1.0], [1.0, 2.0], [1.0, 2.0, 4.0], [1.0, float("nan"), 3.0, 2.0, 1.0]])
@pytest.mark.parametrize("last", [0, 1, 3, 100])
def test_short_sequences_have_as_many_points_as_can_be_judged(engine: Engine, sequence: list[float], last: int) -> None:
    (found,) = engine.anomalies([sequence], 99.0, last=last)
    assert found.first + len(found.values) == max(len(sequence), found.first)
    assert len(found.values) <= (last or len(sequence))
    assert not any(flag and score is None for flag, score in zip(found.flags, found.scores, strict=True))


def test_values_of_any_magnitude_have_finite_bounds(engine: Engine) -> None:
    for values in (noisy(1, 60) * 1e299, noisy(1, 60) * 1e-300, np.where(np.arange(60) == 30, 1e299, 1.0)):
        (found,) = engine.anomalies([values.tolist()], 99.9)
        assert found.intervals is not None
        (band,) = found.intervals.values()
        assert np.isfinite([*band.lower, *band.upper, *(each for each in found.p if each is not None)]).all()


@pytest.mark.system
@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
def test_through_three_changes_of_regime_a_tenth_of_the_rate_is_kept(engine: Engine, rate: float) -> None:
    rng, quarter = np.random.default_rng(3), 25_000
    walk = np.zeros(quarter)
    for step, move in enumerate(rng.standard_normal(quarter - 1), start=1):
        walk[step] = 0.8 * walk[step - 1] + move
    parts = noisy(1, quarter), 10.0 * noisy(2, quarter), 30.0 + 0.2 * rng.standard_t(3, quarter), walk - 20.0
    values = np.concatenate(parts).tolist()
    (found,) = engine.anomalies([values], 100.0 * (1.0 - rate), "sine-gru", adaptive=True)
    assert sum(found.flags) / len(found.flags) == pytest.approx(rate, rel=0.1)
