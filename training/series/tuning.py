"""Trains a published general network on for own series in several ways, and keeps what does best on validation origins.

The untouched network is one of the ways, so nothing worse is ever kept. Ways that start from the same weights may be
averaged weight by weight, one after the other as long as that helps (Wortsman et al. 2022, "Model soups"): what comes
out is a network of the same size, which the service reads like the general ones. Then each way is gone once more on the
training and validation parts together, with as many updates as did best before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from service.inference.finetuning.excerpts import Excerpts
from training.general.export import CONTEXT
from training.progress import Report, untold
from training.series import averaging, regression, storing, validating
from training.series.candidates import Start
from training.series.effects import left_of
from training.series.excerpts import excerpts
from training.series.merging import Weights
from training.series.panel import Panel
from training.series.published import Published
from training.series.splits import Split
from training.series.tuned import Tuned
from training.series.validating import chosen_by, validation
from training.series.ways import UNTOUCHED, Way, Ways

AVERAGE, AUTOREGRESSION = "average", "with an autoregression"


def fit(
    start: Start,
    panel: Panel,
    split: Split,
    season: int | None,
    steps: int | None = None,
    report: Report = untold,
    parts: storing.Parts = storing.Parts(),  # noqa: B008  # frozen, and keeps nothing
) -> Tuned:
    """Go every way from the published network; ``steps`` caps the updates of each, for a quick trial.

    What is ready is kept in ``parts``, and what they have is not done again.

    Raises:
        SeriesError: nothing can be drawn.
    """
    began = time.perf_counter()
    published = Published(start)
    effects: regression.Found | None = None
    if start.covariates:
        network = published.served(published.weights)
        effects = regression.search(published.reading(season), network, panel, split, season)

    def learnt_from(*, again: bool) -> Excerpts:
        left = panel
        if effects is not None:
            left = left_of(panel, effects.again if again else effects.trained, split, again=again)
        return excerpts(left, split, season, CONTEXT, again=again)

    trained = learnt_from(again=False)
    reading = published.reading(season, None if effects is None else effects.trained)
    about = (panel, split, season, chosen_by(panel, split))
    validated = validation(reading, CONTEXT, *about)

    def score_of(weights: Weights) -> float:
        return validated(published.served(weights))

    ways = Ways(published, start.seed, score_of, steps, report, parts)
    gone = ways.gone(trained)
    chosen, score = averaged(gone, score_of)
    scores = {name: way.score for name, way in gone.items()} | ({AVERAGE: score} if len(chosen) > 1 else {})
    best = published.served(mean([gone[each].weights for each in chosen]))
    kept: dict[str, Any] = {}
    if effects is None:
        untouched = published.served(published.weights)
        beside = averaging.search(reading, untouched, best, *about, gone[UNTOUCHED].score)
        if beside.manner is not None:
            scores[AUTOREGRESSION] = score = beside.score
        kept["averaged"], errors = beside.kept(), beside.errors
    else:
        kept["effects"], kept["manner"] = effects.again.model_dump(mode="json"), (*effects.manner, effects.ridge)
        kept["manners"], errors = effects.tried, validating.errors(reading, CONTEXT, *about)(best)
    others = learnt_from(again=True)
    weights = mean([gone[each].again(others) for each in chosen])
    updates = {name: gone[name].updates for name in chosen}
    ways.ended()
    seconds = time.perf_counter() - began
    return Tuned(weights, score, scores, chosen, updates, ways.losses, seconds, errors=errors.tolist(), **kept)


def averaged(ways: Mapping[str, Way], score_of: Callable[[Weights], float]) -> tuple[list[str], float]:
    """The ways whose average does best, the best one first, and its score."""
    best, *others = sorted(ways, key=lambda name: ways[name].score)
    chosen, score = [best], ways[best].score
    for name in others:
        tried = score_of(mean([ways[each].weights for each in (*chosen, name)]))
        if tried < score:
            chosen, score = [*chosen, name], tried
    return chosen, score


def mean(several: list[Weights]) -> Weights:
    """Weight by weight."""
    return [np.mean(each, axis=0) for each in zip(*several, strict=True)]
