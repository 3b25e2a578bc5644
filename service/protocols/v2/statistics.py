"""GET /v2/models[/{model}]/stats: how often and how long each model was at work for clients of this protocol."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter

from service.http.deps import ServicesDep
from service.protocols.kserve_errors import NO_MODEL
from service.protocols.v2.schemas import Duration, InferStatistics, ModelStatistics, Statistics

Numbers = Mapping[tuple[str, str], float]

router = APIRouter(prefix="/v2/models", tags=["v2"])


@router.get("/stats", summary="Statistics of every model")
def every_model(services: ServicesDep) -> Statistics:
    return _statistics(services, [model.reference for model in services.catalog.everyone()])


@router.get("/{model}/stats", summary="Statistics of every version of a model", responses=NO_MODEL)
@router.get("/{model}/versions/{version}/stats", summary="Statistics of one version", responses=NO_MODEL)
def one_model(services: ServicesDep, model: str, version: str | None = None) -> Statistics:
    services.catalog.get(model, version)
    versions = services.catalog.versions(model) if version is None else [version]
    return _statistics(services, [f"{model}/{each}" for each in versions])


def _statistics(services: ServicesDep, references: list[str]) -> Statistics:
    numbers = services.metrics.values()
    return Statistics(model_stats=[_of_model(reference, numbers) for reference in references])


def _of_model(reference: str, numbers: Numbers) -> ModelStatistics:
    name, _, version = reference.partition("/")

    def duration(stage: str) -> Duration:
        count = numbers.get((f"stage_seconds_count {stage}", reference), 0.0)
        seconds = numbers.get((f"stage_seconds_sum {stage}", reference), 0.0)
        return Duration(count=int(count), ns=round(seconds * 1e9))

    nothing = Duration(count=0, ns=0)
    stages = {stage: duration(stage) for stage in InferStatistics.model_fields if not stage.startswith("cache")}
    return ModelStatistics(
        name=name,
        version=version,
        last_inference=round(numbers.get(("last_inference_timestamp_seconds", reference), 0.0) * 1000),
        inference_count=int(numbers.get(("sequences_total", reference), 0.0)),
        execution_count=stages["success"].count,
        inference_stats=InferStatistics(**stages, cache_hit=nothing, cache_miss=nothing),
    )
