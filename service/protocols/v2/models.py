"""GET /v2/...: what the server and its models are, and whether they are ready, by the Open Inference Protocol."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

from fastapi import APIRouter, Response, status

from service import DISTRIBUTION
from service.errors import InvalidInput, ModelUnavailable, Problem
from service.http.auth import needs
from service.http.deps import CatalogDep, ServicesDep
from service.inference.catalog import Catalog
from service.keys import Scope
from service.protocols.kserve_errors import ERROR_STRING, NO_MODEL
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

_DESCRIBED: dict[int | str, dict[str, Any]] = {400: ERROR_STRING.entry("A model that reads no tensors"), **NO_MODEL}

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


@router.get("/models/{model}", summary="Versions, inputs and outputs of a model", responses=_DESCRIBED)
@router.get("/models/{model}/versions/{version}", summary="Inputs and outputs of one version", responses=_DESCRIBED)
@needs(Scope.predict)
async def metadata(catalog: CatalogDep, model: str, version: str | None = None) -> ModelMetadata:
    columns = _columns(catalog, model, version)
    return ModelMetadata(
        name=model,
        versions=catalog.versions(model),
        platform=PLATFORM,
        # Not `length`, which may be left out: who makes up its input, as perf_analyzer does, would send nonsense in it.
        inputs=[_tensor("sequence", [-1, -1, columns])],
        outputs=[_tensor("prediction", [-1, 1])],
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


@router.get("/models/{model}/config", summary="Configuration of a model, as Triton words it", responses=_DESCRIBED)
@router.get("/models/{model}/versions/{version}/config", summary="Configuration of one version", responses=_DESCRIBED)
@needs(Scope.predict)
async def config(catalog: CatalogDep, model: str, version: str | None = None) -> ModelConfig:
    columns = _columns(catalog, model, version)
    return ModelConfig(
        name=model,
        platform=PLATFORM,
        backend="onnxruntime",
        max_batch_size=0,  # the batch is a dimension of the tensors
        version_policy={"specific": {"versions": [int(each) for each in catalog.versions(model)]}},
        input=[TensorConfig(name="sequence", data_type="TYPE_FP64", dims=[-1, -1, columns])],
        output=[TensorConfig(name="prediction", data_type="TYPE_FP64", dims=[-1, 1])],
    )


def _columns(catalog: Catalog, model: str, version: str | None) -> int:
    """The numbers in each step of what that model reads; raises InvalidInput for one that reads none."""
    reading = catalog.get(model, version).reading
    if reading.writes:
        expected = "a model that reads numbers: what others read and write is no tensor here, POST /generate asks them"
        raise InvalidInput(f"expected {expected}", code="wrong_input", problems=(Problem("model", expected),))
    return reading.columns


def _tensor(name: str, shape: list[int]) -> TensorMetadata:
    return TensorMetadata(name=name, datatype="FP64", shape=shape)
