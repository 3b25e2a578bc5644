"""Inside an answer: replay, influence against finite differences, memory and counterfactuals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput
from service.inference import scaling
from service.inference.catalog import Catalog
from service.inference.engine import Engine
from service.inference.forgetting import memory_of, spectral_radius
from service.inference.padding import batches
from service.inference.readings.general.asked import ASKED_FEATURES
from service.inference.sequences import Pairs, Sequence
from service.inference.unrolled import Unroller

RNG = np.random.default_rng(11)
# No difference near zero: there its absolute value has a kink, and a finite difference straddles it.
SERIES = [float(value) for value in np.cumsum(RNG.uniform(0.4, 1.0, 24) * RNG.choice([-1.0, 1.0], 24))]
PAIRS: Pairs = [(float(index), float(value)) for index, value in zip(RNG.integers(0, 6, 24), SERIES, strict=True)]


TEXTS = {"translate-date": "3 Nov 2026", "recall": "born in france . poland poland . speaks", "draw-digit": "three"}
IMAGE = [float(value) for value in RNG.integers(0, 17, 64)]


def _sequence(engine: Engine, name: str) -> Any:
    model = engine.catalog.get(name)
    posted = {"pairs": [*PAIRS], "values": [*SERIES], "text": TEXTS.get(model.card.task), "image": IMAGE}
    return posted[model.reading.input]


def test_the_replay_in_numpy_is_the_served_answer_for_every_model(engine: Engine) -> None:
    for model in engine.catalog:
        found = engine.inspect(_sequence(engine, model.card.name), model.card.name)
        if model.reading.general or model.reading.output == "text":  # of which the steps only are replayed
            assert found.replayed is None
            continue
        assert found.replayed == pytest.approx(found.value, abs=1e-5 * max(1.0, abs(found.value))), model.card.name


@pytest.mark.parametrize("cell", ["simplernn", "lstm", "gru"])
def test_the_steps_of_a_general_model_are_those_of_its_network(engine: Engine, cell: str) -> None:
    model = engine.catalog.get(f"series-{cell}")
    batch = next(batches([list(SERIES)]))
    found = engine.inspect(list(SERIES), model.card.name)
    fed = model.reading.seen(batch)
    state = {name: np.zeros((1, 1, units), np.float32) for name, units in model.network.sizes.states.items()}
    feeds = {"sequence": fed, "length": batch.lengths, "origins": np.zeros(1, np.int64), "which": np.zeros(1, np.int64)}
    asked = {"asked": np.zeros((1, ASKED_FEATURES), np.float32)}
    (served,) = model.network._session.run(["hidden_1"], {**feeds, **asked, **state})
    replayed = np.array([step.hidden for step in found.steps])
    assert replayed == pytest.approx(served[:, 0, 0], abs=1e-5)


def test_the_influences_on_a_general_answer_add_up_to_a_shift(engine: Engine) -> None:
    values = np.random.default_rng(2).standard_normal(40).cumsum().tolist()
    found = engine.inspect(values, "series-gru")
    assert sum(step.influence for step in found.steps) == pytest.approx(1.0, abs=0.02)  # type: ignore[misc]
    step = found.steps[-3]
    assert step.influence == pytest.approx(_difference(engine, "series-gru", values, step.step - 1), abs=0.05)


def test_what_is_told_of_the_season_is_looked_into(engine: Engine) -> None:
    step = np.arange(30)
    values = (20.0 + 0.1 * step + 5.0 * (step % 6 == 2) + 0.01 * np.cos(step)).tolist()
    (told,), (other,) = (engine.predict([values], "series-gru", season=season) for season in ((6,), (1,)))
    assert told.value != other.value
    found = engine.inspect(values, "series-gru", season=(6,))
    assert found.value == told.value
    raised, lowered = [*values], [*values]
    raised[-6] += 1e-3
    lowered[-6] -= 1e-3
    (above,), (below,) = (engine.predict([each], "series-gru", season=(6,)) for each in (raised, lowered))
    assert found.steps[-6].influence == pytest.approx((above.value - below.value) / 2e-3, abs=0.05)


def test_a_gap_has_no_influence(engine: Engine) -> None:
    values: list[Any] = [*SERIES]
    values[5] = None
    found = engine.inspect(values, "series-gru")
    assert (found.steps[5].input, found.steps[5].influence) == (None, 0.0)
    with pytest.raises(InvalidInput, match="at most 128 steps"):
        engine.inspect([float(k % 7) for k in range(129)], "series-gru")


@pytest.mark.parametrize("name", ["sine-simplernn", "sine-lstm", "sine-gru", "linear-gru", "textbook-sine-lstm"])
def test_influence_is_the_finite_difference_of_the_answer(engine: Engine, name: str) -> None:
    for step in engine.inspect(list(SERIES), name).steps:
        assert step.influence == pytest.approx(_difference(engine, name, list(SERIES), step.step - 1), abs=2e-3)


@pytest.mark.parametrize("name", ["memory-simplernn", "memory-lstm", "memory-gru", "textbook-memory-lstm"])
def test_the_influence_of_a_pair_is_that_of_index_and_value(engine: Engine, name: str) -> None:
    for step in engine.inspect(list(PAIRS), name).steps:
        assert isinstance(step.influence, tuple)
        index, value = PAIRS[step.step - 1]

        def moved(by: float, index: float = index, value: float = value, at: int = step.step - 1) -> Sequence:
            return [*PAIRS[:at], (index, value + by), *PAIRS[at + 1 :]]

        change = engine.predict([moved(0.01)], name)[0].value - engine.predict([moved(-0.01)], name)[0].value
        assert step.influence[1] == pytest.approx(change / 0.02, abs=2e-3)


def test_influence_carries_through_the_scaling_to_float64_accuracy(catalog: Catalog) -> None:
    """Against central differences of scaling and network together, both in float64."""
    model = catalog.get("sine-lstm")
    unroller = Unroller(model.card.layers, model.weights())

    def answer(values: np.ndarray) -> float:
        difference = np.diff(values)
        scale = np.cumsum(np.abs(difference)) / np.arange(1.0, len(values))
        features = np.zeros((len(values), 2))
        features[1:, 0] = difference / scale
        features[2:, 1] = scale[:-1] / scale[1:]
        return float(values[-1] + scale[-1] * unroller.forward(features).outputs[-1])

    values = np.array(SERIES)
    scaled = scaling.causal(values[None])
    unrolled = unroller.forward(scaled.features[0].astype(np.float64))
    found = scaling.influence(values, scaled, unrolled.outputs, unroller.gradient(unrolled))
    for step in range(len(values)):
        bump = np.zeros(len(values))
        bump[step] = 1e-6
        expected = (answer(values + bump) - answer(values - bump)) / 2e-6
        assert found[step] == pytest.approx(expected, abs=1e-5)


def test_a_windowed_model_is_inspected_at_the_steps_it_read(engine: Engine) -> None:
    found = engine.inspect(list(SERIES), "textbook-linear-simplernn-4x34")
    assert [step.step for step in found.steps] == [22, 23, 24]
    assert [step.input for step in found.steps] == SERIES[-3:]


def test_gates_have_their_textbook_names(engine: Engine) -> None:
    expected = {
        "sine-simplernn": set(),
        "sine-lstm": {"forget", "input", "output", "candidate", "cell"},
        "sine-gru": {"update", "reset", "candidate"},
    }
    for name, gates in expected.items():
        step = engine.inspect(list(SERIES), name).steps[0]
        assert step.gates.keys() == gates
        assert all(len(values) == len(step.hidden) for values in step.gates.values())


def test_retention_is_the_product_of_the_step_jacobians(catalog: Catalog) -> None:
    """Against d h_T / d state_t by finite differences of the cell itself."""
    model = catalog.get("sine-gru")
    unroller = Unroller(model.card.layers, model.weights())
    features = scaling.causal(np.array([SERIES])).features[0].astype(np.float64)
    cell, steps = unroller.last_recurrent(unroller.forward(features))
    start = len(steps) - 4
    jacobian = np.zeros((cell.units, cell.units))
    for unit in range(cell.units):
        ends = []
        for sign in (1.0, -1.0):
            state = (steps[start].after[0] + sign * 1e-6 * np.eye(cell.units)[unit],)
            for x in features[start + 1 :]:
                state = cell.step(x, state).after
            ends.append(state[0])
        jacobian[:, unit] = (ends[0] - ends[1]) / 2e-6
    expected = np.linalg.norm(jacobian) / np.sqrt(cell.units)
    assert memory_of(cell, steps).retained[start] == pytest.approx(expected, rel=1e-5)


def test_the_textbook_simple_rnn_forgets_and_the_reading_says_so(engine: Engine) -> None:
    found = engine.inspect(list(PAIRS), "textbook-memory-simplernn")
    assert found.memory.half_life is not None
    assert found.reading.startswith("textbook-memory-simplernn ")
    assert found.reading.endswith(".")


def test_a_counterfactual_says_what_flipping_a_parity_really_changes(engine: Engine) -> None:
    found = engine.inspect(list(PAIRS), "memory-lstm")
    assert found.counterfactuals is not None
    even = [value for index, value in PAIRS if index % 2 == 0]
    for (index, value), flip in zip(PAIRS, found.counterfactuals, strict=True):
        left = [*even, value] if index % 2 else [other for other in even if other != value]
        assert flip.exact_change == pytest.approx(np.mean(left) - np.mean(even))
        assert flip.flipped == (index - 1 if index % 2 else index + 1)
        assert abs(flip.model_change) < 10.0


def test_a_counterfactual_without_an_even_index_left_has_no_exact_change(engine: Engine) -> None:
    found = engine.inspect([(2.0, 0.5), (1.0, 0.25)], "memory-gru")
    assert found.counterfactuals is not None
    assert [flip.exact_change for flip in found.counterfactuals] == [None, pytest.approx(-0.125)]


def test_a_constant_and_a_single_point_can_be_inspected(engine: Engine) -> None:
    for sequence in ([5.0] * 6, [5.0]):
        found = engine.inspect(list(sequence), "sine-gru")
        assert (found.value, found.replayed) == (5.0, 5.0)
        assert [step.influence for step in found.steps] == [0.0] * (len(sequence) - 1) + [1.0]


def test_more_steps_than_can_be_shown_are_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput) as caught:
        engine.inspect([1.0] * 1025, "sine-gru")
    assert caught.value.code == "too_long"


def _difference(engine: Engine, name: str, series: list[float], at: int) -> float:
    ends = []
    for by in (0.01, -0.01):
        moved = list(series)
        moved[at] += by
        ends.append(engine.predict([moved], name)[0].value)
    return (ends[0] - ends[1]) / 0.02


@pytest.mark.parametrize("units", [1, 2, 10, 64, 200])
def test_the_spectral_radius_is_the_largest_magnitude_of_the_eigenvalues(units: int) -> None:
    matrix = np.random.default_rng(units).normal(size=(units, units))
    assert spectral_radius(matrix) == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-5)


def test_the_spectral_radius_of_turns_of_what_dies_out_and_of_what_grows_slowly() -> None:
    assert spectral_radius(np.array([[0.0, -1.0], [1.0, 0.0]])) == pytest.approx(1.0)
    assert spectral_radius(np.array([[0.0, 1.0], [0.0, 0.0]])) == 0.0
    assert spectral_radius(np.array([[0.5, 1e6], [0.0, 0.5]])) == pytest.approx(0.5, rel=1e-5)
    assert spectral_radius(1e-30 * np.eye(3)) == pytest.approx(1e-30)
