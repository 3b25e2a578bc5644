"""POST /v2/repository/...: the index of models, and loading and unloading one, by the Open Inference Protocol."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from service.http.auth import needs
from service.http.deps import RepositoryDep, ServicesDep, posted
from service.http.openapi import request_body
from service.keys import Scope
from service.protocols.kserve_errors import ERROR_STRING
from service.protocols.v2.schemas import IndexEntry

router = APIRouter(prefix="/v2/repository", tags=["v2"])


class IndexRequest(BaseModel):
    """With `ready`, only what is served."""

    model_config = ConfigDict(extra="ignore", strict=True)

    ready: bool = False


class ChangeRequest(BaseModel):
    """What clients send along; none of their parameters is known here."""

    model_config = ConfigDict(extra="ignore", strict=True)

    parameters: dict[str, Any] = {}


# NVIDIA's clients leave out the body, or send it without a Content-Type.
IndexDep = Annotated[IndexRequest, posted(IndexRequest, absent=b"{}")]
ChangeDep = Annotated[ChangeRequest, posted(ChangeRequest, absent=b"{}")]

_BAD = ERROR_STRING.entries(413, 415, 422, 503)
_CHANGED = {
    **_BAD,
    404: ERROR_STRING.entry("No such model"),
    409: ERROR_STRING.entry("The folder is bad; what was served before goes on"),
}


@router.post(
    "/index",
    summary="Every version in the repository, served or not",
    responses=_BAD,
    openapi_extra=request_body(IndexRequest),
)
@needs(Scope.predict)
async def index(repository: RepositoryDep, asked: IndexDep) -> list[IndexEntry]:
    return [
        IndexEntry(
            name=entry.name,
            version=entry.version,
            state="READY" if entry.served else "UNAVAILABLE",
            reason=entry.reason,
        )
        for entry in repository.index()
        if entry.served or not asked.ready
    ]


@router.post(
    "/models/{model}/load",
    summary="Read a model's folder afresh and serve it in place of the old one",
    responses=_CHANGED,
    openapi_extra=request_body(ChangeRequest),
)
async def load(services: ServicesDep, repository: RepositoryDep, _: ChangeDep, model: str) -> dict[str, str]:
    await anyio.to_thread.run_sync(repository.load, model, limiter=services.threads)
    return {}


@router.post(
    "/models/{model}/unload",
    summary="Serve a model no longer, until it is loaded again",
    responses=_CHANGED,
    openapi_extra=request_body(ChangeRequest),
)
async def unload(services: ServicesDep, repository: RepositoryDep, _: ChangeDep, model: str) -> dict[str, str]:
    await anyio.to_thread.run_sync(repository.unload, model, limiter=services.threads)
    return {}
