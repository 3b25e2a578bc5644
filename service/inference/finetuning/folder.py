"""The folder of a network that was corrected for own series: what it holds and what its card says of it."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from service import cards
from service.arrays import Floats
from service.cards import Evaluation, Golden, GoldenCase, Lengths, ModelCard, ReadingSpec, Score, Training
from service.folders import ModelFolder, replacing
from service.inference.finetuning.tuning import Errors, Tuned
from service.inference.padding import batches
from service.inference.readings.general.reading import General

VERSION = "1"
# Where a card says of a model that it was made on request.
_MEMBER = "finetuned"
_PACKAGES = ("onnxruntime", "numpy")
# Series whose ends are golden, and values of each at most.
_GOLDENS, _GOLDEN_VALUES = 8, 64


class Made(BaseModel):
    """What was asked for when a model was made: by whom and when, from which model, with which words for how."""

    model_config = ConfigDict(frozen=True)

    created_at: str
    created_by: str
    base_model_id: str
    steps: int
    depth: int
    loss: str
    model: str
    freq: str
    helped: bool
    mase_before: float
    mase_after: float


def made_of(card: ModelCard) -> Made | None:
    """What a card says of how its model was asked for; None for one that was made otherwise."""
    found = card.training.recipe.get(_MEMBER)
    return None if found is None else Made.model_validate(found)


def write(
    out: Path,
    name: str,
    base: ModelFolder,
    reading: General,
    tuned: Tuned,
    series: Sequence[Floats],
    data_sha256: str,
    seconds: float,
    made: Made,
) -> ModelCard:
    """Write ``out/<name>/1``: the network of ``tuned``, which was that of ``base``, and how it did on ``series``.

    The figures are those of the base. Raises OSError where nothing can be written.
    """
    with replacing(out / name / VERSION) as staged:
        contents = {
            cards.ONNX: tuned.model,
            cards.GOLDEN: Golden(cases=_goldens(reading, tuned.model, series)).model_dump_json(indent=1).encode(),
            **{file: base.plots[plot] for plot, file in cards.PLOTS.items()},
        }
        for file, content in contents.items():
            (staged / file).write_bytes(content)
        card = ModelCard(
            format=2,
            name=name,
            version=VERSION,
            family="own",
            task=name,
            architecture=base.card.architecture,
            description=_description(base.card.name, tuned),
            reading=ReadingSpec.model_validate(reading.spec()),
            lengths=Lengths(accepted=(1, None), trained=base.card.lengths.trained),
            parameters=base.card.parameters,
            layers=base.card.layers,
            training=_training(base.card, tuned, series, data_sha256, seconds, made),
            evaluations=[_evaluation(tuned, data_sha256)],
            intervals=None,
            no_intervals=base.card.no_intervals,
            checksums={file: cards.sha256(content) for file, content in contents.items()},
        )
        (staged / cards.CARD).write_text(json.dumps(card.model_dump(mode="json"), indent=1) + "\n")
    return card


def _description(base: str, tuned: Tuned) -> str:
    where = f"over {tuned.horizon} steps from {tuned.origins} places of {tuned.series} series that taught it nothing"
    if tuned.strength is None:
        return (
            f"{base} as it is: the best correction of its last layer had a MASE of {tuned.after.mae:.3f} beside "
            f"{tuned.before.mae:.3f} {where}, which is no more than chance. Its figures are those of {base}."
        )
    return (
        f"{base}, its last layer corrected on own series by ridge regression (strength {tuned.strength:g}): a MASE of "
        f"{tuned.after.mae:.3f} beside {tuned.before.mae:.3f} {where}. Its figures are those of {base}."
    )


def _training(
    base: ModelCard, tuned: Tuned, series: Sequence[Floats], data_sha256: str, seconds: float, made: Made
) -> Training:
    recipe: dict[str, Any] = {"start": base.name, "strength": tuned.strength, _MEMBER: made.model_dump()}
    return Training(
        data=f"{len(series)} own series, {sum(map(len, series))} values",
        data_sha256=data_sha256,
        seed=0,
        optimizer="ridge regression of absolute errors, in closed form",
        steps=0,
        batch=0,
        seconds=round(seconds, 1),
        loss=[],
        recipe=recipe,
        packages={
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in _PACKAGES},
        },
    )


def _evaluation(tuned: Tuned, data_sha256: str) -> Evaluation:
    def score(errors: Errors) -> Score:
        return Score(mae=errors.mae, mse=errors.mse)

    return Evaluation(
        name="the last stretch of its series",
        data=f"{tuned.origins} places of {tuned.series} series, {tuned.horizon} steps ahead, which taught it nothing",
        unit="mean absolute seasonal difference",
        sequences=tuned.origins,
        data_sha256=data_sha256,
        model=score(tuned.before if tuned.strength is None else tuned.after),
        rules={"naive": score(tuned.naive)},
    )


def _goldens(reading: General, model: bytes, series: Sequence[Floats]) -> list[GoldenCase]:
    """The ends of some series, from their last gap on."""
    network, cases = reading.load(model), []
    for values in series[:: max(1, len(series) // _GOLDENS)][:_GOLDENS]:
        known = np.flatnonzero(~np.isnan(values))
        if len(known):
            tail = values[: known[-1] + 1][-_GOLDEN_VALUES:]
            gaps = np.flatnonzero(np.isnan(tail))
            tail = tail[gaps[-1] + 1 :] if len(gaps) else tail
            answer, _ = reading.answer(network, next(batches([tail.tolist()])))
            cases.append(GoldenCase(sequence=tail.tolist(), value=float(answer[0])))
    return cases
