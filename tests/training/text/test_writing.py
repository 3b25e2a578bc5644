"""A model that writes is trained by teacher forcing, and what is served is what was trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.folders import read_folder
from service.inference.catalog import load
from service.inference.padding import batches
from service.inference.writing import PLAIN
from tests.conftest import MODELS
from training.text.recipes import RECIPES, Plan

pytestmark = pytest.mark.tensorflow

SMALL = {name: replace(each, units=6, plan=Plan(2, 1e-2, 8)) for name, each in RECIPES.items()}


@pytest.mark.system
@pytest.mark.parametrize("name", ["translate-date-lstm", "recall-gru"])
def test_a_folder_that_training_writes_is_served_as_it_is(name: str, tmp_path: Path) -> None:
    from training import work

    recipe, told = SMALL[name], []
    work.train_writing(recipe, 0, tmp_path, 16, lambda progress: told.append((progress.done, progress.total)))
    assert told == [(2, 2)]
    model = load(read_folder(tmp_path / recipe.name / "1"))
    card = model.card
    assert (card.name, card.task, card.architecture, card.training.steps) == (recipe.name, recipe.task, recipe.cell, 2)
    assert sum(layer.parameters for layer in card.layers) == card.parameters
    assert [each.name for each in card.evaluations] == [each.name for each in recipe.source.test_sets(16)]
    # Before the first update and after each of two, where the task says along what the gradient is followed back.
    flow = None if card.training.flow is None else [(each.updates, len(each.norms)) for each in card.training.flow]
    assert flow == ([(0, 126), (1, 126), (2, 126)] if name == "recall-gru" else None)
    assert {each.rules[recipe.source.reading.rule].mae for each in card.evaluations} == {0.0}


@pytest.mark.system
def test_the_loss_falls_and_the_same_seed_gives_the_same_network() -> None:
    from training.text import fitting

    recipe = replace(SMALL["translate-date-gru"], plan=Plan(100, 2e-2, 16))
    once, again = fitting.fit(recipe, 1), fitting.fit(recipe, 1)
    assert once.losses[-1] < 0.9 * once.losses[0]
    assert (once.losses, once.data_sha256) == (again.losses, again.data_sha256)
    for one, other in zip(once.network.weights, again.network.weights, strict=True):
        assert np.array_equal(one.numpy(), other.numpy())


def test_without_attention_only_the_encoders_last_state_is_known() -> None:
    from training.text.network import build

    network = build(replace(RECIPES["recall-lstm"], units=6))
    assert "attention" not in [layer.name for layer in network.layers]
    assert network.get_layer("attend").kernel.shape == (6, 6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_begin_with_memories_of_up_to_as_many_steps_as_are_to_be_kept(cell: str) -> None:
    from training.text.network import build

    layer = build(replace(RECIPES[f"recall-{cell}"], units=8, chrono=100)).get_layer("encoder")
    bias = layer.cell.bias.numpy()
    keep = bias[0, :8] if cell == "gru" else bias[8:16]
    steps = 1.0 + np.exp(keep)  # a gate of 1 - 1/T
    assert steps == pytest.approx(np.linspace(2.0, 100.0, 8), rel=1e-5)
    if cell == "lstm":
        assert bias[:8] == pytest.approx(-keep)


def test_what_is_exact_told_the_right_symbols_is_exact_as_served() -> None:
    import keras

    from training.text.fitting import arrays, exact

    task = RECIPES["translate-date-gru"].source
    folder = MODELS / "translate-date-gru" / "1"
    network, model = keras.models.load_model(folder / "model.keras"), load(read_folder(folder))
    examples = task.test_sets(40)[0].examples
    written = [model.reading.write(model.network, next(batches([text])), PLAIN) for text in examples.inputs]
    served = [each.texts[0].output for each in written]
    right = np.mean([one == other for one, other in zip(served, examples.answers, strict=True)])
    assert exact(network, arrays(task, examples)) == right
    wrong = examples._replace(answers=[*examples.answers[1:], examples.answers[0]])
    same = np.mean([one == other for one, other in zip(served, wrong.answers, strict=True)])
    assert exact(network, arrays(task, wrong)) == same < right
