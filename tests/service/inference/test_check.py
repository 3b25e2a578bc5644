"""The check against DESIGN's words: slow, exact, one prefix at a time."""

from __future__ import annotations

from fractions import Fraction
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.check import Check
from service.inference.choice import answered
from service.inference.padding import batches
from tests.service.inference import oracles
from tests.service.inference.conftest import MakeModel

sequence = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=14)


def examined(
    make_model: MakeModel, output: float, sequences: list[list[float]], **changes: object
) -> list[Check | None]:
    found: dict[int, Check | None] = {}
    for batch in batches(sequences):
        checks = answered(batch, make_model(output, **changes)).checks
        found.update(zip(batch.rows.tolist(), checks, strict=True))
    return [found[row] for row in range(len(sequences))]


def rule_errors(values: list[float], steps: int) -> dict[str, list[float]]:
    targets = range(len(values) - steps, len(values))
    exact = oracles.exact(values)
    return {name: [float(abs(rule(exact[:t]) - exact[t])) for t in targets] for name, rule in oracles.RULES.items()}


def assert_as_written(found: Check | None, values: list[float], output: float) -> None:
    """The later half of the steps, each with two points or more before it; x_t + s_t * output is the model."""
    steps = max(min(len(values) // 2, len(values) - 2), 0)
    if steps == 0:
        assert found is None
        return
    assert found is not None
    scales, _ = oracles.causal_scaling(values)
    model = [abs(values[t - 1] + scales[t - 1] * output - values[t]) for t in range(len(values) - steps, len(values))]
    rules = rule_errors(values, steps)
    unit = scales[-1]
    lowest = min(map(fmean, rules.values()))
    assert found.steps == steps
    assert found.mae == pytest.approx(fmean(model), rel=1e-6, abs=1e-6)
    assert found.rule_mae == pytest.approx(lowest, rel=1e-6, abs=1e-6)
    assert fmean(rules[found.rule]) == pytest.approx(lowest, rel=1e-6, abs=1e-6)
    assert found.rule_value == pytest.approx(
        float(oracles.RULES[found.rule](oracles.exact(values))), rel=1e-6, abs=1e-6
    )
    if abs(lowest - 1e-3 * unit) > 1e-9:
        expected_skill = None if lowest < 1e-3 * unit or lowest == 0 else 1 - fmean(model) / lowest
        assert found.skill == (
            expected_skill if expected_skill is None else pytest.approx(expected_skill, rel=1e-5, abs=1e-5)
        )
    differences = [mine - its for mine, its in zip(model, rules[found.rule], strict=True)]
    error = stdev(differences) / len(differences) ** 0.5 if steps > 1 else 0.0
    tolerance, mean = max(1e-3 * unit, error), fmean(differences)
    if abs(abs(mean) - tolerance) > 1e-6 * (unit + 1e-9):
        assert found.verdict == ("ties" if abs(mean) <= tolerance else "beats" if mean < 0 else "loses")


@given(sequences=st.lists(sequence, min_size=1, max_size=5), output=st.sampled_from([0.0, 0.5, 1.0, -2.0]))
def test_each_row_of_a_ragged_batch_is_checked_as_written(
    make_model: MakeModel, sequences: list[list[float]], output: float
) -> None:
    for found, values in zip(examined(make_model, output, sequences), sequences, strict=True):
        assert_as_written(found, values, output)


@pytest.mark.parametrize(("points", "steps"), [(1, None), (2, None), (3, 1), (4, 2), (5, 2), (9, 4), (100, 50)])
def test_the_later_half_of_the_steps_counts_each_with_two_points_before_it(
    make_model: MakeModel, points: int, steps: int | None
) -> None:
    (check,) = examined(make_model, 0.0, [[float(k % 7) for k in range(points)]])
    assert (check and check.steps) == steps


def test_a_windowed_model_is_checked_where_its_whole_window_came_before(make_model: MakeModel) -> None:
    checks = examined(
        make_model, 0.0, [[float(k) for k in range(n)] for n in (3, 4, 5, 30)], like="textbook-linear-simplernn-20"
    )
    assert [check and check.steps for check in checks] == [None, 1, 2, 15]


@pytest.mark.parametrize(("gain", "verdict"), [(1.0005, "ties"), (1.002, "loses"), (0.9995, "ties")])
def test_an_error_within_a_thousandth_of_the_unit_ties(make_model: MakeModel, gain: float, verdict: str) -> None:
    # On a straight line drift is exact and an output of 1 is too: the model's error is (gain - 1) units.
    (check,) = examined(make_model, gain, [[float(k) for k in range(12)]])
    assert check is not None
    assert (check.rule, check.verdict, check.skill) == ("drift", verdict, None)
    assert check.mae == pytest.approx(abs(gain - 1.0), rel=1e-3)


def test_a_model_that_knows_more_than_any_rule_beats_them(make_model: MakeModel) -> None:
    # Steps of 1, 2, 4, 8 ... units: after every step the next is worth more than any rule makes of it.
    values = [0.0, 1.0, 0.0, 0.0, 1.0, 2.0, 4.0, 4.0, 5.0, 7.0, 7.0, 8.0, 10.0, 10.0, 11.0, 13.0]
    (check,) = examined(make_model, 1.0, [values])
    assert check is not None
    expected = rule_errors(values, 8)
    assert check.rule_mae == pytest.approx(min(map(fmean, expected.values())))
    assert check.skill == pytest.approx(1 - check.mae / check.rule_mae)


@pytest.mark.parametrize("value", [0.0, 3.0, 1e300, -1e-300])
def test_on_a_constant_everything_ties_without_skill(make_model: MakeModel, value: float) -> None:
    (check,) = examined(make_model, 5.0, [[value] * 8])
    assert check == Check(4, 0.0, "naive", 0.0, value, None, "ties")


@pytest.mark.parametrize("exponent", [-1000, -500, 0, 500, 990])
def test_a_verdict_does_not_depend_on_the_unit_of_measurement(make_model: MakeModel, exponent: int) -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0, 8.0]
    (plain,), (scaled,) = (
        examined(make_model, 0.7, [[value * 2.0**power for value in values]]) for power in (0, exponent)
    )
    assert plain is not None
    assert scaled is not None
    assert scaled.mae == pytest.approx(plain.mae * 2.0**exponent, rel=1e-12)
    assert (scaled.rule, scaled.verdict) == (plain.rule, plain.verdict)
    assert scaled.skill == pytest.approx(plain.skill, rel=1e-9)


def test_a_memory_answer_is_checked_against_the_known_truth(make_model: MakeModel) -> None:
    pairs = [(0.0, 1.0), (1.0, 4.0), (2.0, 2.0)]  # even mean 1.5, plain mean 7/3
    sequences = [pairs, [(0.0, 1.5), (2.0, 1.5)], [(1.0, 9.0), (4.0, 1.5)]]
    (batch,) = batches(sequences[:1])
    (check,) = answered(batch, make_model(1.75, like="memory-lstm")).checks
    assert check is not None
    assert (check.steps, check.rule, check.verdict) == (1, "index_blind_mean", "beats")
    assert check.mae == pytest.approx(0.25)
    assert check.rule_mae == pytest.approx(float(Fraction(7, 3)) - 1.5)
    assert check.rule_value == pytest.approx(7 / 3)
    assert check.skill == pytest.approx(1 - 0.25 / (7 / 3 - 1.5))
    (batch,) = batches(sequences[1:])
    ties, beats = answered(batch, make_model(1.5, like="memory-lstm")).checks
    assert ties is not None
    assert (ties.verdict, ties.skill) == ("ties", None)
    assert beats is not None
    assert (beats.verdict, beats.skill) == ("beats", 1.0)


def test_the_skill_of_a_memory_answer_is_finite_or_null(make_model: MakeModel) -> None:
    (batch,) = batches([[(0.0, 0.0), (1.0, 1e-310)]])
    (check,) = answered(batch, make_model(0.5, like="memory-lstm")).checks
    assert check is not None
    assert check.verdict == "loses"
    assert check.skill is None or check.skill > -1e308
