"""Writes a model folder, whole or not at all.

Nothing is written unless the ONNX form answers random ragged input as Keras does.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.arrays import Floats
from service.cards import Evaluation, Golden, GoldenCase, Judged, Lengths, ModelCard, ReadingSpec, Training
from service.errors import UnrollError
from service.folders import replacing
from service.inference import sequences
from service.inference.network import Network
from service.inference.padding import batches
from service.inference.readings.reading import Reading
from training import architectures, onnx_form, plots
from training.answers import KerasSteps, served_batches
from training.calibration import Calibrated
from training.recipes import OPTIMIZERS, Recipe
from training.tasks.base import generator, padded

VERSION = "1"
PARITY = 1e-5


class ParityError(UnrollError):
    """The ONNX form does not answer as the Keras model that it was made from."""

    code = "parity"


def write(
    out: Path,
    recipe: Recipe,
    model: Any,
    *,
    posted: Callable[[np.random.Generator], Floats],
    goldens: Sequence[sequences.Sequence],
    drawings: dict[str, Any],
    description: str,
    reading: Reading,
    lengths: Lengths,
    training: Training,
    evaluations: list[Evaluation],
    calibrated: Calibrated,
    judged: Judged | None = None,
) -> ModelCard:
    """Write ``out/<name>/1`` of a trained Keras ``model``.

    ``goldens`` are sequences that the service is to answer at every start as Keras does now, ``drawings`` the figures
    by file name; see :func:`require_parity` for ``posted``. The rest stands on the card.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    onnx = onnx_form.to_onnx(model)
    steps = KerasSteps(model)
    require_parity(steps, reading.load(onnx), recipe, posted)
    return put(
        out,
        model,
        onnx,
        [GoldenCase(sequence=each, value=keras_answer(reading, steps, each)) for each in goldens],
        drawings,
        name=recipe.name,
        family=recipe.family,
        task=recipe.task,
        architecture=recipe.cell,
        description=description,
        reading=ReadingSpec.model_validate(reading.spec()),
        lengths=lengths,
        parameters=architectures.parameters(model),
        layers=architectures.describe(model),
        training=training,
        evaluations=evaluations,
        intervals=calibrated.intervals,
        no_intervals=calibrated.reason,
        judged=judged,
    )


def put(
    out: Path, model: Any, onnx: bytes, cases: list[GoldenCase], drawings: dict[str, Any], *, name: str, **card: Any
) -> ModelCard:
    """Write ``out/<name>/1`` with both forms of a network, its golden answers and its figures.

    ``card`` has the rest of what stands on the card.
    """
    with replacing(out / name / VERSION) as staged:
        model.save(staged / cards.KERAS)
        (staged / cards.ONNX).write_bytes(onnx)
        (staged / cards.GOLDEN).write_text(Golden(cases=cases).model_dump_json(indent=1) + "\n")
        for file, drawn in drawings.items():
            (staged / file).write_bytes(plots.svg(drawn))
        sums = {file: cards.sha256((staged / file).read_bytes()) for file in cards.MODEL_FILES}
        made = ModelCard(format=2, name=name, version=VERSION, checksums=sums, **card)
        (staged / cards.CARD).write_text(json.dumps(made.model_dump(mode="json"), indent=1) + "\n")
    return made


def training_of(
    recipe: Recipe, *, seconds: float, losses: Sequence[float], further: dict[str, Any] | None = None, **known: Any
) -> Training:
    """What a card says of the training; ``known`` are other members of it, ``further`` beside the recipe's settings."""
    return Training(
        optimizer=OPTIMIZERS[recipe.optimizer],
        batch=recipe.stages[-1].batch,
        seconds=round(seconds, 1),
        loss=plots.thinned(losses),
        recipe={**recipe.settings(), **(further or {})},
        packages=versions("tensorflow"),
        **known,
    )


def versions(*further: str) -> dict[str, str]:
    """Those of Python and of the packages that every network is made with, and of ``further`` ones."""
    named = ("keras", *further, "onnx", "onnxruntime", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in named}}


def keras_answer(reading: Reading, steps: KerasSteps, sequence: sequences.Sequence) -> float:
    """The Keras model's answer to one client's sequence."""
    return float(reading.answer(steps, next(batches([sequence])))[0].item())


def require_parity(
    steps: KerasSteps, network: Network, recipe: Recipe, posted: Callable[[np.random.Generator], Floats]
) -> None:
    """Compare both forms after every step of random ragged sequences, each of which ``posted`` draws.

    Raises:
        ParityError: a difference above 1e-5 of the largest answer's magnitude (or of 1).
    """
    rng = generator("golden", 0)
    for batch in served_batches(*padded([posted(rng) for _ in range(64)])):
        inputs, length = recipe.reading.seen(batch).astype(np.float32), batch.lengths
        served, reference = network.run(inputs, length)[0], steps.run(inputs, length)[0]
        inside = np.arange(inputs.shape[1]) < length[:, None]
        difference = float(np.abs(served - reference)[inside].max())
        if difference > PARITY * max(1.0, float(np.abs(reference[inside]).max())):
            raise ParityError(f"{recipe.name}: the ONNX form differs from Keras by {difference:.1e}")
