"""GET /ping and /execution-parameters: what SageMaker asks of a container that serves a model."""

from __future__ import annotations

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from service.http.auth import needs
from service.http.deps import ServicesDep
from service.keys import Scope
from service.protocols.sagemaker.errors import MESSAGE

_MEBIBYTE = 2**20

router = APIRouter(tags=["sagemaker"])


class Ping(BaseModel):
    ready: bool


class ExecutionParameters(BaseModel):
    """How a batch transform should ask; the names are SageMaker's."""

    MaxConcurrentTransforms: int
    BatchStrategy: str
    MaxPayloadInMB: int


@router.get("/ping", summary="Is the service ready?", responses={503: MESSAGE.entry("Not now")})
@needs(None)
async def ping(services: ServicesDep, response: Response) -> Ping:
    if not services.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ping(ready=services.ready)


@router.get("/execution-parameters", summary="How a batch transform should ask")
@needs(Scope.predict)
async def execution_parameters(services: ServicesDep) -> ExecutionParameters:
    settings = services.settings
    return ExecutionParameters(
        MaxConcurrentTransforms=min(settings.concurrency, 8),
        BatchStrategy="MULTI_RECORD",
        MaxPayloadInMB=max(1, settings.body_limit // _MEBIBYTE),
    )
