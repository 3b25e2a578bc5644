"""Who answers a series that came without a model's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.answers import Prediction
from service.inference.choice import choose
from service.inference.model import Model
from service.inference.records import predictions
from service.inference.sequences import batches
from tests.service.inference.conftest import MakeModel

LINE = [float(k) for k in range(12)]


def chosen(models: list[Model], *sequences: list[float]) -> list[Prediction]:
    found: dict[int, Prediction] = {}
    for batch in batches(list(sequences)):
        for choice in choose(batch, models):
            answers = predictions(choice, None, batch.unit[choice.rows], (), ())
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
