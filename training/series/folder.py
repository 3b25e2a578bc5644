"""From a trained candidate to an ordinary model folder that the service takes up; trains nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from service import cards
from service.cards import Judged, Lengths, ModelCard, Training
from service.covariates import Beside
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.general.reading import General
from service.inference.sequences import Sequence
from training import architectures, model_folder, plots
from training.general import export
from training.recipes import OPTIMIZERS, Recipe
from training.series import contributions, judge, ways
from training.series.candidates import Candidate, Start
from training.series.covariates import beside
from training.series.effects import Manner
from training.series.fitting import Team, network_of
from training.series.measures import Forecasts
from training.series.merging import Weights
from training.series.panel import Panel
from training.series.published import Published
from training.series.splits import Origins, Split, origins
from training.series.tuned import Tuned
from training.tasks.base import generator
from training.tasks.next_value import awkward, walk

_OWN_GOLDENS = 4
# What a model with covariates would be, after its name.
WITHOUT = " without covariates"
# And what one that is averaged with an autoregression.
ALONE = " without its autoregression"
# Values of those of a general network, which reads more of them than a golden answer needs.
_GOLDEN = 128


class Written(NamedTuple):
    """The card of a folder that was written, and the records on the hold-out that came of it, by name."""

    card: ModelCard
    records: judge.Records


def write(
    recipe: Recipe,
    candidate: Candidate,
    team: Team,
    panel: Panel,
    split: Split,
    season: int | None,
    others: judge.Records,
    source: str,
    out: Path,
) -> Written:
    """Judge the network that ``team`` makes up and write ``out/<name>/1``.

    ``others`` are the rivals' records; ``source`` names the file and its columns.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    length = candidate.length
    model = architectures.build(recipe)
    model.set_weights(team.weights)
    served = judge.Served(recipe.reading, network_of(model), length)
    made, own, calibrated = judge.outcome(recipe.name, served, panel, split, season)
    verdict = judge.judged(own.entries, others, panel, split, season)
    card = model_folder.write(
        out,
        recipe,
        model,
        posted=walk,
        goldens=awkward(generator("golden", 1)) + _own_goldens(length, panel, split),
        drawings=_drawings(
            recipe.name,
            team.losses,
            len(team.losses) * recipe.stages[0].chunk,
            made,
            judge.holdout(panel, split),
            panel,
        ),
        description=describe(recipe.name, length, split, verdict, calibrated.reason),
        reading=recipe.reading,
        lengths=Lengths(accepted=(1, None), trained=(max(2, length // 4), length)),
        training=model_folder.training_of(
            recipe,
            data=_data(source, panel),
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
    return Written(card, {recipe.name: own})


def write_tuned(
    name: str,
    task: str,
    start: Start,
    tuned: Tuned,
    panel: Panel,
    split: Split,
    season: int | None,
    others: judge.Records,
    source: str,
    out: Path,
    twin: Tuned | None = None,
) -> Written:
    """Judge the general network that was ``tuned``, beside the untouched one, and write ``out/<name>/1``.

    Beside one with covariates also its ``twin`` without them is judged. Else as :func:`write`.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    published = Published(start)
    plain = published.reading(season)
    effects = None if tuned.effects is None else Effects.model_validate(tuned.effects)
    reading = published.reading(season, effects, tuned.averaged)

    def outcome(named: str, weights: Weights, reading: General = plain) -> judge.Outcome:
        served = judge.Served(reading, published.served(weights), export.CONTEXT)
        return judge.outcome(named, served, panel, split, season)

    untouched = {start.published: outcome(start.published, published.weights).record}
    if twin is not None:
        untouched[f"{name}{WITHOUT}"] = outcome(f"{name}{WITHOUT}", twin.weights).record
    if tuned.averaged is not None:
        untouched[f"{name}{ALONE}"] = outcome(f"{name}{ALONE}", tuned.weights).record
    made, own, _ = outcome(name, tuned.weights, reading)
    verdict = judge.judged(own.entries, others | untouched, panel, split, season)
    posed, beside = _posed(panel, split, reading)
    updates = sum(tuned.updates.values())
    card = export.write(
        out,
        published.model,
        published.shape,
        reading,
        posed,
        _drawings(name, tuned.losses, len(tuned.losses) * ways.EVERY, made, judge.holdout(panel, split), panel),
        name=name,
        beside=beside,
        family="own",
        task=task,
        description=f"{start.published}, {_how(tuned)}. " + describe(name, export.CONTEXT, split, verdict, None),
        lengths=Lengths(accepted=(1, None), trained=(2, export.CONTEXT)),
        training=Training(
            data=_data(source, panel),
            data_sha256=panel.sha256,
            seed=start.seed,
            optimizer=OPTIMIZERS["soap"],
            steps=updates,
            batch=ways.PLANS["whole"].batch,
            seconds=round(tuned.seconds, 1),
            loss=plots.thinned(tuned.losses),
            recipe={
                "start": start.published,
                "split": split.describe(),
                "ways": tuned.ways,
                "updates": tuned.updates,
                "ways_validation_mase": tuned.scores,
                "validation_mase": tuned.score,
                **_covariates(reading, published, tuned, panel, split, season),
            },
            packages=export.packages(),
        ),
        evaluations=[judge.evaluation(made, panel, split, season)],
        judged=verdict,
    )
    return Written(card, {name: own} | untouched)


def _posed(panel: Panel, split: Split, reading: General) -> tuple[list[Sequence], Beside | None]:
    """Golden sequences, and what stands beside each of them."""
    if not reading.covariates:
        return awkward(generator("golden", 1)) + _own_goldens(_GOLDEN, panel, split), None
    chosen = origins(panel, split, "validation", _OWN_GOLDENS, _OWN_GOLDENS)
    values, lengths = chosen.contexts(panel, _GOLDEN)
    posed: list[Sequence] = [row[:count].tolist() for row, count in zip(values, lengths, strict=True)]
    return posed, beside(panel, chosen, _GOLDEN, 1)


def _covariates(
    reading: General, published: Published, tuned: Tuned, panel: Panel, split: Split, season: int | None
) -> dict[str, Any]:
    """What a card says of how its effects were found, and of what each covariate brought."""
    if not isinstance(reading, WithCovariates) or tuned.manner is None:
        return {}
    *manner, ridge = tuned.manner
    network, plain = published.served(tuned.weights), reading.without()
    found = contributions.brought(plain, network, reading.effects, panel, split, season, Manner._make(manner), ridge)
    return {"manners_validation_mase": tuned.manners, "covariates": [each._asdict() for each in found]}


def _how(tuned: Tuned) -> str:
    """In words what became of the published network."""
    said = [_WAYS[each].format(tuned.updates[each]) for each in tuned.ways]
    how = said[0] if len(said) == 1 else f"averaged over {len(said)} ways to take it further: {'; '.join(said)}"
    if tuned.averaged is None:
        return how
    share, lags = tuned.averaged["share"], tuned.averaged["autoregression"]["lags"]
    return f"{how}; its forecasts averaged with those of an autoregression of {lags} lags, which has {share:.0%}"


# What became of the published network, by the way and its number of updates.
_WAYS = {
    "untouched": "as it is published",
    "correction": "its last layer corrected by ridge regression",
    "head": "its head trained on by {} updates",
    "whole": "the whole of it trained on by {} updates",
}


def _data(source: str, panel: Panel) -> str:
    values = sum(len(each.values) for each in panel.series)
    return f"{source}: {len(panel.series)} series, {values} values" + "".join(f"; {each}" for each in panel.notes)


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


def _drawings(
    name: str, losses: list[float], updates: int, made: Forecasts, chosen: Origins, panel: Panel
) -> dict[str, Any]:
    known = np.flatnonzero(~np.isnan(chosen.truth[:, 0]))
    naive = np.array([panel.series[each].values[at - 1] for each, at in zip(chosen.series, chosen.at, strict=True)])
    shown = known[np.linspace(0, len(known) - 1, min(len(known), plots.SCATTERED)).round().astype(int)]
    points = {name: made.values[shown, 0], "naive": naive[shown]}
    return {
        cards.PLOTS["loss"]: plots.loss_curve(losses, updates, name),
        cards.PLOTS["fit"]: plots.fit(chosen.truth[shown, 0], points, f"{name}: hold-out, one step ahead", "value"),
    }
