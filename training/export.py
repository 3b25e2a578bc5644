"""From a trained recipe to its model folder: scores what is served, and says on the card what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.arrays import Floats
from service.cards import Lengths, ModelCard
from service.inference.network import Network
from training import calibration, evaluation, model_folder, onnx_form, plots
from training.answers import answers
from training.recipes import Recipe
from training.registry import task_of
from training.tasks.base import TestSet, generator
from training.trainer import Trained


def export(recipe: Recipe, seed: int, trained: Trained, folder: Path, count: int) -> ModelCard:
    """Score ``trained`` on ``count`` test sequences a set and write ``folder/<name>/1``.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    task, network = task_of(recipe), recipe.reading.load(onnx_form.to_onnx(trained.model))
    fixed = task.fixed(seed)
    return model_folder.write(
        folder,
        recipe,
        trained.model,
        posted=task.posted,
        goldens=task.golden(generator("golden", 1)),
        drawings=drawings(recipe, trained, network),
        description=task.about,
        reading=recipe.reading if fixed is None else recipe.reading.trained_on(fixed.inputs),
        lengths=Lengths(accepted=task.accepted, trained=task.lengths),
        training=model_folder.training_of(
            recipe,
            data=task.trained_on,
            data_sha256=trained.data_sha256,
            seed=seed,
            steps=trained.steps,
            seconds=trained.seconds,
            losses=trained.losses,
        ),
        evaluations=evaluation.evaluate(recipe, network, count),
        calibrated=calibration.calibrate(recipe, network, max(2 * count, 100)),
    )


def drawings(recipe: Recipe, trained: Trained, network: Network) -> dict[str, Any]:
    """The two plots of a model folder by file name."""
    task = task_of(recipe)
    test = evaluation.held_out(task, plots.SCATTERED)[0]
    unit = "value" if test.unit_name == "1" else f"{test.unit_name}s from the last value"
    rule, ruled = next(iter(task.rule_answers(test).items()))
    answered = answers(recipe.reading, network, test.inputs, test.lengths)
    truth = _in_plot(test, test.truth)
    points = {recipe.name: _in_plot(test, answered), rule: _in_plot(test, ruled)}
    return {
        cards.PLOTS["loss"]: plots.loss_curve(trained.losses, trained.steps, recipe.name),
        cards.PLOTS["fit"]: plots.fit(truth, points, f"{recipe.name}: {test.name}", unit),
    }


def _in_plot(test: TestSet, values: Floats) -> Floats:
    if test.unit_name == "1":
        return values
    last = test.inputs[np.arange(len(values)), test.lengths - 1, 0]
    moved: Floats = (values - last) / test.unit
    return moved
