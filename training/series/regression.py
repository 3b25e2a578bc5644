"""How effects of covariates are fitted to own series: a few manners, and what does best on the validation origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from training.series.covariates import described_of
from training.series.effects import Form, Manner, fitted, may_be_multiplied
from training.series.panel import Described, Panel
from training.series.splits import Split, Stretch
from training.series.stepwise import Lesson
from training.series.validating import chosen_by, validation

# Ridges of what is known ahead, the first one tried with all forms, and of what adds to steps ahead.
STRENGTHS, STEPWISE = (1e-2, 1e-3, 1e-1), (1.0, 0.1, 10.0)


class Found(NamedTuple):
    """Effects from the training part, and ``again`` from that and the validation part, as they did best on the latter.

    They were fitted in that ``manner``; those on steps ahead with a ``ridge``, None where there are none. ``tried`` is
    the MASE of each manner, in words.
    """

    trained: Effects
    again: Effects
    manner: Manner
    ridge: float | None
    tried: dict[str, float]


def search(reading: General, network: GeneralNetwork, panel: Panel, split: Split, season: int | None) -> Found:
    """The effects that serve the standing ``network`` best, which reads what they leave by ``reading``."""
    described, chosen = described_of(panel), chosen_by(panel, split)
    tried: dict[str, float] = {}

    def score(name: str, effects: Effects) -> float:
        if name not in tried:
            own = WithCovariates.of(reading, effects)
            tried[name] = validation(own, reading.context, panel, split, season, chosen)(network)
        return tried[name]

    def of(manner: Manner) -> float:
        return score(_named(manner), fitted(panel, split, season, manner))

    best = min((Manner(form, curved, STRENGTHS[0]) for form, curved in _shapes(panel, described)), key=of)
    if described.known or described.calendar:
        best = min((best._replace(strength=strength) for strength in STRENGTHS), key=of)
    trained, ridge = fitted(panel, split, season, best), None
    if described.past or described.static:
        lesson = Lesson(WithCovariates.of(reading, trained), network, panel, split, ("training",))
        ridges = {f"{_named(best)}; steps ahead {strength:g}": strength for strength in STEPWISE}
        for name, strength in ridges.items():
            score(name, lesson.solved(strength))
        ridge = ridges.get(min([_named(best), *ridges], key=tried.__getitem__))
        trained = trained if ridge is None else lesson.solved(ridge)
    return Found(trained, again(reading, network, panel, split, season, best, ridge), best, ridge, tried)


def again(
    reading: General,
    network: GeneralNetwork,
    panel: Panel,
    split: Split,
    season: int | None,
    manner: Manner,
    ridge: float | None,
) -> Effects:
    """Effects of the covariates of ``panel`` from the training and validation parts, fitted as before."""
    effects, described = fitted(panel, split, season, manner, again=True), described_of(panel)
    if ridge is None or not (described.past or described.static):
        return effects
    stretches: tuple[Stretch, ...] = ("training", "validation")
    return Lesson(WithCovariates.of(reading, effects), network, panel, split, stretches).solved(ridge)


def _shapes(panel: Panel, described: Described) -> Iterator[tuple[Form, bool]]:
    """Forms that make sense, with numbers on straight lines or curves where there are any."""
    ahead = bool(described.known or described.calendar)
    forms: tuple[Form, ...] = ("added", "multiplied") if ahead and may_be_multiplied(panel) else ("added",)
    curves = (False, True) if any(each.kind == "number" for each in described.known) else (False,)
    return ((form, curved) for form in forms for curved in curves)


def _named(manner: Manner) -> str:
    return f"{manner.form}, {'curved' if manner.curved else 'straight'}, ridge {manner.strength:g}"
