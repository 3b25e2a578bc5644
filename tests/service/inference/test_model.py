from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput, NonFiniteOutput
from service.inference import scaling
from service.inference.catalog import Catalog
from service.inference.model import Model
from service.inference.network import Features, Lengths, State
from service.inference.padding import BATCH_STEPS, batches
from service.inference.sequences import Sequence
from tests.service.inference.conftest import Constant, MakeModel

PAIRS: Sequence = [(0.0, 1.0), (3.0, 2.0)]


@pytest.mark.parametrize(
    ("like", "sequence", "code", "expected"),
    [
        ("sine-gru", PAIRS, "wrong_input", "a list of numbers"),
        ("memory-gru", [1.0, 2.0], "wrong_input", "pairs"),
        ("textbook-sine-gru", [1.0] * 9, "sequence_too_short", "at least 10 steps"),
        ("memory-gru", [(0.0, 1.0)], "sequence_too_short", "at least 2 steps"),
        ("memory-gru", [(0.0, 1.0)] * 129, "sequence_too_long", "at most 128 steps"),
        ("memory-gru", [(0.5, 1.0), (0.0, 1.0)], "index_out_of_range", "whole-number indices from 0 to 5"),
        ("memory-gru", [(6.0, 1.0), (0.0, 1.0)], "index_out_of_range", "whole-number indices from 0 to 5"),
        ("memory-gru", [(-1.0, 1.0), (0.0, 1.0)], "index_out_of_range", "whole-number indices from 0 to 5"),
        ("memory-gru", [(1e308, 1.0), (0.0, 1.0)], "index_out_of_range", "whole-number indices from 0 to 5"),
        ("memory-gru", [(1.0, 1.0), (5.0, 1.0)], "undefined_mean", "at least one even index"),
        ("memory-gru", [(0.0, 1.0), (5.0, 1.1e30)], "out_of_range", "at most 1e30"),
        ("textbook-sine-gru", [1.0] * 9 + [-1.1e30], "out_of_range", "at most 1e30"),
    ],
)
def test_what_a_model_has_no_answer_for_is_refused_where_it_is(
    make_model: MakeModel, like: str, sequence: Sequence, code: str, expected: str
) -> None:
    model = make_model(0.0, like=like)
    (batch,) = batches([sequence])
    with pytest.raises(InvalidInput) as refused:
        model.require(batch)
    assert refused.value.code == code
    assert expected in refused.value.problems[0].expected


@pytest.mark.parametrize("sequence", [[(2.0, 1.0), (-0.0, 1.0)], [(5.0, -1e30), (4.0, 1e30)]])
def test_a_whole_number_index_in_the_trained_range_is_taken(make_model: MakeModel, sequence: Sequence) -> None:
    (batch,) = batches([sequence])
    make_model(0.0, like="memory-gru").require(batch)


def test_of_many_sequences_at_most_ten_places_are_named_and_they_are_the_posted_ones(make_model: MakeModel) -> None:
    good: Sequence = [1.0] * 10
    bad: Sequence = [1.0] * 3
    (batch,) = batches([good] * 5 + [bad] * 20)
    with pytest.raises(InvalidInput) as refused:
        make_model(0.0, like="textbook-sine-gru").require(batch)
    assert [problem.where for problem in refused.value.problems] == [f"sequences.{row}" for row in range(5, 15)]


@pytest.mark.filterwarnings("ignore:invalid value")  # NumPy says so too
@pytest.mark.parametrize("output", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    ("like", "sequence"),
    [("sine-gru", [1.0, 2.0, 4.0]), ("memory-gru", PAIRS), ("textbook-linear-simplernn-20", [1.0, 2.0, 4.0])],
)
def test_an_output_that_is_not_finite_is_never_passed_on(
    make_model: MakeModel, output: float, like: str, sequence: Sequence
) -> None:
    (batch,) = batches([sequence])
    with pytest.raises(NonFiniteOutput):
        make_model(output, like=like).read(batch)


class LastOfWindow:
    """Answers each window with its last value, and remembers how many steps it was given at once."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def run(self, sequence: Features, length: Lengths, state: State | None = None) -> tuple[Features, State]:
        self.steps.append(sequence.shape[0] * sequence.shape[1])
        return sequence[:, :, 0], {}


def test_a_windowed_model_answers_from_its_first_whole_window_on(make_model: MakeModel) -> None:
    model = make_model(LastOfWindow(), like="textbook-linear-simplernn-20")
    (batch,) = batches([[1.0, 2.0, 3.0, 4.0, 5.0]])
    predictions, state = model.read(batch)
    np.testing.assert_array_equal(predictions[:, 0], [np.nan, np.nan, 3.0, 4.0, 5.0])
    assert state is None


def test_the_windows_of_a_long_sequence_are_run_in_bounded_parts(make_model: MakeModel) -> None:
    network = LastOfWindow()
    model = make_model(network, like="textbook-compare-gru")
    values = [float(k % 1000) for k in range(20_000)]
    (batch,) = batches([values])
    predictions, _ = model.read(batch)
    np.testing.assert_array_equal(predictions[15:, 0], values[15:])
    assert max(network.steps) <= BATCH_STEPS


def test_an_answer_is_x_plus_scale_times_output(make_model: MakeModel) -> None:
    model: Model = make_model(Constant(2.0))
    (batch,) = batches([[1.0, 2.0, 5.0]])
    np.testing.assert_array_equal(model.read(batch).predictions, [[1.0], [4.0], [9.0]])


@pytest.mark.parametrize("name", ["sine-simplernn", "sine-lstm", "linear-gru"])
def test_a_long_sequence_is_read_in_parts_with_the_same_answers(catalog: Catalog, name: str) -> None:
    model = catalog.get(name)
    (batch,) = batches([np.random.default_rng(4).normal(size=40_000).cumsum().tolist()])
    features, scale = batch.scaled
    whole, state = model.network.run(features, batch.lengths)
    reading = model.read(batch)
    answers = scaling.answers(batch.values, scale, whole).T
    assert reading.predictions == pytest.approx(answers, abs=1e-4)
    assert reading.state is not None
    for part, expected in state.items():
        assert reading.state[part] == pytest.approx(expected, abs=1e-4)


def test_no_call_to_a_network_reads_more_than_a_part_of_one_sequence(make_model: MakeModel) -> None:
    model = make_model(0.5)
    (batch,) = batches([[float(k) for k in range(40_000)]])
    assert model.read(batch).predictions.shape == (40_000, 1)
    calls = model.network.calls  # type: ignore[attr-defined]  # the test's own network
    assert [steps for _, steps, _ in calls] == [16_384, 16_384, 7_232]
