"""A network that stands still, and what is added to its last layer in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.inference.finetuning.correction import Lesson, correction, lesson
from service.inference.finetuning.frozen import Frozen, last_layer, with_last_layer
from service.inference.readings.general.network import GeneralNetwork, mixed
from tests.training.general.small import SMALL, batch

pytestmark = pytest.mark.tensorflow
SHAPE = SMALL["lstm"].shape
MEDIAN = SHAPE.quantiles.index(0.5)


@pytest.fixture(scope="module")
def built() -> Any:
    from training.general.network import build

    model = build(SHAPE, "general")
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(0.3 * rng.standard_normal(weight.shape))
    return model


def test_what_stands_still_says_what_keras_says(built: Any) -> None:
    from training.general import graph
    from training.general.network import HeadLearner

    drawn = batch()
    said = Frozen(graph.to_onnx(built, SHAPE)).said(drawn)
    expected = np.asarray(built([drawn.sequence, drawn.origins, drawn.asked, drawn.places]))
    quantiles = mixed(said.answer.astype(float), drawn.places.reshape(len(said.answer), -1))
    assert quantiles.reshape(expected.shape) == pytest.approx(expected, rel=1e-4, abs=1e-4)
    headed = np.asarray(HeadLearner(built, SHAPE)((said.states, drawn.asked, drawn.places)))
    assert headed == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_a_corrected_network_answers_what_was_added_to_it(built: Any) -> None:
    from training.general import graph

    drawn = batch()
    before = built.get_weights()
    said = Frozen(graph.to_onnx(built, SHAPE)).said(drawn)
    taught = lesson([drawn], [said], MEDIAN)
    found = correction(taught, 1e-3)
    last = built.get_layer("answer")
    last.set_weights(found.applied(*last.get_weights()))
    corrected = Frozen(graph.to_onnx(built, SHAPE)).said(drawn)
    built.set_weights(before)
    again = lesson([drawn], [corrected], MEDIAN)
    added = taught.thought @ found.kernel + found.bias + taught.places @ found.shares
    assert again.missed == pytest.approx(taught.missed - added, rel=1e-3, abs=1e-3)
    assert (np.abs(again.missed) * again.weight).mean() < (np.abs(taught.missed) * taught.weight).mean()
    # Every level moves alike.
    moved = corrected.answer[:, : len(SHAPE.quantiles)] - said.answer[:, : len(SHAPE.quantiles)]
    assert np.ptp(moved, axis=1).max() < 1e-4


def test_what_is_missed_linearly_is_found_and_leaps_do_not_decide() -> None:
    rng = np.random.default_rng(0)
    thought, places = rng.standard_normal((4000, 5)), rng.standard_normal((4000, 3))
    kernel, shares = np.array([0.5, 0.0, -1.0, 0.2, 0.0]), np.array([0.3, 0.0, -0.2])
    missed = thought @ kernel + places @ shares + 0.7 + 0.1 * rng.standard_normal(4000)
    missed[::50] += 1e3  # as least squares would not bear
    found = correction(Lesson(thought, places, missed, np.ones(4000)), 1e-5)
    assert found.kernel == pytest.approx(kernel, abs=0.03)
    assert found.shares == pytest.approx(shares, abs=0.03)
    assert found.bias == pytest.approx(0.7, abs=0.03)
    strong = correction(Lesson(thought, places, missed, np.ones(4000)), 1e4)
    assert np.abs(strong.kernel).max() < 0.05


def test_questions_without_an_answer_teach_nothing(built: Any) -> None:
    from training.general import graph

    drawn = batch()
    said = Frozen(graph.to_onnx(built, SHAPE)).said(drawn)
    none = drawn._replace(truth=drawn.truth * np.array([1.0, 0.0], np.float32))
    both = lesson([drawn, none], [said, said], MEDIAN)
    assert len(both.missed) == int((drawn.truth[..., 1] > 0.0).sum())


def test_another_last_layer_is_put_into_the_file_and_nothing_else(built: Any) -> None:
    from training.general import graph

    model, drawn = graph.to_onnx(built, SHAPE), batch()
    kernel, bias = last_layer(model)
    assert (kernel == built.get_layer("answer").get_weights()[0]).all()
    changed = with_last_layer(model, 2.0 * kernel, bias + 1.0)
    assert with_last_layer(changed, kernel, bias) == model
    before, after = Frozen(model).said(drawn), Frozen(changed).said(drawn)
    assert (before.thought == after.thought).all()
    assert after.answer == pytest.approx(2.0 * before.answer - bias + 1.0, rel=1e-4, abs=1e-4)
    assert GeneralNetwork(changed).sizes == GeneralNetwork(model).sizes
