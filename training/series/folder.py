"""From a trained candidate to an ordinary model folder that the service takes up; trains nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.cards import Golden, Judged, Lengths, ModelCard, ReadingSpec, Training
from service.inference.sequences import Sequence
from training import architectures, onnx_form, plots
from training.card import OPTIMIZERS, VERSION, packages
from training.export import replacing, require_parity
from training.goldens import golden_cases
from training.recipes import Recipe
from training.series import judge
from training.series.candidates import Candidate
from training.series.fitting import Team, network_of
from training.series.measures import Forecasts
from training.series.panel import Panel
from training.series.splits import Origins, Split, origins
from training.tasks.base import generator
from training.tasks.next_value import awkward, walk

_OWN_GOLDENS = 4


def write(
    recipe: Recipe,
    candidate: Candidate,
    team: Team,
    panel: Panel,
    split: Split,
    season: int | None,
    others: dict[str, judge.Entries],
    source: str,
    out: Path,
) -> ModelCard:
    """Judge the network that ``team`` makes up and write ``out/<name>/1``.

    ``others`` are the rivals' errors; ``source`` names the file and its columns.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    length = candidate.length
    model = architectures.build(recipe)
    model.set_weights(team.weights)
    network = network_of(model)
    require_parity(model, network, recipe, walk)
    made, own, calibrated = judge.outcome(recipe.name, network, length, panel, split, season)
    verdict = judge.judged(own, others, panel, split, season)
    with replacing(out / recipe.name / VERSION) as staged:
        model.save(staged / cards.KERAS)
        (staged / cards.ONNX).write_bytes(onnx_form.to_onnx(model))
        golden = Golden(
            cases=golden_cases(
                recipe.reading, model, awkward(generator("golden", 1)) + _own_goldens(length, panel, split)
            )
        )
        (staged / cards.GOLDEN).write_text(golden.model_dump_json(indent=1) + "\n")
        for name, drawn in _drawings(recipe, team, made, judge.holdout(panel, split), panel).items():
            (staged / name).write_bytes(plots.svg(drawn))
        card = ModelCard(
            format=2,
            name=recipe.name,
            version=VERSION,
            family="own",
            task=recipe.task,
            architecture=recipe.cell,
            description=describe(recipe.name, length, split, verdict, calibrated.reason),
            reading=ReadingSpec.model_validate(recipe.reading.spec()),
            lengths=Lengths(accepted=(1, None), trained=(max(2, length // 4), length)),
            parameters=architectures.parameters(model),
            layers=architectures.describe(model),
            training=Training(
                data=f"{source}: {len(panel.series)} series, {sum(len(each.values) for each in panel.series)} values"
                + "".join(f"; {repair}" for repair in panel.notes),
                data_sha256=panel.sha256,
                seed=candidate.seed,
                optimizer=OPTIMIZERS[recipe.optimizer],
                steps=sum(team.updates),
                batch=recipe.stages[0].batch,
                seconds=round(team.seconds, 1),
                loss=plots.thinned(team.losses),
                recipe={
                    **recipe.settings(),
                    "split": split.describe(),
                    "members": len(team.scores),
                    "members_updates": team.updates,
                    "members_validation_mase": team.scores,
                    "validation_mase": team.score,
                },
                packages=packages(),
            ),
            evaluations=[judge.evaluation(made, panel, split, season)],
            intervals=calibrated.intervals,
            no_intervals=calibrated.reason,
            judged=verdict,
            checksums={name: cards.sha256((staged / name).read_bytes()) for name in cards.MODEL_FILES},
        )
        (staged / cards.CARD).write_text(json.dumps(card.model_dump(mode="json"), indent=1) + "\n")
    return card


def describe(name: str, length: int, split: Split, verdict: Judged, no_intervals: str | None) -> str:
    """What the network reads, how the data were split, and what the hold-out said."""
    if verdict.beaten_by:
        said = f"There the rule {verdict.beaten_by.removeprefix('rule:')} did better: use that, not this network."
    else:
        said = "There it did better than every rule of the service."
    best = "" if verdict.best == name else f" The best of all that was judged was {verdict.best}."
    return (
        f"Trained on a user's own series, causally scaled; give it the last {length} values. The series was split "
        f"{split.describe()}. {said}{best}" + (f" It has no intervals: {no_intervals}." if no_intervals else "")
    )


def _own_goldens(length: int, panel: Panel, split: Split) -> list[Sequence]:
    chosen = origins(panel, split, "validation", _OWN_GOLDENS, _OWN_GOLDENS)
    values, lengths = chosen.contexts(panel, length)
    return [row[:count].tolist() for row, count in zip(values, lengths, strict=True)]


def _drawings(recipe: Recipe, team: Team, made: Forecasts, chosen: Origins, panel: Panel) -> dict[str, Any]:
    known = np.flatnonzero(~np.isnan(chosen.truth[:, 0]))
    naive = np.array([panel.series[each].values[at - 1] for each, at in zip(chosen.series, chosen.at, strict=True)])
    shown = known[np.linspace(0, len(known) - 1, min(len(known), plots.SCATTERED)).round().astype(int)]
    points = {recipe.name: made.values[shown, 0], "naive": naive[shown]}
    updates = len(team.losses) * recipe.stages[0].chunk
    return {
        cards.PLOTS["loss"]: plots.loss_curve(team.losses, updates, recipe.name),
        cards.PLOTS["fit"]: plots.fit(
            chosen.truth[shown, 0], points, f"{recipe.name}: hold-out, one step ahead", "value"
        ),
    }
