"""The tasks' data against the lecture's own numbers and against definitions written out."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference import scaling
from training.tasks import base, linear, memory, sine


def test_the_slides_hundred_windows_and_targets() -> None:
    windows = linear.slide()
    assert windows.inputs.shape == (100, 3, 1)
    assert windows.inputs[0, :, 0] == pytest.approx([0.0, 0.1, 0.2])
    assert windows.inputs[-1, :, 0] == pytest.approx([9.9, 10.0, 10.1])
    assert windows.targets[[0, -1]] == pytest.approx([0.3, 10.2])


def test_the_comparisons_training_and_validation_windows() -> None:
    training, validation = linear.comparison(), linear.comparison_validation()
    assert training.inputs.shape == (8, 16, 1)
    assert training.inputs[:, 0, 0] == pytest.approx(np.arange(8) / 10)
    assert training.targets == pytest.approx(np.arange(16, 24) / 10)
    assert validation.inputs[:, 0, 0] == pytest.approx([1.0, 1.1, 1.2, 1.3])
    assert validation.targets == pytest.approx([2.6, 2.7, 2.8, 2.9])


def test_the_sine_labs_windows_continue_by_the_angle_sum_identity() -> None:
    windows = sine.lab(np.random.default_rng(0))
    values = windows.inputs[..., 0]
    assert values.shape == (100, 10)
    assert windows.targets == pytest.approx(2 * np.cos(0.25) * values[:, -1] - values[:, -2])


def test_the_memory_labs_target_is_the_mean_at_even_indices() -> None:
    windows = memory.lab(np.random.default_rng(0), 50)
    assert windows.inputs.shape == (50, 30, 2)
    assert set(np.unique(windows.inputs[..., 0])) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    for pairs, target in zip(windows.inputs, windows.targets, strict=True):
        assert target == pytest.approx(np.mean([value for index, value in pairs if index % 2 == 0]))


def test_memory_windows_without_an_even_index_are_drawn_again() -> None:
    windows = memory.lab(np.random.default_rng(0), 500, timesteps=2)
    assert np.isfinite(windows.targets).all()
    assert (windows.inputs[..., 0] % 2 == 0).any(axis=1).all()


def test_running_means_are_those_of_each_prefix() -> None:
    batch = memory.running_means(np.random.default_rng(0), 20, 12)
    for row in range(20):
        for step in range(12):
            even = [value for index, value in batch.inputs[row, : step + 1] if index % 2 == 0]
            assert (batch.weights[row, step] > 0.0) == bool(even)
            if even:
                assert batch.targets[row, step, 0] == pytest.approx(np.mean(even), abs=1e-6)


def test_perfect_outputs_give_the_clean_next_value() -> None:
    noise = np.full(6, 0.1)
    series = sine.draw(np.random.default_rng(0), np.full(6, 0.3), 13, noise)
    batch = base.next_values(series, 12, np.ones((6, 12)))
    observed = series.observed[:, :12]
    answered = scaling.answers(observed, scaling.causal(observed).scale, batch.targets[..., 0])
    assert answered[:, 1:] == pytest.approx(series.clean[:, 2:13], abs=1e-6)
    assert (batch.weights[:, 0] == 0).all()


def test_the_future_is_told_from_the_last_observed_value_in_units() -> None:
    series = linear.draw(np.random.default_rng(0), 4, 9, np.zeros(4))
    batch = base.next_values(series, 6, np.ones((4, 6)))
    assert batch.future is not None
    assert batch.carried is not None
    assert np.abs(batch.future) == pytest.approx(np.tile([1.0, 2.0, 3.0], (4, 1)))
    assert batch.carried[:, 0] == pytest.approx(np.full(4, 5.0))
    assert batch.carried[:, 1] == pytest.approx(np.full(4, 5.0))


def test_served_sinusoids_cover_a_third_of_a_period_and_the_stated_ranges() -> None:
    series, lengths = sine.served_range(np.random.default_rng(0), 2_000, np.zeros(2_000))
    assert lengths.min() >= 16
    assert lengths.max() <= 64
    assert series.unit.min() >= 0.1
    assert series.unit.max() <= 10.0
    assert np.abs(series.clean).max() <= 20.0
    second = series.clean[:, 2:] - 2 * series.clean[:, 1:-1] + series.clean[:, :-2]
    slope = np.abs(second).max(axis=1) / series.unit
    # The second difference of sin(w k) is 2 (1 - cos w) of the amplitude at its largest.
    angle = np.arccos(1.0 - slope / 2.0)
    assert (angle * (lengths - 1) >= 0.9 * sine.LEAST_TURN).all()


def test_purposes_and_seeds_have_streams_of_their_own() -> None:
    draws = {
        base.generator(purpose, seed).random()
        for purpose in ("training", "validation", "calibration", "test", "golden")
        for seed in range(20)
    }
    assert len(draws) == 100


def test_padding_repeats_the_last_element() -> None:
    table, lengths = base.padded([np.array([[1.0], [2.0]]), np.array([[3.0], [4.0], [5.0]])])
    assert table[..., 0].tolist() == [[1.0, 2.0, 2.0], [3.0, 4.0, 5.0]]
    assert lengths.tolist() == [2, 3]
