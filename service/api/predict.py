"""POST /predict: the next value of a sequence, with its evidence."""

from __future__ import annotations

from service.api.computing import Computed, ComputingEndpoint
from service.api.deps import Services
from service.api.schemas import PredictRequest, PredictResponse
from service.errors import InvalidInput, Problem
from service.inference.engine import LEVELS


def answer(services: Services, payload: PredictRequest, request_id: str) -> Computed:
    """Predict the next value of each sequence, with the evidence for it."""
    sequences = payload.posted()
    if payload.version is not None and payload.model is None:
        expected = "version only together with model"
        raise InvalidInput(f"expected {expected}", code="model_required", problems=(Problem("version", expected),))
    levels = LEVELS if payload.levels is None else tuple(payload.levels)
    predictions = services.engine.predict(sequences, payload.model, payload.version, levels)
    first = predictions[0]
    model, version = (None, None) if payload.model is None else (first.model, first.version)
    return Computed(
        PredictResponse(request_id, model, version, predictions),
        task=services.catalog.get(model).card.task if model else None,
        models=tuple(sorted({f"{p.model}/{p.version}" if p.version else p.model for p in predictions})),
        sequences=len(sequences),
        values=sum(map(len, sequences)),
    )


predict = ComputingEndpoint("/predict", PredictRequest, PredictResponse, answer, {"sequence": [1, 2, 3, 4]})
