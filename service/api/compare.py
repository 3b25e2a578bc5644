"""POST /compare: the models of one task side by side, beside the rules."""

from __future__ import annotations

from service.api.computing import Computed
from service.api.deps import Services
from service.api.native import NativeEndpoint
from service.api.schemas import CompareRequest, CompareResponse


def answer(services: Services, payload: CompareRequest, request_id: str) -> Computed:
    """Compare the models of a task and the rules on the same sequences."""
    sequences = payload.posted()
    compared = services.engine.compare(payload.task, sequences, payload.truth(), payload.models)
    return Computed(
        CompareResponse(request_id, compared.task, compared.results, compared.rules, compared.best),
        task=compared.task,
        models=tuple(f"{result.model}/{result.version}" for result in compared.results),
        sequences=len(sequences),
        values=sum(map(len, sequences)),
    )


compare = NativeEndpoint(
    "/compare",
    CompareRequest,
    CompareResponse,
    answer,
    {"task": "sine", "sequence": [0.0, 0.5, 0.84, 0.99, 0.91, 0.6, 0.14, -0.35], "target": -0.76},
)
