"""POST /inspect: what one answer came from, step by step."""

from __future__ import annotations

from service.api.deps import Services
from service.api.native import NativeEndpoint
from service.api.replies import Computed
from service.api.schemas import InspectRequest, InspectResponse
from service.inference.price import Price


def answer(services: Services, payload: InspectRequest, request_id: str) -> Computed:
    """Look inside one answer: hidden states, gates, influence of each step, and what is remembered."""
    found = services.engine.inspect(payload.sequence, payload.model, payload.version)
    return Computed(
        InspectResponse(
            request_id,
            found.model,
            found.version,
            found.value,
            found.replayed,
            found.steps,
            found.memory,
            found.counterfactuals,
            found.reading,
        ),
        task=services.catalog.task(found.model),
        models=(f"{found.model}/{found.version}",),
        sequences=1,
        values=len(payload.sequence),
    )


def cost(services: Services, payload: InspectRequest) -> Price:
    """What the answer would cost."""
    return services.engine.prices.inspect(len(payload.sequence), payload.model, payload.version)


inspect = NativeEndpoint(
    "/inspect",
    InspectRequest,
    InspectResponse,
    answer,
    cost,
    {"model": "memory-lstm", "sequence": [[0, 0.1], [3, 0.9], [2, 0.3], [5, 0.7]]},
)
