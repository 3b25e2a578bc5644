"""The compiled loop against Keras' own ``fit``, and the same weights from the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from training import data
from training.recipes import Recipe
from training.registry import PUBLISHED
from training.tasks import linear, memory
from training.tasks.base import Batch, digest, last_step
from training.tasks.lecture import Slide

pytestmark = pytest.mark.tensorflow


def weights(model: object) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in model.weights]  # type: ignore[attr-defined]


@pytest.mark.parametrize("cell", ["simplernn", "lstm", "gru"])
def test_the_compiled_loop_equals_fit_with_a_partial_last_batch(cell: str) -> None:
    import keras

    from training import architectures, trainer

    recipe = Recipe("x", "linear", cell, "slide", (6,), (), reading=Slide.reading)
    windows = last_step(linear.slide())
    ours = architectures.build(recipe)
    theirs = keras.models.clone_model(ours)
    theirs.set_weights(ours.get_weights())

    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(ours.trainable_variables)
    chunk = data.shuffled_epochs(windows, epochs=3, batch=32, rng=None)
    errors = trainer.compiled_loop(ours, optimizer)(chunk)

    last = keras.Sequential([theirs, keras.layers.Lambda(lambda steps: steps[:, -1])])
    last.compile(keras.optimizers.Adam(1e-3), "mse")
    history = last.fit(windows.inputs, linear.slide().targets, epochs=3, batch_size=32, shuffle=False, verbose=0)

    epochs = errors.reshape(3, -1, 2).sum(axis=1)
    assert epochs[:, 0] / epochs[:, 1] == pytest.approx(history.history["loss"], rel=1e-5)
    for mine, keras_own in zip(weights(ours), weights(theirs), strict=True):
        assert mine == pytest.approx(keras_own, abs=2e-6)


def test_every_window_is_seen_once_an_epoch_and_padding_weighs_nothing() -> None:
    inputs = np.arange(10, dtype=np.float32).reshape(10, 1, 1)
    source = Batch(inputs, inputs, np.ones((10, 1), np.float32))
    chunk = data.shuffled_epochs(source, epochs=2, batch=4, rng=np.random.default_rng(0))
    assert chunk.inputs.shape == (6, 4, 1, 1)
    for epoch in range(2):
        rows = slice(3 * epoch, 3 * epoch + 3)
        seen = chunk.inputs[rows].ravel()[chunk.weights[rows].ravel() > 0]
        assert sorted(seen.tolist()) == list(range(10))


def test_the_same_seed_gives_the_same_weights_to_the_bit(
    small_recipe: Recipe, small_trained: tuple[Any, list[tuple[int, int]]]
) -> None:
    from training import trainer

    first = small_trained[0]
    again, other = (trainer.train(small_recipe, seed) for seed in (0, 1))
    assert digest(weights(first.model)) == digest(weights(again.model))
    assert first.data_sha256 == again.data_sha256
    assert digest(weights(first.model)) != digest(weights(other.model))


@pytest.mark.parametrize("step", [1.0, -1.0])
def test_a_simple_rnn_starts_as_averages_of_noise_and_as_counters(step: float) -> None:
    from training import architectures

    recipe = PUBLISHED["linear-simplernn"]
    dense, cell = architectures.build(recipe).layers[:2]
    line = np.tile(np.float32([step, 1.0]), (1, 200, 1))
    states = np.asarray(cell(dense(line)))[0]
    sign, averages, counters = states[:, 0], states[:, 2:20], states[:, 20:]
    assert sign == pytest.approx(np.tanh(0.25 * np.tanh(4.0 * step)), abs=1e-6)
    assert averages == pytest.approx(0.0, abs=1e-5)
    assert (np.diff(counters, axis=0) >= -1e-6).all()
    assert (np.diff(counters[:, -1]) > 1e-6).all()

    bent = line.copy()
    bent[0, 50, 0] += 0.1
    moved = np.asarray(cell(dense(bent)))[0, :, 2:20]
    decay = np.exp(-1.0 / np.geomspace(1.0, 200.0, 20)[2:])
    assert moved[150:153] == pytest.approx(moved[50] * decay ** np.array([[100], [101], [102]]), rel=0.02, abs=1e-5)


def test_progress_comes_between_chunks(small_trained: tuple[Any, list[tuple[int, int]]]) -> None:
    trained, told = small_trained
    assert told == [(2, 6), (4, 6), (5, 6), (6, 6)]
    assert len(trained.losses) == 4


def test_soap_descends_a_turned_valley_below_adam() -> None:
    import keras
    import tensorflow as tf

    from training.soap import Soap

    rng = np.random.default_rng(0)
    # Curvatures from 1 to 1e-6 along axes that are not those of the coordinates.
    left, right = (
        tf.constant(np.linalg.qr(rng.standard_normal((6, 6)))[0] * np.logspace(0, -1.5, 6)[:, None], tf.float32)
        for _ in range(2)
    )
    start = rng.standard_normal((6, 6)).astype(np.float32)

    def descend(optimizer: keras.optimizers.Optimizer) -> float:
        weights = keras.Variable(start)
        optimizer.build([weights])
        for step in range(200):
            optimizer.learning_rate = 0.1 * (1 - step / 200)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((left @ weights @ tf.transpose(right)) ** 2)
            optimizer.apply([tape.gradient(loss, weights.value)], [weights])
            if isinstance(optimizer, Soap) and step % 10 == 9:
                optimizer.turn()
        return float(loss)

    assert descend(Soap(0.1)) < 0.2 * descend(keras.optimizers.Adam(0.1))


def test_memory_models_take_raw_indices_once_trained() -> None:
    from training import architectures

    for before in ((), (3,)):
        recipe = Recipe("x", "memory", "gru", "memory", (4,), (), before=before, reading=memory.Memory.reading)
        model = architectures.build(recipe)
        batch = memory.running_means(np.random.default_rng(0), 5, 7)
        scaled = (batch.inputs - np.array([2.5, 0.0], np.float32)) / np.array([2.5, 1.0], np.float32)
        expected = np.asarray(model(scaled))
        assert recipe.reading.while_learning is not None
        architectures.fold_input_scaling(model, *recipe.reading.while_learning)
        assert np.asarray(model(batch.inputs)) == pytest.approx(expected, abs=1e-5)


def test_free_running_in_the_loop_is_the_served_forecast(small_recipe: Recipe) -> None:
    import tensorflow as tf

    from service.inference.network import OnnxNetwork
    from training import architectures, free_running, onnx_form
    from training.answers import forecasts
    from training.tasks import base, sine

    model = architectures.build(small_recipe)
    series = sine.draw(np.random.default_rng(0), np.full(3, 0.4), 18, np.full(3, 0.05))
    batch = base.next_values(series, 12, np.ones((3, 12)))
    outputs, states = free_running.observe(model, tf.constant(batch.inputs))
    assert batch.carried is not None
    error = free_running.error(model, outputs[:, -1, 0], states, tf.constant(batch.future), tf.constant(batch.carried))
    network = OnnxNetwork(onnx_form.to_onnx(model), 2)
    served = forecasts(small_recipe.reading, network, series.observed[:, :12], np.full(3, 12, np.int32), 6)
    assert float(error) == pytest.approx(np.mean((served - series.clean[:, 12:]) ** 2), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("textbook-linear-simplernn-20", 461),
        ("textbook-linear-simplernn-256", 66_305),
        ("textbook-linear-simplernn-4x34", 8_297),
        ("textbook-compare-simplernn", 131),
        ("textbook-compare-lstm", 491),
        ("textbook-compare-gru", 401),
    ],
)
def test_the_slides_parameter_counts(name: str, parameters: int) -> None:
    from training import architectures

    model = architectures.build(PUBLISHED[name])
    assert architectures.parameters(model) == parameters
    assert sum(layer.parameters for layer in architectures.describe(model)) == parameters
