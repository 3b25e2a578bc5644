"""POST /predict: the next value of a sequence, with its evidence."""

from __future__ import annotations

from service.api.computing import Computed
from service.api.deps import Services
from service.api.native import NativeEndpoint
from service.api.schemas import PredictRequest, PredictResponse


def answer(services: Services, payload: PredictRequest, request_id: str) -> Computed:
    """Predict the next value of each sequence, with the evidence for it."""
    sequences = payload.posted()
    predictions = services.engine.predict(sequences, *payload.named(), payload.interval_levels())
    named = payload.model is not None
    return Computed(
        PredictResponse(
            request_id,
            predictions[0].model if named else None,
            predictions[0].version if named else None,
            predictions,
        ),
        task=services.catalog.task(payload.model),
        models=Computed.references(predictions),
        sequences=len(sequences),
        values=sum(map(len, sequences)),
    )


predict = NativeEndpoint("/predict", PredictRequest, PredictResponse, answer, {"sequence": [1, 2, 3, 4]})
