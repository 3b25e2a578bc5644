"""POST /v2/repository/...: the index of models, and loading and unloading one, by the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from service.api.body import JSON_ONLY, Payload, parse, read_body
from service.api.deps import RepositoryDep, ServicesDep, services_of
from service.api.openapi import error_responses, foreign_response
from service.api.v2.schemas import IndexEntry

router = APIRouter(prefix="/v2/repository", tags=["v2"])


class IndexRequest(BaseModel):
    """With `ready`, only what is served."""

    model_config = ConfigDict(extra="ignore", strict=True)

    ready: bool = False


class ChangeRequest(BaseModel):
    """What clients send along; none of their parameters is known here."""

    model_config = ConfigDict(extra="ignore", strict=True)

    parameters: dict[str, Any] = {}


def _body(payload: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI entry of a body that may be left out, and that NVIDIA's clients send without a Content-Type."""
    return {"requestBody": {"content": {"application/json": {"schema": payload.model_json_schema()}}}}


async def _read(request: Request, payload: type[Payload]) -> Payload:
    limit = services_of(request.scope).settings.body_limit
    body = await read_body(request.scope, request.receive, limit, JSON_ONLY)
    return parse(payload, body or b"{}")


_BAD = error_responses("/v2", 413, 415, 422)
_CHANGED = {
    **_BAD,
    404: foreign_response("No such model"),
    409: foreign_response("The folder is bad; what was served before goes on"),
}


@router.post(
    "/index",
    summary="Every version in the repository, served or not",
    responses=_BAD,
    openapi_extra=_body(IndexRequest),
)
async def index(repository: RepositoryDep, request: Request) -> list[IndexEntry]:
    asked = await _read(request, IndexRequest)
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
    openapi_extra=_body(ChangeRequest),
)
async def load(services: ServicesDep, repository: RepositoryDep, request: Request, model: str) -> dict[str, str]:
    await _read(request, ChangeRequest)
    await anyio.to_thread.run_sync(repository.load, model, limiter=services.threads)
    return {}


@router.post(
    "/models/{model}/unload",
    summary="Serve a model no longer, until it is loaded again",
    responses=_CHANGED,
    openapi_extra=_body(ChangeRequest),
)
async def unload(services: ServicesDep, repository: RepositoryDep, request: Request, model: str) -> dict[str, str]:
    await _read(request, ChangeRequest)
    await anyio.to_thread.run_sync(repository.unload, model, limiter=services.threads)
    return {}
