"""POST /compare: the models of one task side by side, beside the rules."""

from __future__ import annotations

from collections.abc import Hashable

from service.api.deps import Services
from service.api.native import Joint, NativeEndpoint
from service.api.replies import Computed
from service.api.schemas import CompareRequest, CompareResponse
from service.inference.answers import Comparison
from service.inference.price import Price
from service.inference.sequences import kind_of_short


def answer(services: Services, payload: CompareRequest, request_id: str) -> Computed:
    """Compare the models of a task and the rules on the same sequences."""
    sequences = payload.posted()
    compared = services.engine.compare(payload.task, sequences, payload.truth(), payload.models)
    return _computed(compared, request_id, len(sequences), sum(map(len, sequences)))


def cost(services: Services, payload: CompareRequest) -> Price:
    """What the answer would cost."""
    return services.engine.prices.compare(*payload.size(), payload.task, payload.models)


def answers(services: Services, payloads: list[CompareRequest], request_ids: list[str]) -> list[Computed]:
    """The answers to payloads of one ``sequence`` each that join."""
    first = payloads[0]
    sequences = [sequence for payload in payloads for sequence in payload.posted()]
    targets = [target for payload in payloads for target in payload.truth() or ()]
    compared = services.engine.compare_each(first.task, sequences, targets or None, first.models)
    rows = zip(compared, request_ids, sequences, strict=True)
    return [_computed(each, request_id, 1, len(sequence)) for each, request_id, sequence in rows]


def joins(payload: CompareRequest) -> Hashable | None:
    """What payloads must have in common: all but a short ``sequence``, of one kind, and its ``target``."""
    if payload.sequence is None or payload.targets is not None or (kind := kind_of_short(payload.sequence)) is None:
        return None
    models = None if payload.models is None else tuple(payload.models)
    return payload.task, models, payload.target is None, kind


def _computed(compared: Comparison, request_id: str, sequences: int, values: int) -> Computed:
    return Computed(
        CompareResponse(request_id, compared.task, compared.results, compared.rules, compared.best),
        task=compared.task,
        models=tuple(f"{result.model}/{result.version}" for result in compared.results),
        sequences=sequences,
        values=values,
    )


compare = NativeEndpoint(
    "/compare",
    CompareRequest,
    CompareResponse,
    answer,
    cost,
    {"task": "sine", "sequence": [0.0, 0.5, 0.84, 0.99, 0.91, 0.6, 0.14, -0.35], "target": -0.76},
    joint=Joint(joins, answers),
)
