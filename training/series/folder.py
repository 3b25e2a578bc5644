"""From a trained candidate to an ordinary model folder that the service takes up; trains nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.cards import Judged, Lengths, ModelCard
from service.inference.sequences import Sequence
from training import architectures, model_folder, plots
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
    made, own, calibrated = judge.outcome(recipe.name, network, length, panel, split, season)
    verdict = judge.judged(own, others, panel, split, season)
    values = sum(len(each.values) for each in panel.series)
    return model_folder.write(
        out,
        recipe,
        model,
        posted=walk,
        goldens=awkward(generator("golden", 1)) + _own_goldens(length, panel, split),
        drawings=_drawings(recipe, team, made, judge.holdout(panel, split), panel),
        description=describe(recipe.name, length, split, verdict, calibrated.reason),
        reading=recipe.reading,
        lengths=Lengths(accepted=(1, None), trained=(max(2, length // 4), length)),
        training=model_folder.training_of(
            recipe,
            data=f"{source}: {len(panel.series)} series, {values} values"
            + "".join(f"; {repair}" for repair in panel.notes),
            data_sha256=panel.sha256,
            seed=candidate.seed,
            steps=sum(team.updates),
            seconds=team.seconds,
            losses=team.losses,
            further={
                "split": split.describe(),
                "members": len(team.scores),
                "members_updates": team.updates,
                "members_validation_mase": team.scores,
                "validation_mase": team.score,
            },
        ),
        evaluations=[judge.evaluation(made, panel, split, season)],
        calibrated=calibrated,
        judged=verdict,
    )


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
    validated = [row[:count].tolist() for row, count in zip(values, lengths, strict=True)]
    # And where clients go on from: by what these look like a series is known that comes without a model's name.
    some = panel.series[:: max(1, len(panel.series) // _OWN_GOLDENS)][:_OWN_GOLDENS]
    return validated + [each.values[-length:].tolist() for each in some]


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
