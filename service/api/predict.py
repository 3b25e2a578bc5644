"""POST /predict: the next value of a sequence, with its evidence."""

from __future__ import annotations

from collections.abc import Hashable

from service.api.deps import Services
from service.api.native import Joint, NativeEndpoint
from service.api.replies import Computed
from service.api.schemas import PredictRequest, PredictResponse
from service.inference.answers import Prediction
from service.inference.price import Price
from service.inference.sequences import kind_of_short


def answer(services: Services, payload: PredictRequest, request_id: str) -> Computed:
    """Predict the next value of each sequence, with the evidence for it."""
    sequences = payload.posted()
    predictions = services.engine.predict(sequences, *payload.named(), payload.interval_levels())
    return _computed(services, payload, request_id, predictions, sum(map(len, sequences)))


def cost(services: Services, payload: PredictRequest) -> Price:
    """What the answer would cost."""
    return services.engine.prices.predict(*payload.size(), payload.model, payload.version)


def answers(services: Services, payloads: list[PredictRequest], request_ids: list[str]) -> list[Computed]:
    """The answers to payloads of one ``sequence`` each that join."""
    first = payloads[0]
    sequences = [sequence for payload in payloads for sequence in payload.posted()]
    predictions = services.engine.predict(sequences, *first.named(), first.interval_levels())
    return [
        _computed(services, payload, request_id, [prediction], len(sequence))
        for payload, request_id, prediction, sequence in zip(payloads, request_ids, predictions, sequences, strict=True)
    ]


def joins(payload: PredictRequest) -> Hashable | None:
    """What payloads must have in common: all but a short ``sequence``, of one kind."""
    if payload.sequence is None or (kind := kind_of_short(payload.sequence)) is None:
        return None
    return payload.model, payload.version, payload.interval_levels(), kind


def _computed(
    services: Services, payload: PredictRequest, request_id: str, predictions: list[Prediction], values: int
) -> Computed:
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
        sequences=len(predictions),
        values=values,
    )


predict = NativeEndpoint(
    "/predict",
    PredictRequest,
    PredictResponse,
    answer,
    cost,
    {"sequence": [1, 2, 3, 4]},
    joint=Joint(joins, answers),
)
