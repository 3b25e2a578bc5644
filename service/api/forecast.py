"""POST /forecast: a sequence continued, each model reading its own answers."""

from __future__ import annotations

from service.api.deps import Services
from service.api.native import NativeEndpoint
from service.api.replies import Computed
from service.api.schemas import ForecastRequest, ForecastResponse
from service.inference.price import Price


def answer(services: Services, payload: ForecastRequest, request_id: str) -> Computed:
    """Continue each sequence up to the horizon, with intervals and evidence."""
    sequences = payload.posted()
    forecasts = services.engine.forecast(sequences, payload.horizon, *payload.named(), payload.interval_levels())
    return Computed(
        ForecastResponse(request_id, forecasts),
        task=services.catalog.task(payload.model),
        models=Computed.references(forecasts),
        sequences=len(sequences),
        values=sum(map(len, sequences)),
    )


def cost(services: Services, payload: ForecastRequest) -> Price:
    """What the answer would cost."""
    return services.engine.prices.forecast(*payload.size(), payload.horizon, *payload.named())


forecast = NativeEndpoint(
    "/forecast",
    ForecastRequest,
    ForecastResponse,
    answer,
    cost,
    {"model": "sine-gru", "sequence": [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98], "horizon": 5},
)
