"""Who follows a stream as it was asked for. Pure."""

from __future__ import annotations

from service.errors import InvalidInput, Problem
from service.inference.engine import Engine
from service.inference.model import Model
from service.streams.definition import Definition


def follower(engine: Engine, asked: Definition) -> Model:
    """The model that follows a stream so: the named one, or the general one.

    Raises:
        InvalidInput: nobody can follow a stream so.
        UnknownModel: there is no such model, nor ModelUnavailable: it cannot be loaded.
    """
    if asked.model is None:
        if asked.version is not None:
            expected = "version only together with model"
            problem = Problem("version", expected)
            raise InvalidInput(f"expected {expected}", code="model_required", problems=(problem,))
        model = engine.catalog.candidates.default
        if model is None:
            expected = "the name of a next-value model: no general one is served"
            raise InvalidInput(f"expected {expected}", code="model_required", problems=(Problem("model", expected),))
        return model
    model = engine.catalog.get(asked.model, asked.version)
    if not model.reading.forecasts or model.reading.input != "values":
        problem = Problem("model", "a next-value model")
        detail = f"{model.card.name} answers a question about its sequence and cannot follow a stream"
        raise InvalidInput(detail, code="not_forecastable", problems=(problem,))
    if model.reading.covariates:
        problem = Problem("model", "a model without covariates")
        detail = f"{model.card.name} reads covariates, which do not come with the values of a stream"
        raise InvalidInput(detail, code="covariates_required", problems=(problem,))
    shortest, longest = model.card.lengths.accepted
    if shortest > asked.window or (longest is not None and longest < asked.kept):
        expected = f"a window of {shortest} or more" + (f", at most {longest // 2}" if longest is not None else "")
        problem = Problem("window", expected)
        raise InvalidInput(f"{model.card.name} needs {expected}", code="out_of_range", problems=(problem,))
    return model
