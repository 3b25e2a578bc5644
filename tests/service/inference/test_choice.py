"""Who answers a series that came without a model's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.answers import Prediction
from service.inference.choice import choose
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.records import predictions
from tests.service.inference.conftest import MakeModel

LINE = [float(k) for k in range(12)]


def chosen(models: list[Model], *sequences: list[float], default: Model | None = None) -> list[Prediction]:
    found: dict[int, Prediction] = {}
    for batch in batches(list(sequences)):
        for choice in choose(batch, models, default):
            answers = predictions(choice, batch, (), ())
            found.update(zip(batch.rows[choice.rows].tolist(), answers, strict=True))
    return [found[row] for row in range(len(sequences))]


@pytest.mark.parametrize(("gain", "name"), [(1.0005, "sine-gru"), (1.002, "rule:drift"), (0.9995, "sine-gru")])
def test_a_network_within_a_thousandth_of_the_unit_wins_over_a_rule(
    make_model: MakeModel, gain: float, name: str
) -> None:
    (choice,) = chosen([make_model(gain)], LINE)
    assert choice.model == name
    assert choice.value == pytest.approx(11.0 + gain if name == "sine-gru" else 12.0)
    assert choice.check is not None
    assert choice.check.verdict == "ties"


def test_of_several_networks_the_one_with_the_lowest_error_answers(make_model: MakeModel) -> None:
    models = [make_model(gain, name=name) for name, gain in [("a", 1.0009), ("b", 1.0001), ("c", 0.5)]]
    (choice,) = chosen(models, LINE)
    assert choice.model == "b"


def test_two_points_are_answered_by_drift_and_one_by_the_value_itself(make_model: MakeModel) -> None:
    two, one, constant = chosen([make_model(1.0)], [3.0, 5.0], [4.0], [6.0, 6.0])
    assert (two.model, two.value, two.version, two.check, two.warnings) == ("rule:drift", 7.0, None, None, [])
    assert (one.model, one.value, one.check) == ("rule:naive", 4.0, None)
    assert (constant.model, constant.value) == ("rule:drift", 6.0)


NOISE = [0.3, -0.4, 0.9, 0.1, -0.8, 0.2, 0.7, -0.5, -0.2, 0.6, 0.4, -0.9, 0.8, -0.1, -0.6, 0.5]


def test_the_default_answers_unless_another_one_is_better_beyond_doubt(make_model: MakeModel) -> None:
    default, other = make_model(0.0, name="default"), make_model(0.1, name="other")
    noisy = [0.05 * step + value for step, value in enumerate(NOISE)]
    rising = [value + 2.0 * step for step, value in enumerate(NOISE)]
    (without,) = chosen([default, other], noisy)
    assert without.model != "default"
    doubtful, beyond = chosen([default, other], noisy, rising, default=default)
    assert doubtful.model == "default"  # though another one's record is a little better
    assert beyond.model.startswith("rule:")  # the default is two behind at every step


def test_an_exact_rule_answers_however_short_the_record(make_model: MakeModel) -> None:
    default = make_model(0.0, name="default")
    three, bent = chosen([default], [1.0, 2.0, 3.0], [1.0, 2.0, 3.5], default=default)
    assert (three.model, three.value) == ("rule:drift", 4.0)
    assert bent.model == "default"  # a single step is no record


def test_each_row_of_a_batch_has_its_own_best_answerer(make_model: MakeModel) -> None:
    period = [0.0, 2.0, 1.0] * 7
    flat, wave, line = chosen([make_model(0.0)], [2.0] * 8, period, LINE)
    assert (flat.model, flat.value) == ("sine-gru", 2.0)
    assert wave.model == "rule:ar2"
    assert wave.value == pytest.approx(0.0, abs=1e-9)
    assert (line.model, line.value) == ("rule:drift", 12.0)
    assert line.warnings == []


def test_with_no_network_at_all_the_best_rule_answers() -> None:
    (choice,) = chosen([], LINE)
    assert (choice.model, choice.value) == ("rule:drift", 12.0)


@given(st.lists(st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=12), min_size=1, max_size=6))
def test_a_choice_in_a_batch_is_the_choice_alone(make_model: MakeModel, sequences: list[list[float]]) -> None:
    models = [make_model(0.0, name="still"), make_model(1.0, name="onward")]
    together = chosen(models, *sequences)
    alone = [chosen(models, sequence)[0] for sequence in sequences]
    assert together == alone
