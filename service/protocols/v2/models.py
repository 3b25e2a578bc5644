"""GET /v2/...: what the server and its models are, and whether they are ready, by the Open Inference Protocol."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

from fastapi import APIRouter, Response, status

from service import DISTRIBUTION
from service.errors import ModelUnavailable
from service.http.auth import needs
from service.http.deps import CatalogDep, ServicesDep
from service.inference.readings.reading import Reading
from service.keys import Scope
from service.protocols.kserve_errors import NO_MODEL
from service.protocols.v2 import written
from service.protocols.v2.schemas import (
    ModelConfig,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
    TensorConfig,
    TensorMetadata,
)

EXTENSIONS = [
    *("binary_tensor_data", "model_configuration", "model_repository", "sequence", "sequence(string_id)", "statistics"),
]
PLATFORM = "onnxruntime_onnx"


router = APIRouter(prefix="/v2", tags=["v2"])


@router.get("/", include_in_schema=False)
@router.get("", summary="Name, version and extensions of the server")
@needs(Scope.predict)
async def server() -> ServerMetadata:
    return ServerMetadata(name="unroll", version=installed(DISTRIBUTION), extensions=EXTENSIONS)


@router.get("/health/live", summary="Is the server alive?")
@needs(None)
async def live() -> ServerLive:
    return ServerLive(live=True)


@router.get(
    "/health/ready",
    summary="Is the server ready for inference?",
    responses={503: {"model": ServerReady, "description": "Not now"}},
)
@needs(None)
async def ready(services: ServicesDep, response: Response) -> ServerReady:
    if not services.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return ServerReady(live=True, ready=services.ready)


@router.get("/models/{model}", summary="Versions, inputs and outputs of a model", responses=NO_MODEL)
@router.get("/models/{model}/versions/{version}", summary="Inputs and outputs of one version", responses=NO_MODEL)
@needs(Scope.predict)
async def metadata(catalog: CatalogDep, model: str, version: str | None = None) -> ModelMetadata:
    inputs, outputs = _tensors(catalog.get(model, version).reading)
    return ModelMetadata(
        name=model, versions=catalog.versions(model), platform=PLATFORM, inputs=inputs, outputs=outputs
    )


_NOT_READY: dict[int | str, dict[str, Any]] = {
    404: NO_MODEL[404],
    503: {"model": ModelReady, "description": "Not now"},
}


@router.get("/models/{model}/ready", summary="Is a model ready for inference?", responses=_NOT_READY)
@router.get("/models/{model}/versions/{version}/ready", summary="Is one version ready?", responses=_NOT_READY)
@needs(Scope.predict)
async def model_ready(services: ServicesDep, response: Response, model: str, version: str | None = None) -> ModelReady:
    try:
        services.catalog.get(model, version)
        able = services.ready
    except ModelUnavailable:
        able = False
    if not able:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return ModelReady(name=model, ready=able)


@router.get("/models/{model}/config", summary="Configuration of a model, as Triton words it", responses=NO_MODEL)
@router.get("/models/{model}/versions/{version}/config", summary="Configuration of one version", responses=NO_MODEL)
@needs(Scope.predict)
async def config(catalog: CatalogDep, model: str, version: str | None = None) -> ModelConfig:
    inputs, outputs = _tensors(catalog.get(model, version).reading)
    return ModelConfig(
        name=model,
        platform=PLATFORM,
        backend="onnxruntime",
        max_batch_size=0,  # the batch is a dimension of the tensors
        version_policy={"specific": {"versions": [int(each) for each in catalog.versions(model)]}},
        input=list(map(_configured, inputs)),
        output=list(map(_configured, outputs)),
    )


def _tensors(reading: Reading) -> tuple[list[TensorMetadata], list[TensorMetadata]]:
    """What is asked with, and answered with."""
    if reading.writes:
        return written.metadata(reading)
    # Not `length`, which may be left out: who makes up its input, as perf_analyzer does, would send nonsense in it.
    sequence = TensorMetadata(name="sequence", datatype="FP64", shape=[-1, -1, reading.columns])
    return [sequence], [TensorMetadata(name="prediction", datatype="FP64", shape=[-1, 1])]


def _configured(tensor: TensorMetadata) -> TensorConfig:
    kind = "STRING" if tensor.datatype == "BYTES" else tensor.datatype
    return TensorConfig(name=tensor.name, data_type=f"TYPE_{kind}", dims=tensor.shape)
