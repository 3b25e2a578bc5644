"""Writes a model folder whole or not at all: files into a folder beside, then one rename.

Nothing is written unless the ONNX form answers random ragged input as Keras does.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.cards import Golden, ModelCard
from service.errors import UnrollError
from service.inference.network import OnnxNetwork
from training import calibration, evaluation, goldens, onnx_form, plots
from training.answers import KerasSteps, answers, served_batches
from training.card import VERSION, card_of
from training.recipes import Recipe
from training.registry import task_of
from training.tasks.base import Floats, TestSet, generator, padded
from training.trainer import Trained

PARITY = 1e-5


class ParityError(UnrollError):
    """The ONNX form does not answer as the Keras model that it was made from."""

    code = "parity"


def export(recipe: Recipe, seed: int, trained: Trained, folder: Path, count: int) -> ModelCard:
    """Score ``trained`` on ``count`` test sequences a set and write ``folder/<name>/1``.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    task, onnx = task_of(recipe), onnx_form.to_onnx(trained.model)
    network = recipe.reading.load(onnx)
    require_parity(trained.model, network, recipe, task.posted)
    evaluations = evaluation.evaluate(recipe, network, count)
    calibrated = calibration.calibrate(recipe, network, max(2 * count, 100))
    target = folder / recipe.name / VERSION
    with replacing(target) as staged:
        trained.model.save(staged / cards.KERAS)
        (staged / cards.ONNX).write_bytes(onnx)
        golden = Golden(cases=goldens.golden_cases(recipe.reading, trained.model, task.golden(generator("golden", 1))))
        (staged / cards.GOLDEN).write_text(golden.model_dump_json(indent=1) + "\n")
        for name, drawn in drawings(recipe, trained, network).items():
            (staged / name).write_bytes(plots.svg(drawn))
        checksums = {name: cards.sha256((staged / name).read_bytes()) for name in cards.MODEL_FILES}
        card = card_of(recipe, seed, trained, evaluations, calibrated, checksums)
        (staged / cards.CARD).write_text(json.dumps(card.model_dump(mode="json"), indent=1) + "\n")
    return card


def require_parity(
    model: Any, network: OnnxNetwork, recipe: Recipe, posted: Callable[[np.random.Generator], Floats]
) -> None:
    """Compare both forms after every step of random ragged sequences, each of which ``posted`` draws.

    Raises:
        ParityError: a difference above 1e-5 of the largest answer's magnitude (or of 1).
    """
    rng = generator("golden", 0)
    for batch in served_batches(*padded([posted(rng) for _ in range(64)])):
        inputs, length = recipe.reading.seen(batch).astype(np.float32), batch.lengths
        served, reference = network.run(inputs, length)[0], KerasSteps(model).run(inputs, length)[0]
        inside = np.arange(inputs.shape[1]) < length[:, None]
        difference = float(np.abs(served - reference)[inside].max())
        if difference > PARITY * max(1.0, float(np.abs(reference[inside]).max())):
            raise ParityError(f"{recipe.name}: the ONNX form differs from Keras by {difference:.1e}")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """An empty folder that becomes ``target`` when the block ends well, and vanishes when it does not.

    So do the folders above it that were made for it.
    """
    above = [each for each in target.parents if not each.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    staged.chmod(0o755)
    try:
        yield staged
        if target.exists():
            # A folder cannot be renamed onto a full one, so the old one steps aside first.
            aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            os.replace(target, aside / "old")
            os.replace(staged, target)
            shutil.rmtree(aside)
        else:
            os.replace(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        for each in above:
            with suppress(OSError):  # it is in use
                each.rmdir()


def drawings(recipe: Recipe, trained: Trained, network: OnnxNetwork) -> dict[str, Any]:
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
