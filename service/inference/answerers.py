"""Who answers a batch, and what is refused before anybody does. Knows no HTTP and no SQL."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from service.covariates import Beside
from service.errors import InvalidInput, ModelUnavailable, Problem
from service.inference.batch import Batch
from service.inference.catalog import Catalog
from service.inference.choice import Choice, answered, choose
from service.inference.continuing import choose_continuing, continuing
from service.inference.model import Model
from service.inference.sequences import IN_WORDS

# Forecasts grow, as a power of the steps ahead at the most: from here they stay finite.
_LARGEST_FORECAST_FROM = 1e200


def who_answers(named: Model | None, batch: Batch, catalog: Catalog) -> list[tuple[Batch, Choice]]:
    """Who answers the parts of ``batch``: the named model, or whoever is to be trusted most on each sequence."""
    if named is not None:
        return [(batch, answered(batch, named))]
    _require_values(batch)
    return [
        (part, choice)
        for part, models in catalog.candidates.of(batch)
        for choice in choose(part, *_able(models, catalog.candidates.default))
    ]


def who_continues(named: Model | None, batch: Batch, catalog: Catalog, horizon: int) -> list[tuple[Batch, Choice]]:
    """Who continues the parts of ``batch``, as :func:`who_answers`."""
    if named is None:
        _require_values(batch)
    require_room(batch)
    if named is not None:
        return [(batch, choice) for choice in continuing(batch, named, horizon)]
    return [
        (part, choice)
        for part, models in catalog.candidates.of(batch)
        for choice in choose_continuing(part, *_able(models, catalog.candidates.default), horizon)
    ]


def adopted(named: Model | None, covariates: Beside) -> Beside | None:
    """What the named model reads of ``covariates``."""
    if named is not None:
        return named.reading.adopted(named.card.name, covariates)
    if covariates.columns and not covariates.optional:
        raise nobody_named()
    return None


def nobody_named() -> InvalidInput:
    """The refusal of covariates without a model's name: which are read is a matter of the model."""
    expected = "the name of a model that takes covariates"
    return InvalidInput(f"expected {expected}", code="model_required", problems=(Problem("model", expected),))


def loaded(models: list[Model]) -> list[Model]:
    """Those of ``models`` that can answer; one that cannot be loaded keeps nobody from an answer by the others."""
    if all(model.ready for model in models):
        return models
    able = []
    for model in models:
        with suppress(ModelUnavailable):  # the catalog keeps the reason
            model.made()
            able.append(model)
    return able


def _able(models: list[Model], default: Model | None) -> tuple[list[Model], Model | None]:
    """Those of ``models`` that can be loaded, and ``default`` if it is among them."""
    able = loaded(models)
    return able, default if default in able else None


def _require_values(batch: Batch) -> None:
    """Refuse what nobody answers without being named."""
    if batch.kind != "values":
        read = IN_WORDS[batch.kind]
        raise InvalidInput(
            f"{read} need a model that reads them: name one",
            code="model_required",
            problems=(Problem("model", f"the name of a model that reads {read}"),),
        )


def require_forecasts(model: Model, where: str) -> None:
    if not model.reading.forecasts:
        raise InvalidInput(
            f"{model.card.name} answers a question about its sequence and cannot continue it",
            code="not_forecastable",
            problems=(Problem(where, "a next-value model"),),
        )


def require_whole_series(batch: Batch) -> None:
    if batch.kind != "values":
        expected = IN_WORDS["values"]
        raise InvalidInput(f"expected {expected}", code="wrong_input", problems=(Problem("sequence", expected),))
    if batch.seen is not None:
        expected = "a value at each step: a forecast of a gap cannot be judged"
        raise InvalidInput(f"expected {expected}", code="gaps", problems=(Problem("sequence", expected),))


def require_room(batch: Batch) -> None:
    beyond = np.abs(batch.values).max(axis=1) > _LARGEST_FORECAST_FROM
    if beyond.any():
        expected = "magnitudes of at most 1e200: a forecast grows from there"
        problems = tuple(Problem(f"sequences.{place}", expected) for place in batch.rows[beyond][:10].tolist())
        raise InvalidInput("a value is too large to forecast from", code="out_of_range", problems=problems)
