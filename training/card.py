"""Writes a model's card: what it is, what it was made from, and how it did; trains and scores nothing."""

from __future__ import annotations

import importlib.metadata
import platform

from service.cards import Evaluation, Lengths, ModelCard, ReadingSpec, Training
from training import architectures, plots
from training.calibration import Calibrated
from training.recipes import Recipe
from training.registry import task_of
from training.trainer import Trained

VERSION = "1"
_PACKAGES = ("keras", "tensorflow", "onnx", "onnxruntime", "numpy")
OPTIMIZERS = {"adam": "Adam", "soap": "SOAP (Adam in the eigenbasis of Shampoo's preconditioner)"}


def card_of(
    recipe: Recipe,
    seed: int,
    trained: Trained,
    evaluations: list[Evaluation],
    calibrated: Calibrated,
    checksums: dict[str, str],
) -> ModelCard:
    """The card of a trained recipe."""
    task = task_of(recipe)
    fixed = task.fixed(seed)
    reading = recipe.reading if fixed is None else recipe.reading.trained_on(fixed.inputs)
    return ModelCard(
        format=2,
        name=recipe.name,
        version=VERSION,
        family=recipe.family,
        task=recipe.task,
        architecture=recipe.cell,
        description=task.about,
        reading=ReadingSpec.model_validate(reading.spec()),
        lengths=Lengths(accepted=task.accepted, trained=task.lengths),
        parameters=architectures.parameters(trained.model),
        layers=architectures.describe(trained.model),
        training=Training(
            data=task.trained_on,
            data_sha256=trained.data_sha256,
            seed=seed,
            optimizer=OPTIMIZERS[recipe.optimizer],
            steps=trained.steps,
            batch=recipe.stages[-1].batch,
            seconds=round(trained.seconds, 1),
            loss=plots.thinned(trained.losses),
            recipe=recipe.settings(),
            packages=packages(),
        ),
        evaluations=evaluations,
        intervals=calibrated.intervals,
        no_intervals=calibrated.reason,
        checksums=checksums,
    )


def packages() -> dict[str, str]:
    """Versions of what determines the weights and the served form."""
    versions = {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {"python": platform.python_version(), **versions}
