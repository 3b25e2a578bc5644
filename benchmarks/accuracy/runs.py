"""What one worker process does: whole pieces of work, from a recipe or a published folder to a stored run.

Imports TensorFlow inside the functions only, since the parent process names them and never runs them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy import run_store
from service.arrays import Floats
from service.cards import Cell, Evaluation, Intervals
from training.progress import Report
from training.recipes import Recipe
from training.tasks import linear, sine
from training.tasks.base import Windows, generator

Study = str
# Evaluations of loss and gradient for one network of the labs: seconds on an idle core.
LAB_EVALUATIONS = 12_000
FRESH = 10_000


def train_and_score(recipe: Recipe, seed: int, folder: Path, count: int, report: Report) -> None:
    """Train ``recipe`` and store its scores; no model is kept."""
    from training import architectures, calibration, evaluation, onnx_form, trainer

    trained = trainer.train(recipe, seed, report)
    network = recipe.reading.load(onnx_form.to_onnx(trained.model))
    evaluations = evaluation.evaluate(recipe, network, count)
    calibrated = calibration.calibrate(recipe, network, 2 * count)
    parameters = architectures.parameters(trained.model)
    numbers = scores(parameters, trained.seconds, trained.losses[-1], evaluations, calibrated.intervals)
    run_store.store(folder, run_store.Run(recipe.name, seed, run_store.fingerprint(recipe, count), numbers))


def scores(
    parameters: int, seconds: float, loss: float, evaluations: list[Evaluation], intervals: Intervals | None
) -> dict[str, Any]:
    """The numbers that are kept of a run."""
    return {
        "parameters": parameters,
        "seconds": seconds,
        "loss": loss,
        "evaluations": [each.model_dump(mode="json") for each in evaluations],
        "coverage": intervals.coverage if intervals else None,
    }


def fit_lab(study: Study, cell: Cell, seed: int, folder: Path, _: Report) -> None:
    """S2 or S3: the lab's own windows, raw, 10 units, fitted in full batch."""
    from benchmarks.accuracy import full_batch

    training, test, fresh = lab_windows(study, seed)
    fitted = full_batch.fit(cell, 10, training, seed, LAB_EVALUATIONS)
    numbers: dict[str, Any] = {
        "train_mse": fitted.loss,
        "test_mse": _mse(fitted, test),
        "evaluations": fitted.evaluations,
        "seconds": fitted.seconds,
    }
    if fresh is not None:
        numbers["fresh_mse"] = _mse(fitted, fresh)
    run_store.store(folder, run_store.Run(f"{study}-{cell}", seed, lab_fingerprint(study), numbers))


def lab_fingerprint(study: Study) -> str:
    """Everything but cell and seed that determines a lab's numbers."""
    return f"{study}, {LAB_EVALUATIONS} evaluations"


def lab_windows(study: Study, seed: int) -> tuple[Windows, Windows, Windows | None]:
    """Training and test windows as in the lab, and many fresh ones where they can be drawn."""
    if study == "S3":
        return linear.comparison(), linear.comparison_validation(), None
    windows = sine.lab(generator("training", seed))
    training, test = (Windows(*(array[part] for array in windows)) for part in (slice(80), slice(80, None)))
    return training, test, sine.lab(generator("test", seed), FRESH)


def served_against_keras(name: str, models: Path, folder: Path, _: Report) -> None:
    """S10: the exported form against the saved Keras model on 1,000 random sequences of mixed lengths."""
    import keras

    from benchmarks.accuracy import parity
    from service.folders import read_folder
    from training.registry import PUBLISHED

    read = read_folder(models / name / "1")
    model = keras.models.load_model(read.path / "model.keras")
    numbers = parity.largest_differences(PUBLISHED[name], read.onnx, model)._asdict()
    run_store.store(folder, run_store.Run(f"S10-{name}", 0, read.card.checksums["model.onnx"], numbers))


def time_against_fit(recipe: Recipe, seed: int, folder: Path, _: Report) -> None:
    """S12: seconds of one training run by Keras' ``fit`` and by the compiled loop, compilation apart."""
    import time

    import keras

    from training import architectures, data, trainer
    from training.registry import task_of
    from training.tasks.base import last_step

    windows = task_of(recipe).fixed(seed)
    assert windows is not None  # noqa: S101  # only the slides' recipes are timed
    (stage,) = recipe.stages
    keras.utils.set_random_seed(seed)
    model = architectures.build(recipe)
    loop = trainer.compiled_loop(model, trainer.optimizer_of(recipe, model))
    batches = last_step(windows)
    rng = generator("training", seed)
    started = time.perf_counter()
    loop(data.shuffled_epochs(batches, stage.steps, stage.batch, rng))
    first = time.perf_counter() - started
    started = time.perf_counter()
    loop(data.shuffled_epochs(batches, stage.steps, stage.batch, rng))
    ours = time.perf_counter() - started

    keras.utils.set_random_seed(seed)
    theirs = architectures.build(recipe)
    last = keras.Sequential([theirs, keras.layers.Lambda(lambda steps: steps[:, -1])])
    last.compile(keras.optimizers.Adam(stage.rate), "mse")
    last.fit(windows.inputs, windows.targets, epochs=1, batch_size=stage.batch, verbose=0)
    started = time.perf_counter()
    last.fit(windows.inputs, windows.targets, epochs=stage.steps, batch_size=stage.batch, verbose=0)
    fit = time.perf_counter() - started
    numbers = {"fit_seconds": fit, "loop_seconds": ours, "compile_seconds": first - ours}
    run_store.store(folder, run_store.Run(f"S12-{recipe.name}", seed, "S12", numbers))


def _mse(fitted: Any, windows: Windows) -> float:
    errors: Floats = fitted.answer(windows.inputs) - windows.targets
    return float(np.mean(errors**2))
