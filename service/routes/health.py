"""GET /health/live and /health/ready: whether the process runs, and whether it can answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from service.http.auth import needs
from service.http.deps import KnownDep, ServicesDep

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process runs."""

    status: Literal["live"]


class Ready(BaseModel):
    """Whether requests are answered now; `refused` says why a model folder is not served, null without a key."""

    status: Literal["ready", "not ready"]
    models: int
    log: Literal["ready", "unavailable"]
    refused: dict[str, str] | None


@router.get("/live", summary="Is the process alive?")
@needs(None)
async def live() -> Live:
    return Live(status="live")


@router.get(
    "/ready",
    summary="Can requests be answered?",
    responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Ready, "description": "Not now"}},
)
@needs(None)
async def ready(services: ServicesDep, known: KnownDep, response: Response) -> Ready:
    able = services.ready
    if not able:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ready(
        status="ready" if able else "not ready",
        models=len(services.catalog),
        log="ready" if services.log.ready else "unavailable",
        refused=services.catalog.refused if known else None,
    )
