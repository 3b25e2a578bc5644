from __future__ import annotations

from service.cards import Judged
from service.inference.choice import answered
from service.inference.padding import batches
from service.inference.sequences import Sequence
from tests.own_series import judged
from tests.service.inference.conftest import MakeModel

ZIGZAG = [float(k % 3) for k in range(24)]


def warnings(make_model: MakeModel, output: float, sequence: Sequence, **changes: object) -> list[str]:
    (batch,) = batches([sequence])
    (found,) = answered(batch, make_model(output, **changes)).warnings
    return found


def test_an_answer_with_nothing_against_it_has_no_warning(make_model: MakeModel) -> None:
    assert warnings(make_model, 1.0, [float(k) for k in range(24)]) == []


def test_a_model_that_loses_says_so_with_both_errors(make_model: MakeModel) -> None:
    (warning,) = warnings(make_model, 3.0, [float(k) for k in range(24)])
    assert "sine-gru does worse than the rule drift on this sequence" in warning
    assert "2 against 0 over the last 12 steps" in warning


def test_a_model_that_loses_on_one_step_speaks_of_the_last_step(make_model: MakeModel) -> None:
    found = warnings(make_model, 3.0, [0.0, 1.0, 2.0])
    assert any("over the last step." in warning for warning in found)


def test_a_memory_model_that_loses_is_compared_with_the_plain_mean(make_model: MakeModel) -> None:
    pairs = [(0.0, 1.0), (1.0, 3.0), (2.0, 1.0)] * 8
    (warning,) = warnings(make_model, 9.0, pairs, like="memory-gru")
    assert "memory-gru does worse here than the plain mean of all values" in warning


def test_a_model_that_repeats_the_last_value_is_called_a_lag_copy(make_model: MakeModel) -> None:
    assert any("lag copy" in warning for warning in warnings(make_model, 0.09, ZIGZAG))
    assert not any("lag copy" in warning for warning in warnings(make_model, 0.11, ZIGZAG))


def test_a_model_that_a_rule_beat_on_its_own_series_says_so_on_every_answer(make_model: MakeModel) -> None:
    record = judged("sales-gru", "rule:drift")
    (warning,) = warnings(make_model, 1.0, [float(k) for k in range(24)], judged=Judged.model_validate(record))
    assert "did worse than the rule drift on the last values of its own series" in warning
    record = judged("sales-gru", None)
    assert warnings(make_model, 1.0, [float(k) for k in range(24)], judged=Judged.model_validate(record)) == []


def test_lengths_that_were_not_trained_are_named(make_model: MakeModel) -> None:
    short = warnings(make_model, 1.0, [1.0, 2.0, 3.0])
    long = warnings(make_model, 1.0, [float(k) for k in range(65)])
    assert short == ["sine-gru was trained on lengths of 16 to 64 steps; this one has 3."]
    assert long == ["sine-gru was trained on lengths of 16 to 64 steps; this one has 65."]


def test_a_windowed_model_says_how_many_values_it_did_not_read(make_model: MakeModel) -> None:
    found = warnings(make_model, 4.0, [1.0, 2.0, 3.0, 4.0, 5.0], like="textbook-linear-simplernn-20")
    assert "textbook-linear-simplernn-20 reads the last 3 values; the 2 before them were not used." in found
    assert not any("lengths" in warning for warning in found)


def test_values_outside_the_training_range_are_named_where_scaling_does_not_remove_it(make_model: MakeModel) -> None:
    inside = warnings(make_model, 4.0, [1.0, 2.0, 3.0], like="textbook-linear-simplernn-20")
    outside = warnings(make_model, 4.0, [1.0, 2.0, 300.0], like="textbook-linear-simplernn-20")
    assert not any("trained on values" in warning for warning in inside)
    assert any("was trained on values from 0 to 10" in warning for warning in outside)
    assert not any("values" in warning for warning in warnings(make_model, 1.0, [1e9 + k for k in range(20)]))


def test_each_row_of_a_batch_has_its_own_warnings(make_model: MakeModel) -> None:
    (batch,) = batches([[float(k) for k in range(20)], [float(-k) for k in range(20)]])
    rising, falling = answered(batch, make_model(1.0)).warnings
    assert rising == []
    assert any("does worse" in warning for warning in falling)
