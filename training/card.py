"""Writes a model's card: what it is, what it was made from, and how it did; trains and scores nothing."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import asdict

from service.cards import Evaluation, Lengths, ModelCard, ReadingSpec, Training
from training import architectures, data, plots, plugins
from training.calibration import Calibrated
from training.recipes import Recipe
from training.tasks import linear, memory, sine
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
    fixed = data.windows(recipe, seed)
    reading = recipe.reading if fixed is None else recipe.reading.trained_on(fixed.inputs)
    return ModelCard(
        format=2,
        name=recipe.name,
        version=VERSION,
        family=recipe.family,
        task=recipe.task,
        architecture=recipe.cell,
        description=description(recipe),
        reading=ReadingSpec.model_validate(reading.spec()),
        lengths=lengths(recipe),
        parameters=architectures.parameters(trained.model),
        layers=architectures.describe(trained.model),
        training=Training(
            data=data.description(recipe),
            data_sha256=trained.data_sha256,
            seed=seed,
            optimizer=OPTIMIZERS[recipe.optimizer],
            steps=trained.steps,
            batch=recipe.stages[-1].batch,
            seconds=round(trained.seconds, 1),
            loss=plots.thinned(trained.losses),
            recipe=asdict(recipe),
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


def lengths(recipe: Recipe) -> Lengths:
    """Accepted and trained numbers of timesteps."""
    if recipe.data == "memory":
        return Lengths(accepted=memory.LENGTHS, trained=memory.LENGTHS)
    if recipe.data == "memory-lab":
        return Lengths(accepted=memory.LENGTHS, trained=(memory.LAB_LENGTH, memory.LAB_LENGTH))
    if recipe.data in plugins.tasks():
        return Lengths(accepted=(1, None), trained=plugins.tasks()[recipe.data].lengths)
    if recipe.reading.any_series:
        trained = linear.LENGTHS if recipe.task == "linear" else sine.LENGTHS
        return Lengths(accepted=(1, None), trained=trained)
    window = recipe.reading.shortest
    return Lengths(accepted=(window, None), trained=(window, window))


def description(recipe: Recipe) -> str:
    """What the scaling does and what the network learns, in plain words."""
    if recipe.family == "textbook":
        return (
            f"The lecture's own network, trained as on its slides on {data.DESCRIPTIONS[recipe.data]}. It reads raw "
            "values, so it knows only the range that it was trained on. Kept for comparison, not for use."
        )
    if recipe.task == "memory":
        return (
            "Reads [index, value] pairs with raw whole-number indices 0..5 and answers the mean of the values whose "
            "index is even. Nothing is scaled: the network learns which indices count, to sum, to count, and to divide."
        )
    if recipe.data in plugins.tasks():
        return f"Reads causally scaled values. {plugins.tasks()[recipe.data].description}"
    shape = "straight lines" if recipe.task == "linear" else "sinusoids"
    return (
        "Causal scaling hands the network each step's change, divided by the mean size of the changes so far, and adds "
        "the answer to the last value: offset, unit and repeating the last value come for free. The network learns "
        f"how {shape} go on from those changes, and how much of a change is noise."
    )
